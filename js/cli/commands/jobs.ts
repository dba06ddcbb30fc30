/** `unexhausted jobs`: the Batch API by hand. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { BatchRequest, Client, Job, Jobs } from '../../index.js';
import { openCheck } from '../check.js';
import { define, runs } from '../command.js';
import { makeFolderOf } from '../disk.js';
import { EXIT, type ExitCode } from '../exit.js';
import { tellStdin } from '../input.js';
import { onInterrupt } from '../interrupt.js';
import { nameFrom } from '../names.js';
import { savePictures } from '../pictures.js';
import { Problem } from '../problem.js';
import { FORMATS, type Format, readEntries, type Source } from '../prompts.js';
import { chain, type PictureOptions, takesPicture } from '../request.js';
import type { Screen } from '../screen.js';
import { openClient, type ServiceOptions, takesService } from '../service.js';
import { fittingTable } from '../table.js';
import { readDuration } from '../values.js';
import { count, moment, money, short } from '../words.js';

interface CreateOptions extends ServiceOptions, PictureOptions {
  format?: Format;
  name?: string;
}

interface WaitOptions extends ServiceOptions {
  deadline?: number;
}

interface ResultOptions extends ServiceOptions {
  out: string;
  force?: boolean;
}

/** Adds the command and those below it. */
export function addJobs(program: Command): void {
  const jobs = program
    .command('jobs')
    .summary('create and fetch jobs of the Batch API: half the price, within a day')
    .description(
      'Jobs of the Batch API: half the price, within a day. `batch --route batch` does all of this ' +
        'by itself; these are its steps.',
    );
  addCreate(jobs);
  addList(jobs);
  addGet(jobs);
  addWait(jobs);
  addResults(jobs);
  addOne(jobs, 'cancel', 'cancel a job; what is made already is charged', (all, name) =>
    all.cancel(name),
  );
  addOne(jobs, 'delete', 'delete a job and its results', (all, name) => all.delete(name));
}

function addCreate(jobs: Command): void {
  const command = define(jobs, {
    usage: 'create <file>',
    summary: 'create jobs from a file of prompts',
    details: 'The file is as for `batch`. The names of the jobs are printed on stdout.',
    examples: ['create prompts.txt', 'create prompts.jsonl --model gemini-3-pro-image --size 2K'],
  });
  takesPicture(command)
    .addOption(new Option('--format <format>', 'what the file is').choices(FORMATS))
    .option('--name <name>', 'the display name (default: a random one)');
  takesService(command);
  runs<CreateOptions>(command, async (screen, options, file = '') => {
    if (file === '-') tellStdin(screen);
    const { model, size, aspect, format, name } = options;
    const source: Source = { file, format, defaults: { size, aspect } };
    // Nothing is created of a file that cannot be read to its end.
    if (file !== '-') await checkAll(source, chain(options));
    return await withJobs(screen, options, async (all, signal) => {
      const created = await all.create(requests(source), {
        signal,
        model,
        displayName: name,
        onCreated: (job) => {
          screen.data(job);
          screen.result(job.name);
        },
        onWaiting: ({ reason, retryAt }) =>
          screen.note(`waiting until ${moment(retryAt)}: ${reason}`),
      });
      screen.note(`${count(created.length, 'job')} created; see: unexhausted jobs wait <name>`);
      return undefined;
    });
  });
}

async function checkAll(source: Source, models: ReturnType<typeof chain>): Promise<void> {
  const check = await openCheck(models);
  try {
    for await (const entry of readEntries(source)) await check.see(entry);
  } finally {
    check.close();
  }
}

function addList(jobs: Command): void {
  const command = takesService(
    define(jobs, { usage: 'list', summary: 'list the jobs, the newest first', examples: ['list'] }),
  );
  runs<ServiceOptions>(command, (screen, options) =>
    withJobs(screen, options, async (all) => {
      const rows: string[][] = [];
      for await (const job of all.list()) {
        screen.data(job);
        if (!screen.json) rows.push(rowOf(job));
      }
      const head = ['job', 'state', 'created', 'requests', 'failed', 'model', 'display name'];
      screen.result(
        rows.length === 0
          ? 'there are no jobs'
          : fittingTable(screen.room, head, rows, ['model', 'failed', 'display name']),
      );
      return undefined;
    }),
  );
}

function rowOf(job: Job): string[] {
  const { name, displayName, model, state, createdAt, requests: all, failed } = job;
  const created = createdAt === undefined ? '' : moment(createdAt);
  const number = (value: number | undefined) => (value === undefined ? '–' : String(value));
  return [name, state, created, number(all), number(failed), model, displayName];
}

function addGet(jobs: Command): void {
  const command = takesService(
    define(jobs, {
      usage: 'get <name>',
      summary: 'show a job',
      examples: ['get batches/abc'],
    }),
  );
  runs<ServiceOptions>(command, (screen, options, name = '') =>
    withJobs(screen, options, async (all) => {
      const job = await all.get(fullName(name));
      screen.data(job);
      screen.result(words(job));
      return undefined;
    }),
  );
}

function addWait(jobs: Command): void {
  const command = define(jobs, {
    usage: 'wait <name>',
    summary: 'wait until a job has ended',
    details:
      'The job goes on where the waiting is stopped. A job that did not succeed is exit code 1.',
    examples: ['wait batches/abc', 'wait batches/abc --deadline 8h'],
  }).option('--deadline <time>', 'how long to wait at most, as 90m or 8h', readDuration);
  takesService(command);
  runs<WaitOptions>(command, (screen, options, name = '') =>
    withJobs(screen, options, async (all, signal) => {
      const started = Date.now();
      const onProgress = (job: Job) => {
        if (job.ended) return;
        const ended = (job.succeeded ?? 0) + (job.failed ?? 0);
        const done = job.requests === undefined ? '' : `, ${ended}/${job.requests} requests`;
        const since = moment(new Date(started));
        screen.watch(() => `${job.name}: ${job.state}${done}; waiting since ${since}`);
      };
      const job = await all.wait(fullName(name), {
        signal,
        deadline: options.deadline,
        onProgress,
      });
      screen.settle();
      screen.data(job);
      screen.result(words(job));
      return job.state === 'succeeded' ? undefined : EXIT.failed;
    }),
  );
}

function addResults(jobs: Command): void {
  const command = define(jobs, {
    usage: 'results <name>',
    summary: 'save the pictures of a job',
    details: 'A picture that is there already is kept as it is.',
    examples: ['results batches/abc -o pictures'],
  })
    .requiredOption('-o, --out <dir>', 'the folder for the pictures')
    .option('--force', 'overwrite files that are there');
  takesService(command);
  runs<ResultOptions>(command, (screen, options, name = '') =>
    withJobs(screen, options, (all, signal) =>
      saveResults(all, fullName(name), signal, screen, options),
    ),
  );
}

async function saveResults(
  all: Jobs,
  name: string,
  signal: AbortSignal,
  screen: Screen,
  { out, force = false }: ResultOptions,
): Promise<ExitCode | undefined> {
  const job = await all.get(name);
  if (!job.ended) {
    const wait = `unexhausted jobs wait ${name}`;
    throw new Problem(`${name} has not ended (${job.state}); see: ${wait}`, EXIT.later);
  }
  makeFolderOf(out);
  const taken = new Map<string, number>();
  let done = 0;
  let failed = 0;
  let cost = 0;
  for await (const { key, images, error, cost: price } of all.results(job, { signal })) {
    const stem = nameFrom(key);
    // Keys that differ may be alike as file names.
    const times = (taken.get(stem) ?? 0) + 1;
    taken.set(stem, times);
    const path = join(out, times === 1 ? stem : `${stem}.${times}`);
    const files = savePictures(images, path, { force, keep: true, ending: 'add' });
    screen.data({ type: 'row', key, files, cost: price, error });
    cost += price ?? 0;
    if (error === undefined) done += 1;
    else failed += 1;
    if (error !== undefined) screen.note(`failed: ${short(key, 40)}: ${error.summary}`);
    else for (const file of files) screen.result(file);
  }
  screen.data({ type: 'summary', done, failed, cost });
  screen.note(`${done} done, ${failed} failed, ${money(cost)}`);
  return failed > 0 ? EXIT.failed : undefined;
}

function addOne(
  jobs: Command,
  verb: string,
  summary: string,
  run: (all: Jobs, name: string) => Promise<void>,
): void {
  const usage = `${verb} <name>`;
  const command = takesService(define(jobs, { usage, summary, examples: [`${verb} batches/abc`] }));
  runs<ServiceOptions>(command, (screen, options, given = '') =>
    withJobs(screen, options, async (all) => {
      const name = fullName(given);
      await run(all, name);
      const now = verb === 'cancel' ? 'cancelling' : 'deleted';
      screen.data({ name, state: now });
      screen.note(`${name}: ${now}`);
      return undefined;
    }),
  );
}

/** The name of a job, which may be given as its bare id. */
function fullName(given: string): string {
  return /^[\w-]+$/.test(given) ? `batches/${given}` : given;
}

/** Runs with a client's jobs; Ctrl-C ends what is waited for, and the jobs go on. */
async function withJobs(
  screen: Screen,
  options: ServiceOptions & PictureOptions,
  run: (all: Jobs, signal: AbortSignal) => Promise<ExitCode | undefined>,
): Promise<ExitCode | undefined> {
  const client: Client = await openClient(options, screen, chain(options));
  const abort = new AbortController();
  const off = onInterrupt({
    once: () => abort.abort(new Problem('stopped; jobs that were created go on', EXIT.later)),
  });
  try {
    const { signal } = abort;
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    return await Promise.race([run(client.jobs, signal), aborted]);
  } finally {
    off();
    client.close();
    // A user who stops it may still hold the other end of a pipe, which would keep this alive.
    process.stdin.destroy();
  }
}

/** The requests of a file; pictures are named for keys, so that one without gets its words. */
async function* requests(source: Source): AsyncGenerator<BatchRequest> {
  let number = 0;
  for await (const { request, prompt } of readEntries(source)) {
    number += 1;
    const keyed = typeof request === 'object' && 'key' in request;
    const key = `${String(number).padStart(4, '0')}-${nameFrom(prompt ?? '')}`;
    yield keyed ? request : { key, request };
  }
}

function words(job: Job): string {
  const { name, state, requests: all, succeeded = 0, failed = 0, endedAt, error, advice } = job;
  const numbers =
    all === undefined ? '' : `, ${all} requests: ${succeeded} succeeded, ${failed} failed`;
  const ended = endedAt === undefined ? '' : `, ended ${moment(endedAt)}`;
  const lines = [`${name}: ${state}${numbers}${ended}`, error?.summary, advice];
  return lines.filter((line) => line !== undefined).join('\n');
}
