/** How long pictures take by the limits that are known, and what is used of them. */
import type { QuotaReport, QuotaUsage } from '../index.js';

const MINUTE = 60_000;

/** The stretch that each limit is of, in ms; those by tokens bind no picture. */
const STRETCHES: Readonly<Record<string, number>> = {
  requests_per_minute: MINUTE,
  images_per_minute: MINUTE,
  requests_per_day: 24 * 60 * MINUTE,
  spend: 10 * MINUTE,
};

/** The time of a number of pictures. */
export interface Pace {
  /** Ms until the last one can be asked for; absent where that is never. */
  time?: number;
  /** The limit that takes the time. */
  binds?: QuotaUsage['dimension'];
  /** Whether there is a limit of requests or pictures to count with. */
  isKnown: boolean;
}

/**
 * The time until the last of so many pictures can be asked for.
 *
 * @param usd - What they cost in all.
 */
export function paceOf(report: QuotaReport | undefined, pictures: number, usd: number): Pace {
  let pace: Pace = { time: 0, isKnown: false };
  for (const usage of report?.limits ?? []) {
    const stretch = STRETCHES[usage.dimension];
    if (stretch === undefined || usage.limit === undefined) continue;
    const isKnown = pace.isKnown || usage.dimension !== 'spend';
    const time = waitOf(usage, usage.dimension === 'spend' ? usd : pictures, stretch);
    if (time === undefined) return { binds: usage.dimension, isKnown: true };
    const longer = time > (pace.time ?? 0);
    pace = longer ? { time, binds: usage.dimension, isKnown } : { ...pace, isKnown };
  }
  const rest = (report?.restsUntil?.getTime() ?? 0) - Date.now();
  return rest > (pace.time ?? 0) ? { time: rest, isKnown: true } : pace;
}

/** The wait in ms until so much fits; `undefined` where it never does. */
function waitOf({ limit = 0, used, freesAt }: QuotaUsage, needed: number, stretch: number) {
  const left = needed - Math.max(0, limit - used);
  if (left <= 0) return 0;
  if (limit <= 0) return undefined;
  const first = used > 0 && freesAt !== undefined ? freesAt.getTime() - Date.now() : stretch;
  return Math.max(0, first) + (Math.ceil(left / limit) - 1) * stretch;
}
