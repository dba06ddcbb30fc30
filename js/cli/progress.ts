/** How far a batch is, as lines for a terminal of any width. */
import type { BatchProgress } from '../index.js';
import { count, duration, moment, money, short } from './words.js';

/** The widest bar, and the narrowest that says something, in columns. */
const WIDEST = 30;
const NARROWEST = 8;

/** Facts of the command line that a batch does not know. */
export interface Outlook {
  /** How many there will be, where somebody has counted. */
  total?: number | undefined;
  columns: number;
  now: number;
}

/** The figures of a batch, the most important first. */
export function figures(progress: BatchProgress, { total: counted, now }: Outlook): string[] {
  const { done, failed, restored, perMinute, cost, taken, complete, inFlight, jobs } = progress;
  const total = complete ? taken : counted;
  const ended = done + failed;
  const made = done - restored;
  const parts = [`${done}${total === undefined ? '' : `/${total}`} done`];
  if (failed > 0) parts.push(`${failed} failed`);
  // Restored items were paid for too, so the mean is over all that is done.
  const end =
    total !== undefined && done > 0 && cost > 0 ? (cost / done) * (total - failed) : undefined;
  const atEnd = end === undefined || ended >= (total ?? 0) ? '' : ` of about ${money(end)}`;
  parts.push(`${money(cost)}${atEnd}`);
  const pace = rounded(perMinute);
  // Nothing ends before what is waited for has come; the pace until then says nothing of it.
  const wait = (progress.waiting?.until?.getTime() ?? now) - now;
  let isPaced = pace > 0;
  if (total !== undefined && isPaced && made > 0 && ended < total) {
    // By the pace as it is shown, so that who multiplies gets the same.
    const left = ((total - ended) / pace) * 60_000;
    isPaced = left >= wait;
    parts.push(isPaced ? `${duration(left)} left` : `at least ${duration(wait)} left`);
  }
  if (isPaced) parts.push(`${pace < 10 ? pace.toFixed(1) : pace}/min`);
  if (inFlight > 0) parts.push(`${inFlight} in flight`);
  if (jobs > 0) parts.push(count(jobs, 'open job'));
  return parts;
}

/** The lines on a terminal: a bar with figures, and what is waited for. */
export function progressLines(progress: BatchProgress, outlook: Outlook): string {
  const { columns, now, total: counted } = outlook;
  const total = progress.complete ? progress.taken : counted;
  // The last column is left free: some terminals wrap a line that fills it.
  const room = Math.max(columns - 1, NARROWEST);
  let text = '';
  for (const figure of figures(progress, outlook)) {
    const longer = text === '' ? figure : `${text}, ${figure}`;
    if (longer.length > room) break;
    text = longer;
  }
  const width = Math.min(WIDEST, room - text.length - 1);
  const share = total ? (progress.done + progress.failed) / total : 0;
  const head = total !== undefined && width >= NARROWEST ? `${bar(share, width)} ${text}` : text;
  const waiting = waitingWords(progress, now);
  return waiting === undefined ? head : `${head}\n${short(waiting, room)}`;
}

/** One plain line, for a log. */
export function progressLine(progress: BatchProgress, outlook: Outlook): string {
  const waiting = waitingWords(progress, outlook.now);
  const text = figures(progress, outlook).join(', ');
  return waiting === undefined ? text : `${text}; ${waiting}`;
}

function waitingWords(
  { waiting, state, inFlight }: BatchProgress,
  now: number,
): string | undefined {
  if (state === 'stopping') return `stopping: ${inFlight} in flight`;
  if (waiting === undefined) return undefined;
  const { reason, until } = waiting;
  if (until === undefined) return `waiting: ${reason}`;
  const left = duration(until.getTime() - now);
  return `waiting until ${moment(until, new Date(now))} (${left}): ${reason}`;
}

function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, share) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

/** A pace with as many digits as are shown. */
function rounded(perMinute: number): number {
  return perMinute < 10 ? Math.round(perMinute * 10) / 10 : Math.round(perMinute);
}
