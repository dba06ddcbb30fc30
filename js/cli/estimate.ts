/** Estimates of the cost and the time of a batch, before anything is sent. */
import { type ImageSize, models, plan, type QuotaReport, type TierName } from '../index.js';
import type { Standing } from './journal.js';
import { paceOf } from './pace.js';
import type { Entry } from './prompts.js';
import { table } from './table.js';
import { count, duration, money, plain } from './words.js';

/** Pictures of one model and size that are to be made. */
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
  /** Pictures that an earlier run made: they cost nothing more. */
  done: number;
  /** Those that failed for good, and are left. */
  failed: number;
  /** Those that jobs are at, which are under way already. */
  inJobs: number;
  toMake: number;
  /** The tier whose limits count; absent where others are known. */
  tier?: TierName;
  route: Route;
  /** USD, without what is done and the models whose price is not known. */
  cost: number;
  rows: Row[];
}

/** The limits that a batch meets. */
export interface Limits {
  /** The tier that they are of, where nothing else is known of them. */
  tier?: TierName;
  reports: readonly QuotaReport[];
}

/** How the pictures are made. */
export type Route = 'realtime' | 'batch' | 'cheapest';

/** Counts what a batch asks for: grows with the models, not with the requests. */
export class Tally {
  pictures = 0;
  readonly standings: Record<Standing, number> = { done: 0, failed: 0, inJob: 0, toMake: 0 };
  readonly #counts = new Map<
    string,
    { model: string; size: string | undefined; pictures: number }
  >();
  readonly #models = new Set<string>();
  readonly #firstModel: string;

  /** @param firstModel the one that requests go to which name none. */
  constructor(firstModel: string) {
    this.#firstModel = firstModel;
  }

  add({ model = this.#firstModel, size }: Pick<Entry, 'model' | 'size'>, standing: Standing): void {
    this.pictures += 1;
    this.standings[standing] += 1;
    this.#models.add(model);
    if (standing !== 'toMake') return;
    const key = `${model} ${size}`;
    const row = this.#counts.get(key) ?? { model, size, pictures: 0 };
    row.pictures += 1;
    this.#counts.set(key, row);
  }

  /** The models that are asked for. */
  get models(): string[] {
    return [...this.#models];
  }

  /** The cost of what is to be made, and the time that the limits take. */
  async estimate(route: Route, { tier, reports }: Limits): Promise<Estimate> {
    const known = await models();
    const rows: Row[] = [];
    for (const { model, size: asked, pictures } of this.#counts.values()) {
      const info = known.find(({ id, olderNames }) => id === model || olderNames?.includes(model));
      const size = (asked ?? info?.sizes[0]?.size ?? '1K') as ImageSize;
      const { costs } = await plan({ images: pictures, per: 'day', size, quality: 'any' });
      const price = costs.find((row) => row.model === info?.id && row.lacks === undefined);
      const each = route === 'realtime' ? price?.standard : (price?.batch ?? price?.standard);
      const row: Row = { model: info?.id ?? model, size, pictures };
      if (each !== undefined) row.cost = each.perImage * pictures;
      rows.push(row);
    }
    if (route === 'realtime') for (const row of rows) this.#time(row, rows, reports);
    const cost = rows.reduce((sum, row) => sum + (row.cost ?? 0), 0);
    const { done, failed, inJob, toMake } = this.standings;
    const counts = { pictures: this.pictures, done, failed, inJobs: inJob, toMake };
    return { ...counts, ...(tier === undefined ? {} : { tier }), route, cost, rows };
  }

  /** The sizes of one model share its limits. */
  #time(row: Row, rows: readonly Row[], reports: readonly QuotaReport[]): void {
    const alike = rows.filter(({ model }) => model === row.model);
    const pictures = alike.reduce((sum, each) => sum + each.pictures, 0);
    const usd = rows.reduce((sum, each) => sum + (each.cost ?? 0), 0);
    const report = reports.find(({ model }) => model === row.model);
    const { time, binds, isKnown } = paceOf(report, pictures, usd);
    if (time !== undefined && (isKnown || time > 0)) row.time = time;
    if (binds !== undefined) row.binds = binds;
  }
}

/** The estimate in words. */
export function estimateWords(estimate: Estimate): string {
  const { tier, route, rows } = estimate;
  const lines = rows.map((row) => [
    row.model,
    row.size,
    row.pictures.toLocaleString('en-US'),
    row.cost === undefined ? 'not known' : money(row.cost),
    timeWords(row, route),
  ]);
  const time = tier === undefined || route !== 'realtime' ? 'time' : `time at ${tier}`;
  const head = ['model', 'size', 'pictures', 'cost', time];
  const sum = `${sumWords(estimate)}; nothing was sent`;
  return rows.length === 0 ? sum : `${table(head, lines)}\n${sum}`;
}

/** The pictures and the cost in one line. */
export function sumWords(estimate: Estimate): string {
  const { pictures, done, failed, inJobs, toMake } = estimate;
  const price = priceWords(estimate);
  if (toMake === pictures) return `${count(pictures, 'picture')}, ${price}`;
  const parts = [
    [done, 'done'],
    [inJobs, 'in jobs'],
    [failed, 'failed for good'],
  ] as const;
  const seen = parts.filter(([number]) => number > 0);
  const before = seen.map(([number, what]) => `${number.toLocaleString('en-US')} ${what}`);
  const rest =
    toMake === 0 ? 'nothing to make' : `${toMake.toLocaleString('en-US')} to make, ${price}`;
  return `${count(pictures, 'picture')}: ${before.join(', ')}, ${rest}`;
}

function priceWords({ cost, rows, toMake }: Estimate): string {
  const unknown = rows.reduce((sum, row) => sum + (row.cost === undefined ? row.pictures : 0), 0);
  if (unknown === 0) return `about ${money(cost)}`;
  if (unknown === toMake) return 'at a price that is not known';
  return `about ${money(cost)} and ${count(unknown, 'picture')} at a price that is not known`;
}

function timeWords({ time, binds }: Row, route: Route): string {
  if (route !== 'realtime') return 'within a day';
  if (time === undefined) return binds === undefined ? 'not known' : 'not within these limits';
  if (time === 0) return 'at once';
  return `${duration(time)}${binds === undefined ? '' : `, by ${plain(binds)}`}`;
}
