/** `unexhausted batch`: many pictures, through everything that is in the way. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type {
  BatchItem,
  BatchItemFailed,
  BatchOptions,
  BatchRequest,
  BatchRun,
  BatchSummary,
} from '../../index.js';
import { openCheck } from '../check.js';
import { define, runs } from '../command.js';
import { makeFolderOf, type Rescued } from '../disk.js';
import { estimateWords, type Route, sumWords, Tally } from '../estimate.js';
import { EXIT, type ExitCode } from '../exit.js';
import { describe, inOptions, linesOf } from '../failure.js';
import { tellStdin } from '../input.js';
import { onInterrupt } from '../interrupt.js';
import { Journal } from '../journal.js';
import { rescuePictures } from '../pictures.js';
import { whenClosed } from '../pipe.js';
import { Problem } from '../problem.js';
import { type Outlook, progressLine, progressLines } from '../progress.js';
import { FORMATS, type Format, readEntries, type Source } from '../prompts.js';
import { chain, type PictureOptions, takesPicture } from '../request.js';
import type { Screen } from '../screen.js';
import {
  firstModel,
  type LimitOptions,
  limitsMet,
  openClient,
  type ServiceOptions,
  takesLimits,
  takesService,
} from '../service.js';
import { readCount, readDuration, readList, readMoney } from '../values.js';
import { count, moment, money, short } from '../words.js';

/** The failures that are listed one by one at the end. */
const MOST_FAILURES = 10;

/** Lines about how it goes are so far apart in a log, in ms. */
const LOG_PACE = 30_000;

interface Options extends ServiceOptions, PictureOptions, LimitOptions {
  out: string;
  format?: Format;
  budget?: number;
  maxCost?: number;
  journal?: string;
  route: Route;
  requeue?: BatchOptions['requeue'];
  concurrency?: number;
  deadline?: number;
  onDailyLimit?: 'fail' | 'fallback' | 'wait';
  avoidPeak?: boolean;
  retryFailed?: boolean;
  dryRun?: boolean;
  force?: boolean;
}

/** Adds the command. */
export function addBatch(program: Command): void {
  const command = define(program, {
    usage: 'batch <file>',
    summary: 'make a picture of each prompt of a file, and resume where it stopped',
    details:
      'The file is .txt (a prompt a line; empty lines are left out, and # is part of the prompt), ' +
      '.jsonl ({"prompt"}, {"request"} or {"contents", …}, with "key", "model", "size", "aspect" where ' +
      'you like) or .csv (a header: prompt, key, model, size, aspect). `-` is stdin. ' +
      'The model of a row is asked first, then those of --model and --fallback, or the default ones.\n\n' +
      'What was done is kept in a journal: the same command goes on where it stopped. Ctrl-C sends ' +
      'nothing new and finishes what is in flight; a second one stops at once. Both can be resumed.',
    examples: [
      'batch prompts.txt -o pictures --dry-run --tier tier1',
      'batch prompts.csv -o pictures --tier tier1 --budget 20',
      'batch prompts.jsonl -o pictures --rpm 20 --route cheapest',
    ],
  });
  takesPicture(command)
    .requiredOption('-o, --out <dir>', 'the folder for the pictures')
    .addOption(new Option('--format <format>', 'what the file is').choices(FORMATS))
    .option('--fallback <ids>', 'models to go on to, with commas; may come again', readList)
    .option('--budget <usd>', 'what all may cost at most, over all runs', readMoney)
    .option('--max-cost <usd>', 'what one picture may cost at most', readMoney)
    .option('--journal <file>', 'the journal (default: journal.jsonl in the folder)')
    .addOption(
      new Option('--route <route>', 'at once, by the Batch API at half the price, or both')
        .choices(['realtime', 'batch', 'cheapest'])
        .default('realtime'),
    )
    .addOption(
      new Option('--requeue <route>', 'how to make what a job did not make').choices([
        'realtime',
        'batch',
      ]),
    )
    .option('--concurrency <n>', 'items asked for at once, at most (default: 64)', readCount)
    .option('--deadline <time>', 'how long it may take, as 90m or 8h', readDuration)
    .addOption(
      new Option('--on-daily-limit <what>', "when the day's quota is spent").choices([
        'fail',
        'fallback',
        'wait',
      ]),
    )
    .option('--avoid-peak', 'keep out of the hours in which the service is often overloaded')
    .option('--retry-failed', 'also try again what failed for good in an earlier run')
    .option('-n, --dry-run', 'say what it would cost and how long it would take, and send nothing')
    .option('--force', 'use a folder that is not empty and has no journal');
  takesLimits(command);
  takesService(command);
  runs(command, batch);
}

async function batch(screen: Screen, options: Options, file = ''): Promise<ExitCode | undefined> {
  const { model, size, aspect, format } = options;
  const source: Source = { file, format, defaults: { model, size, aspect } };
  const journal = resolve(options.journal ?? join(options.out, 'journal.jsonl'));
  if (file === '-') tellStdin(screen);
  // A batch of stdin is made as it comes.
  const isCounted = file !== '-' || options.dryRun;
  const tally = isCounted
    ? await counted(screen, options, source, journal)
    : new Tally(await firstModel(chain(options)));
  if (options.dryRun) {
    const limits = await limitsMet(options, screen, chain(options), tally.models);
    const estimate = await tally.estimate(options.route, limits);
    screen.data(estimate);
    screen.result(estimateWords(estimate));
    return undefined;
  }
  checkFolder(options, journal);
  const client = await openClient(options, screen, chain(options), tally.models);
  if (isCounted) screen.note(sumWords(await tally.estimate(options.route, { reports: [] })));
  try {
    makeFolderOf(options.out);
    const run = client.batch(requests(source), batchOptions(options, journal));
    return await follow(run, screen, tally.pictures || undefined, file === '-');
  } finally {
    client.close();
    // A user who stops a batch may still hold the other end of the pipe, which would keep this alive.
    if (file === '-') process.stdin.destroy();
  }
}

/**
 * Reads all before anything is paid for: what cannot be read, or asked for, is told now, and what is
 * done is known.
 */
async function counted(
  screen: Screen,
  options: Options,
  source: Source,
  journal: string,
): Promise<Tally> {
  const tally = new Tally(await firstModel(chain(options)));
  const { out, retryFailed } = options;
  const check = await openCheck(chain(options));
  const earlier = await Journal.read({ journal, out, retryFailed });
  try {
    const skipped = (lines: number) => screen.note(`${count(lines, 'empty line')} left out`);
    for await (const entry of readEntries(source, skipped)) {
      await check.see(entry);
      tally.add(entry, await earlier.take(entry));
    }
    if (tally.pictures === 0) throw new Problem(`${source.file} has no prompts`);
    tellAnew(screen, earlier, out);
    return tally;
  } finally {
    check.close();
    earlier.close();
  }
}

/** Says what is made anew though a picture was there: it is paid for again. */
function tellAnew(screen: Screen, { changed, missing }: Journal, out: string): void {
  if (missing > 0) {
    const what = `${count(missing, 'picture')} of the journal`;
    screen.note(`${what} ${missing === 1 ? 'is' : 'are'} not in ${out} any more: made anew`);
  }
  if (changed > 0) {
    const what = `${count(changed, 'picture')} ${changed === 1 ? 'is' : 'are'} done in ${out}`;
    screen.note(
      `${what} with another prompt, model, size or aspect: made anew, and paid for again`,
    );
  }
}

/** Options of the batch that are none of the client's. */
function batchOptions(options: Options, journal: string): BatchOptions {
  const { out, budget, maxCost, route, requeue, concurrency, deadline } = options;
  const { onDailyLimit, avoidPeak, retryFailed } = options;
  return {
    journal,
    out: resolve(out),
    route,
    requeue,
    budget,
    maxCost,
    concurrency,
    deadline,
    onDailyLimit,
    avoidPeak,
    retryFailed,
  };
}

async function* requests(source: Source): AsyncGenerator<BatchRequest> {
  for await (const { request } of readEntries(source)) yield request;
}

/** Refuses a folder with other pictures, lest they are mixed with those of the batch. */
function checkFolder({ out, force }: Options, journal: string): void {
  if (!force && !existsSync(journal) && existsSync(out) && readdirSync(out).length > 0) {
    throw new Problem(
      `${out} is not empty and has no journal: take another folder, or --force to use it`,
    );
  }
}

/** Tells how a batch goes, until it has ended. */
async function follow(
  run: BatchRun,
  screen: Screen,
  total: number | undefined,
  isStdin: boolean,
): Promise<ExitCode> {
  const failures: BatchItemFailed[] = [];
  // The same may be said of thousands of items.
  const notices = new Map<string, number>();
  let stoppedNow = false;
  let logged = Date.now();
  const outlook = (): Outlook => ({ total, columns: screen.columns, now: Date.now() });
  const stop = () => {
    const { jobs } = run.progress();
    const goOn = jobs > 0 ? `, ${count(jobs, 'job')} may go on` : '';
    screen.note(`stopping: what is in flight is finished${goOn}; Ctrl-C again stops at once`);
    run.stop().catch(() => {});
  };
  const off = [
    onInterrupt({
      once: stop,
      twice: () => {
        stoppedNow = true;
        screen.note('stopping at once');
        run.cancel().catch(() => {});
      },
    }),
    run.on('notice', ({ message }) => {
      const times = (notices.get(message) ?? 0) + 1;
      notices.set(message, times);
      if (times === 1) screen.note(message);
    }),
    run.on('progress', (progress) => {
      if (screen.live || Date.now() - logged < LOG_PACE) return;
      logged = Date.now();
      screen.note(progressLine(progress, outlook()));
    }),
  ];
  whenClosed(stop);
  // Lines that change would mix with those that are typed.
  const isTyped = isStdin && process.stdin.isTTY;
  if (screen.live && !isTyped) screen.watch(() => progressLines(run.progress(), outlook()));
  try {
    for await (const item of run) {
      const kept = await rescued(item);
      if (kept !== undefined) screen.note(kept.message);
      screen.data(itemData(item, kept?.files));
      if (item.status === 'failed' && failures.length < MOST_FAILURES) failures.push(item);
    }
    const summary = await run.done;
    screen.settle();
    for (const [message, times] of notices) {
      if (times > 1) screen.note(`${message} (${count(times, 'item')})`);
    }
    tell(summary, failures, screen);
    return stoppedNow ? EXIT.interrupted : codeOf(summary);
  } finally {
    for (const end of off) end();
  }
}

/** Keeps pictures elsewhere that were paid for and could not be saved. */
async function rescued(item: BatchItem): Promise<Rescued | undefined> {
  if (item.status !== 'done' || item.files.length > 0) return undefined;
  return rescuePictures(
    await item.images(),
    `picture ${item.index + 1}`,
    'its folder does not take it',
  );
}

function itemData(item: BatchItem, kept?: readonly string[]): Record<string, unknown> {
  const { index, key, status, restored, files, model, cost, possibleCost, error } = item;
  return {
    type: 'item',
    index,
    key,
    status,
    restored,
    files: kept ?? files,
    model,
    cost,
    possibleCost,
    ...(error === undefined ? {} : { error: describe(error) }),
  };
}

function tell(summary: BatchSummary, failures: readonly BatchItemFailed[], screen: Screen): void {
  const { done, failed, cost, possibleCost, resumable, stopped } = summary;
  screen.data({ type: 'summary', ...summary });
  const { red } = screen.noteColors;
  for (const { index, key, error } of failures) {
    const why = error.info?.summary ?? linesOf(error)[0] ?? '';
    // A key that was not given is a hash, which tells nobody anything.
    const name = /^[0-9a-f]{32}/.test(key) ? '' : ` (${short(key, 40)})`;
    screen.note(`${red('failed:')} ${index + 1}${name}: ${short(why, 200)}`);
  }
  if (failed > failures.length)
    screen.note(`… and ${count(failed - failures.length, 'failure')} more`);
  const lost = possibleCost > 0 ? `, and lost answers may have cost ${money(possibleCost)}` : '';
  screen.result(`${done} done, ${failed} failed, ${money(cost)}${lost}`);
  // A user who has stopped it knows.
  if (stopped !== undefined && stopped.reason !== 'stopped') {
    const { message, advice, retryAt } = stopped;
    screen.note(`stopped: ${inOptions(message)}`);
    // The message may hold the advice already; how to go on is said below in the words of a command.
    const sentences = advice.split(/(?<=[.!?]) (?=[A-Z])/);
    const rest = sentences.filter((text) => !message.includes(text) && !/same journal/.test(text));
    if (rest.length > 0) screen.note(inOptions(rest.join(' ')));
    if (retryAt !== undefined) screen.note(`Try again at ${moment(retryAt)}.`);
  }
  if (resumable) screen.note('The same command goes on from here.');
}

function codeOf({ failed, stopped, resumable }: BatchSummary): ExitCode {
  if (stopped?.reason === 'unauthenticated') return EXIT.usage;
  if (resumable) return EXIT.later;
  return failed > 0 || stopped !== undefined ? EXIT.failed : EXIT.ok;
}
