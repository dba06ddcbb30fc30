/** Estimates of the cost and the time of a batch, before anything is sent. */
import { type ImageSize, models, plan, type TierName } from '../index.js';
import type { Entry } from './prompts.js';
import { table } from './table.js';
import { count, duration, money, plain } from './words.js';

/** Pictures of one model and size. */
interface Row {
  model: string;
  size: ImageSize;
  pictures: number;
  /** USD; absent where no price is known. */
  cost?: number;
  /** Ms until the last one can be asked for; absent where that is not known, or never. */
  time?: number;
  /** The limit that takes the time. */
  binds?: string;
}

/** The estimate of a batch. */
export interface Estimate {
  pictures: number;
  tier: TierName;
  route: Route;
  /** USD, without the models whose price is not known. */
  cost: number;
  rows: Row[];
}

/** How the pictures are made. */
export type Route = 'realtime' | 'batch' | 'cheapest';

/** Counts what a batch asks for: grows with the models, not with the requests. */
export class Tally {
  pictures = 0;
  readonly #counts = new Map<
    string,
    { model: string; size: string | undefined; pictures: number }
  >();
  readonly #firstModel: string;

  /** @param firstModel the one that requests go to which name none. */
  constructor(firstModel: string) {
    this.#firstModel = firstModel;
  }

  add({ model = this.#firstModel, size }: Entry): void {
    this.pictures += 1;
    const key = `${model} ${size}`;
    const row = this.#counts.get(key) ?? { model, size, pictures: 0 };
    row.pictures += 1;
    this.#counts.set(key, row);
  }

  /** The models that are asked for. */
  get models(): string[] {
    return [...new Set([...this.#counts.values()].map(({ model }) => model))];
  }

  /** The estimate of `plan` for each model and size. */
  async estimate(tier: TierName, route: Route): Promise<Estimate> {
    const known = await models();
    const rows: Row[] = [];
    for (const { model, size: asked, pictures } of this.#counts.values()) {
      const info = known.find(({ id, olderNames }) => id === model || olderNames?.includes(model));
      const size = (asked ?? info?.sizes[0]?.size ?? '1K') as ImageSize;
      const { costs, times } = await plan({
        images: pictures,
        per: 'day',
        tier,
        size,
        quality: 'any',
      });
      const price = costs.find((row) => row.model === info?.id && row.lacks === undefined);
      const each = route === 'realtime' ? price?.standard : (price?.batch ?? price?.standard);
      const time = times.find((row) => row.model === info?.id && row.own);
      const row: Row = { model: info?.id ?? model, size, pictures };
      if (each !== undefined) row.cost = each.perImage * pictures;
      if (route === 'realtime' && time?.time !== undefined) row.time = time.time;
      if (route === 'realtime' && time?.binds !== undefined) row.binds = time.binds;
      rows.push(row);
    }
    const cost = rows.reduce((sum, row) => sum + (row.cost ?? 0), 0);
    return { pictures: this.pictures, tier, route, cost, rows };
  }
}

/** The estimate in words. */
export function estimateWords({ pictures, tier, route, cost, rows }: Estimate): string {
  const lines = rows.map((row) => [
    row.model,
    row.size,
    row.pictures.toLocaleString('en-US'),
    row.cost === undefined ? 'not known' : money(row.cost),
    timeWords(row, route),
  ]);
  const head = ['model', 'size', 'pictures', 'cost', `time at ${tier}`];
  return `${table(head, lines)}\n${count(pictures, 'picture')}, about ${money(cost)}; nothing was sent`;
}

function timeWords({ time, binds }: Row, route: Route): string {
  if (route !== 'realtime') return 'within a day';
  if (time === undefined) return 'not within these limits';
  if (time === 0) return 'at once';
  return `${duration(time)}${binds === undefined ? '' : `, by ${plain(binds)}`}`;
}
