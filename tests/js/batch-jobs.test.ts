/** `client.batch` through jobs of the Batch API: what they make, what they cost, and what a crash leaves. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import type { EmulatorConfig } from '../../pkg/emulator/index.js';
import type {
  BatchItem,
  BatchOptions,
  BatchProgress,
  BatchRun,
  BatchSummary,
  GenerateRequest,
} from '../../pkg/index.js';
import { createClient } from '../../pkg/index.js';
import { filesIn, whole } from './support/batches.ts';
import { turns } from './support/clock.ts';
import { costOf, isAbout, type JobBench, openJobBench } from './support/job-batches.ts';
import { KEY, many, NEXT, PRO } from './support/scene.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A hang is a failure, and not the end of all tests. */
const timeout = 240_000;

interface Keyed {
  key: string;
  request: string | GenerateRequest;
}

const keyed = (count: number, from = 0): Keyed[] =>
  many(count, (index) => ({
    key: `row-${from + index}`,
    request: `a paper boat number ${from + index}`,
  }));
/** So large that a job takes 124 of them. */
const large = (count: number): Keyed[] =>
  keyed(count).map(({ key, request }) => ({
    key,
    request: { contents: request as string, config: { imageConfig: { imageSize: '4K' } } },
  }));
const outcomes = (items: readonly BatchItem[]): string[] =>
  items.map(({ status, error }) => error?.kind ?? status);

let bench: JobBench;
const open = async (config: EmulatorConfig = {}): Promise<JobBench> => {
  bench = await openJobBench(config);
  return bench;
};
afterEach(() => bench?.close());

/** Every item has one picture on disk, and nothing else is there. */
async function allOnDisk(items: readonly BatchItem[], journal = bench.journal): Promise<void> {
  const files = items.flatMap(({ files }) => files);
  assert.equal(new Set(files).size, items.length);
  for (const { status, error, files, images } of items) {
    assert.equal(status, 'done', error?.message);
    const [image] = await images();
    assert.deepEqual(Buffer.from(image?.bytes() ?? []), readFileSync(files[0] as string));
  }
  assert.equal(filesIn(`${journal}.pictures`).length, items.length);
}

const batch = (source: Keyed[], options: BatchOptions = {}): BatchRun =>
  bench.client().batch(source, { journal: bench.journal, route: 'batch', ...options });

/** Lets time pass until the run says so. */
async function until(run: BatchRun, isSo: (progress: BatchProgress) => boolean): Promise<void> {
  let off = (): void => {};
  run.done.catch(() => {});
  await bench.through(
    new Promise<void>((resolve) => {
      off = run.on('progress', (progress) => {
        if (isSo(progress)) resolve();
      });
    }),
  );
  off();
}

describe('a batch by job', { timeout }, () => {
  for (const count of [3, 40]) {
    it(`makes ${count} pictures by one job at half the price`, async () => {
      await open();
      const { items, summary } = await bench.byJob(keyed(count));
      await allOnDisk(items);
      assert.deepEqual([bench.books().length, bench.sent()], [1, 0]);
      assert.equal(items.length, count);
      assert.deepEqual([summary.done, summary.failed, summary.resumable], [count, 0, false]);
      assert.equal(summary.stopped, undefined);
      isAbout(summary.cost, bench.spent());
      isAbout(costOf(items), summary.cost);
      assert.ok((items[0]?.cost ?? 0) < 0.07, 'half of the price of a picture');
      assert.deepEqual([items[0]?.model, items[0]?.restored], [PRO, false]);
      assert.equal(bench.emulator.ledger().files?.count, 0, 'no file is left behind');
      assert.deepEqual(summary.notices, []);
    });
  }

  it('makes nothing anew', async () => {
    await open();
    await bench.byJob(keyed(12));
    const { items, summary } = await bench.byJob(keyed(12));
    assert.ok(items.every(({ restored }) => restored));
    await allOnDisk(items);
    assert.equal(bench.books().length, 1);
    isAbout(summary.cost, bench.spent());
  });

  it('gives items in the order of the input', async () => {
    await open({ batch: { keyFaults: { 'row-1': '500' } } });
    const seen: number[] = [];
    const run = batch(keyed(12), { order: 'input' });
    await bench.through(
      (async () => {
        for await (const { index } of run) seen.push(index);
      })(),
    );
    assert.deepEqual(
      seen,
      [...seen].sort((one, other) => one - other),
    );
    assert.equal(seen.length, 12);
  });

  it('goes without a reader', async () => {
    await open();
    const summary = await bench.through(batch(keyed(12)).done);
    assert.equal(summary.done, 12);
    assert.equal(filesIn(`${bench.journal}.pictures`).length, 12);
  });

  for (const route of ['batch', 'cheapest'] as const) {
    it(`is refused as \`${route}\` without a journal`, async () => {
      await open();
      const run = bench.client().batch(keyed(3), { route, out: `${bench.folder}/out` });
      await assert.rejects(bench.through(run.done), /`journal`/);
      assert.equal(bench.books().length, 0);
    });
  }

  it('refuses a route and a requeue that it does not know', async () => {
    await open();
    for (const options of [{ route: 'fast' }, { requeue: 'never' }]) {
      const run = bench.client().batch(keyed(1), options as BatchOptions);
      await assert.rejects(bench.through(run.done), TypeError);
    }
  });

  it('is several jobs where the limits ask for them', async () => {
    await open({ imageBytes: 300 });
    const { items, summary } = await bench.byJob(large(300));
    await allOnDisk(items);
    assert.deepEqual(
      bench.books().map(({ rows }) => rows.length),
      [124, 124, 52],
    );
    isAbout(summary.cost, bench.spent());
  });

  it('is a job for each model', async () => {
    await open();
    const mixed = keyed(12).map(({ key, request }, index) => ({
      key,
      request: { model: index % 2 === 0 ? PRO : NEXT, contents: request as string },
    }));
    const { items } = await bench.byJob(mixed);
    await allOnDisk(items);
    assert.deepEqual(
      bench
        .books()
        .map(({ model }) => model)
        .sort(),
      [PRO, NEXT].sort(),
    );
    assert.deepEqual(
      items.map(({ model }) => model),
      mixed.map(({ request }) => request.model),
    );
    isAbout(costOf(items), bench.spent());
  });

  it('asks the models of the batch, and those that requests name', async () => {
    await open();
    const [first, second] = keyed(2) as [Keyed, Keyed];
    second.request = { model: PRO, contents: second.request as string };
    const { items } = await bench.byJob([first, second], { models: [NEXT] });
    assert.deepEqual(
      items.map(({ model }) => model),
      [NEXT, PRO],
    );
  });

  it('waits where the pool is full, and says so', async () => {
    await open({ batch: { maxJobs: 1 } });
    const other = bench.client();
    await bench.through(other.jobs.create(keyed(3, 500)));
    const run = batch(keyed(12));
    const waits: BatchProgress[] = [];
    run.on('progress', (progress) => void waits.push(progress));
    const { items } = await bench.through(whole(run));
    await allOnDisk(items);
    const full = waits.find(({ waiting }) => /no room/.test(waiting?.reason ?? ''));
    assert.ok(full?.waiting?.until !== undefined);
    assert.equal(bench.books().length, 2);
  });

  it('makes at once what is no item for a job, while another waits for room', async () => {
    await open({ imageBytes: 300, batch: { maxJobs: 1, pending: 2 * HOUR } });
    await bench.through(bench.client().jobs.create(keyed(3, 500)));
    const IMAGEN = 'imagen-4.0-generate-001';
    const client = bench.client({ models: [PRO, { model: IMAGEN, protocol: 'imagen' }] });
    // The first 124 are a job, which waits for room with the rest behind it.
    const source = [
      ...large(130),
      ...keyed(3, 130).map(({ key, request }) => ({
        key,
        request: { model: IMAGEN, contents: request as string },
      })),
    ];
    const start = Date.now();
    const { items } = await bench.through(
      whole(client.batch(source, { journal: bench.journal, route: 'cheapest' })),
    );
    await allOnDisk(items);
    const { requests } = bench.emulator.ledger();
    const atOnce = requests.filter(({ call }) => call === 'generateContent');
    assert.equal(atOnce.length, 3);
    for (const { sent } of atOnce) assert.ok(sent - start < HOUR, `${sent - start}`);
  });

  it('tells how far its jobs are', async () => {
    await open();
    const run = batch(keyed(12));
    const told: BatchProgress[] = [];
    run.on('progress', (progress) => void told.push(progress));
    await bench.through(run.done);
    assert.ok(
      told.some(({ jobs, waiting }) => jobs === 1 && /running/.test(waiting?.reason ?? '')),
    );
    const { jobs, state, waiting, done, inFlight } = run.progress();
    assert.deepEqual([jobs, state, waiting, done, inFlight], [0, 'ended', undefined, 12, 0]);
  });

  it('does not speak of a job that has ended', async () => {
    await open({ latency: 30_000, batch: { keyFaults: { 'row-0': '500' } } });
    const run = batch(keyed(12), { requeue: 'realtime' });
    const told: BatchProgress[] = [];
    run.on('progress', (progress) => void told.push(progress));
    await bench.through(run.done);
    const after = told.filter(({ jobs, inFlight }) => jobs === 0 && inFlight > 0);
    assert.ok(after.length > 0);
    for (const { waiting } of after) assert.equal(waiting, undefined);
  });
});

describe('a model without jobs', { timeout }, () => {
  const cases: [string, object][] = [
    ['of another protocol', { models: [{ model: 'imagen-4.0-generate-001', protocol: 'imagen' }] }],
    ['with an access token', { models: [{ model: PRO, accessToken: async () => 'a-token' }] }],
  ];
  for (const [what, options] of cases) {
    it(`${what} fails its items by job`, async () => {
      await open();
      const client = bench.client(options);
      const { items, summary } = await bench.through(
        whole(client.batch(keyed(3), { journal: bench.journal, route: 'batch' })),
      );
      assert.deepEqual(
        outcomes(items),
        many(3, () => 'invalid_request'),
      );
      assert.match(items[0]?.error?.message ?? '', /no jobs/);
      assert.equal(summary.failed, 3);
      assert.equal(bench.sent(), 0);
    });
  }

  it('is asked at once where the cheapest way is wanted', async () => {
    await open();
    const client = bench.client({
      models: [PRO, { model: 'imagen-4.0-generate-001', protocol: 'imagen' }],
    });
    const mixed = keyed(6).map(({ key, request }, index) => ({
      key,
      request: index < 3 ? request : { model: 'imagen-4.0-generate-001', contents: request },
    })) as Keyed[];
    const { items, summary } = await bench.through(
      whole(client.batch(mixed, { journal: bench.journal, route: 'cheapest' })),
    );
    await allOnDisk(items);
    assert.equal(bench.books()[0]?.rows.length, 3);
    assert.equal(bench.sent(), 3);
    isAbout(summary.cost, bench.spent());
  });
});

describe('rows that failed', { timeout }, () => {
  const keyFaults = { 'row-1': '500', 'row-2': 'blocked', 'row-3': '400', 'row-4': '503' } as const;

  it('go into one more job, and those that can never pass do not', async () => {
    await open({ batch: { keyFaults } });
    const { items, summary } = await bench.byJob(keyed(12));
    const [first, second] = bench.books();
    assert.deepEqual(
      second?.rows.map(({ key }) => key),
      ['row-1', 'row-4'],
    );
    assert.deepEqual([bench.books().length, first?.rows.length, bench.sent()], [2, 12, 0]);
    assert.deepEqual(outcomes(items.slice(0, 3)), ['done', 'server_error', 'blocked']);
    assert.equal(items[3]?.error?.kind, 'invalid_request');
    assert.equal(items[4]?.status, 'failed');
    assert.deepEqual(
      items.slice(1, 5).map(({ retriedOnResume }) => retriedOnResume),
      [true, false, false, true],
    );
    assert.match(items[1]?.error?.message ?? '', /2 jobs/);
    assert.deepEqual([summary.done, summary.failed, summary.resumable], [8, 4, true]);
    isAbout(summary.cost + summary.possibleCost, bench.spent());
  });

  it('are made at once for those who want that', async () => {
    await open({ batch: { keyFaults } });
    const { items, summary } = await bench.byJob(keyed(12), { requeue: 'realtime' });
    assert.deepEqual([bench.books().length, bench.sent()], [1, 2]);
    assert.deepEqual([summary.done, summary.failed, summary.resumable], [10, 2, false]);
    assert.deepEqual(outcomes(items.slice(1, 5)), ['done', 'blocked', 'invalid_request', 'done']);
    isAbout(summary.cost, bench.spent());
  });

  it('are made at once by the cheapest way', async () => {
    await open({ batch: { keyFaults } });
    await bench.byJob(keyed(12), { route: 'cheapest' });
    assert.deepEqual([bench.books().length, bench.sent()], [1, 2]);
  });

  it('of the very last item are told', async () => {
    await open({ batch: { keyFaults: { 'row-0': '500' } } });
    const { items, summary } = await bench.byJob(keyed(1));
    assert.equal(items.length, 1);
    assert.equal(items[0]?.retriedOnResume, true);
    assert.deepEqual([summary.failed, summary.resumable], [1, true]);
  });

  it('join the jobs that are still being filled', async () => {
    // The first job ends while the requests of the second wait for room.
    await open({ imageBytes: 300, batch: { maxJobs: 1, jobs: ['fails'] } });
    const { items, summary } = await bench.byJob(large(260));
    assert.equal(summary.stopped, undefined);
    await allOnDisk(items);
    assert.equal(
      bench.books().reduce((sum, { billedRows }) => sum + billedRows, 0),
      260,
    );
  });
});

describe('a job that ends badly', { timeout }, () => {
  it('is followed by another', async () => {
    await open({ batch: { jobs: [{ fate: 'fails', message: 'the input file is no JSONL' }] } });
    const { items, summary } = await bench.byJob(keyed(12));
    await allOnDisk(items);
    assert.deepEqual(
      bench.books().map(({ billedRows }) => billedRows),
      [0, 12],
    );
    const [notice] = summary.notices;
    assert.equal(notice?.kind, 'job');
    assert.match(notice?.message ?? '', /failed.*no JSONL/);
  });

  it('twice fails its items for now', async () => {
    await open({ batch: { jobs: ['fails', 'fails'] } });
    const { items, summary } = await bench.byJob(keyed(12));
    assert.equal(items.length, 12);
    assert.ok(items.every(({ status, retriedOnResume }) => status === 'failed' && retriedOnResume));
    assert.deepEqual([summary.resumable, bench.books().length], [true, 2]);
    const again = await bench.byJob(keyed(12));
    await allOnDisk(again.items);
    assert.equal(bench.books().length, 3);
  });

  it('is made at once for those who want that', async () => {
    await open({ batch: { jobs: ['fails'] } });
    const { items } = await bench.byJob(keyed(5), { requeue: 'realtime' });
    await allOnDisk(items);
    assert.deepEqual([bench.books().length, bench.sent()], [1, 5]);
  });

  it('has expired, and was told of when it was stuck', async () => {
    await open({ batch: { jobs: ['stuckRunning'] } });
    const { items, summary } = await bench.byJob(keyed(12));
    await allOnDisk(items);
    const told = summary.notices.map(({ kind, message }) => [
      kind,
      /24 hours|48 hours, and/.exec(message)?.[0],
    ]);
    assert.deepEqual(told, [
      ['job', '24 hours'],
      ['job', '48 hours, and'],
    ]);
    isAbout(summary.cost, bench.spent());
  });

  it('was cancelled by somebody else, and is followed by another', async () => {
    await open({ batch: { jobs: [{ running: 40 * HOUR }] } });
    const run = batch(keyed(12));
    const all = whole(run);
    await until(run, ({ waiting }) => /running/.test(waiting?.reason ?? ''));
    await bench.through(bench.client().jobs.cancel(bench.books()[0]?.name as string));
    const { items, summary } = await bench.through(all);
    await allOnDisk(items);
    const [first, second] = bench.books();
    assert.deepEqual([first?.state, second?.billedRows], ['cancelled', 12]);
    assert.match(summary.notices[0]?.message ?? '', /cancelled/);
  });

  for (const fault of ['503', '504'] as const) {
    it(`has results that cannot be read (${fault}): the next run reads them`, async () => {
      await open({ faults: [{ fault, call: 'downloadFile', to: 3 * HOUR }] });
      const { items, summary } = await bench.byJob(keyed(12));
      assert.equal(items.length, 0);
      assert.equal(summary.resumable, true);
      assert.ok(summary.stopped !== undefined);
      assert.match(summary.stopped.advice, /same journal/);
      assert.ok(summary.stopped.advice.length > 80, summary.stopped.advice);
      bench.clock.tick(4 * HOUR);
      const next = await bench.byJob(keyed(12));
      await allOnDisk(next.items);
      assert.equal(bench.books().length, 1);
      isAbout(next.summary.cost, bench.spent());
    });
  }

  it('is gone: that is told, and its pictures are made anew where that is wanted', async () => {
    await open();
    const run = batch(keyed(3));
    await until(run, ({ jobs }) => jobs === 1);
    await bench.through(run.stop());
    await bench.through(bench.client().jobs.delete(bench.books()[0]?.name as string));
    const { items, summary } = await bench.byJob(keyed(3));
    assert.deepEqual([items.length, summary.resumable], [0, true]);
    assert.match(summary.stopped?.message ?? '', /batches\/\w+ is gone/);
    assert.match(summary.stopped?.advice ?? '', /another project.*`retryFailed`/);
    assert.equal(bench.books().length, 1);
    const next = await bench.byJob(keyed(3), { retryFailed: true });
    await allOnDisk(next.items);
    assert.deepEqual([bench.books().length, bench.sent()], [2, 0]);
    assert.match(next.summary.notices[0]?.message ?? '', /made anew/);
  });

  it('holds its results inside, and they are too much to send', async () => {
    await open({ imageBytes: 30_000, batch: { unreadableBytes: 100_000 } });
    const { summary } = await bench.byJob(keyed(3));
    assert.equal(summary.resumable, true);
    assert.match(summary.stopped?.advice ?? '', /through a file/);
    assert.equal(bench.books().length, 1, 'what was billed is not made again');
  });
});

describe('a run that ends while a job runs', { timeout }, () => {
  const endings: [string, (run: BatchRun, abort: AbortController) => unknown][] = [
    ['by stop', (run) => run.stop()],
    ['by cancel', (run) => run.cancel()],
    ['by its signal', (_, abort) => abort.abort(new Error('enough'))],
  ];
  for (const [how, end] of endings) {
    it(`${how} is gone on with by the next`, async () => {
      await open();
      const abort = new AbortController();
      const run = batch(keyed(12), { signal: abort.signal });
      const done = run.done.catch((error: unknown) => error);
      await until(run, ({ waiting }) => /running/.test(waiting?.reason ?? ''));
      end(run, abort);
      const before = Date.now();
      const summary = (await bench.through(done)) as BatchSummary | Error;
      assert.ok(Date.now() - before < MINUTE, 'it does not wait for the job');
      if (summary instanceof Error) assert.equal(summary.message, 'enough');
      else assert.equal(summary.resumable, true);
      const { items, summary: next } = await bench.byJob(keyed(12));
      await allOnDisk(items);
      assert.equal(bench.books().length, 1);
      assert.equal(next.resumable, false);
      isAbout(next.cost, bench.spent());
      assert.ok(items.every(({ possiblyPaidTwice }) => !possiblyPaidTwice));
    });
  }

  it('ends too where the next is stopped before it is open', async () => {
    await open();
    const run = batch(keyed(12));
    await until(run, ({ waiting }) => /running/.test(waiting?.reason ?? ''));
    await bench.through(run.stop());
    const summary = await bench.through(batch(keyed(12)).stop());
    assert.deepEqual([summary.stopped?.reason, summary.resumable], ['stopped', true]);
    const { items } = await bench.byJob(keyed(12));
    await allOnDisk(items);
    assert.equal(bench.books().length, 1);
  });

  it('since its reader has left is gone on with by the next', async () => {
    await open({ batch: { keyFaults: { 'row-11': '500' } } });
    const run = batch(keyed(12));
    const read = async (): Promise<void> => {
      for await (const _ of run) break;
    };
    await bench.through(read());
    await bench.through(run.done);
    const { items } = await bench.byJob(keyed(12), { requeue: 'realtime' });
    await allOnDisk(items);
    isAbout(costOf(items), bench.spent());
  });

  it('since its time is over is gone on with by the next', async () => {
    await open();
    const { summary } = await bench.byJob(keyed(12), { deadline: 3 * MINUTE });
    assert.deepEqual([summary.resumable, summary.stopped?.reason], [true, 'deadline']);
    const { items } = await bench.byJob(keyed(12));
    await allOnDisk(items);
    assert.equal(bench.books().length, 1);
  });

  it('is gone on with where the next makes its pictures at once', async () => {
    await open({ batch: { keyFaults: { 'row-1': '500' } } });
    const run = batch(keyed(12));
    await until(run, ({ jobs }) => jobs === 1);
    await bench.through(run.stop());
    const { items, summary } = await bench.byJob(keyed(14), { route: 'realtime' });
    assert.deepEqual(
      outcomes(items),
      many(14, () => 'done'),
    );
    assert.deepEqual([bench.books().length, bench.sent()], [1, 3]);
    isAbout(summary.cost, bench.spent());
  });

  it('leaves items that the next does not have', async () => {
    await open();
    const run = batch(keyed(12));
    await until(run, ({ jobs }) => jobs === 1);
    await bench.through(run.stop());
    const { items } = await bench.byJob(keyed(4));
    assert.deepEqual(
      outcomes(items),
      many(4, () => 'done'),
    );
    assert.equal(bench.books().length, 1);
  });

  /** A batch that was paused when its source had given all. */
  const pausedAtItsEnd = async (): Promise<BatchRun> => {
    await open();
    async function* source(): AsyncGenerator<Keyed> {
      yield* keyed(12);
      run.pause();
    }
    const options = { journal: bench.journal, route: 'batch' } as const;
    const run: BatchRun = bench.client().batch(source(), options);
    await until(run, ({ state, complete }) => state === 'paused' && complete);
    return run;
  };

  it('pauses: nothing is created before it goes on', async () => {
    const run = await pausedAtItsEnd();
    await bench.through(new Promise((resolve) => setTimeout(resolve, HOUR)));
    assert.deepEqual([bench.books().length, run.progress().taken], [0, 12]);
    run.resume();
    const { done } = await bench.through(run.done);
    assert.deepEqual([bench.books().length, done], [1, 12]);
  });

  it('while it is paused is gone on with by the next', async () => {
    const run = await pausedAtItsEnd();
    const { resumable } = await bench.through(run.stop());
    assert.deepEqual([resumable, bench.books().length], [true, 0]);
    assert.ok(bench.records().every(({ record }) => record === 'run'));
    const { items } = await bench.byJob(keyed(12));
    await allOnDisk(items);
    assert.equal(bench.books().length, 1);
  });
});

describe('a changed prompt whose old request is in a job', { timeout }, () => {
  it('is made, and the old picture is not its own', async () => {
    await open();
    const run = batch(keyed(12));
    await until(run, ({ jobs }) => jobs === 1);
    await bench.through(run.stop());
    const changed = keyed(12);
    (changed[3] as Keyed).request = 'a lighthouse';
    const { items, summary } = await bench.byJob(changed);
    await allOnDisk(items);
    assert.deepEqual(
      summary.notices.map(({ kind, key }) => [kind, key]),
      [['changed_prompt', 'row-3']],
    );
    assert.deepEqual(
      bench.books().map(({ rows }) => rows.length),
      [12, 1],
    );
  });
});

describe('a create that was refused', { timeout }, () => {
  for (const route of ['batch', 'cheapest'] as const) {
    it(`ends the run, and the next creates the job (${route})`, async () => {
      await open({ script: [{ fault: '402', call: 'createBatch' }] });
      const { items, summary } = await bench.byJob(keyed(3), { route });
      assert.deepEqual([items.length, summary.resumable], [0, true]);
      assert.equal(summary.stopped?.reason, 'billing');
      const next = await bench.byJob(keyed(3), { route });
      await allOnDisk(next.items);
      assert.deepEqual([bench.books().length, bench.sent()], [1, 0]);
    });
  }
});

describe('a model that the service does not know', { timeout }, () => {
  const TYPO = { key: 'typo', request: { model: 'gemini-9-typo-image', contents: 'a boat' } };

  for (const at of [0, 3]) {
    it(`fails its own items, and no others (${at})`, async () => {
      await open();
      const { items, summary } = await bench.byJob([...keyed(at), TYPO, ...keyed(6 - at, at)]);
      const [typo] = items.splice(at, 1);
      assert.deepEqual([typo?.error?.kind, typo?.retriedOnResume], ['model_not_found', false]);
      await allOnDisk(items);
      assert.deepEqual([summary.done, summary.failed, summary.resumable], [6, 1, false]);
      assert.equal(summary.stopped, undefined);
      assert.equal(
        bench.books().reduce((sum, { billedRows }) => sum + billedRows, 0),
        6,
      );
    });
  }

  it('is asked at once by the cheapest way, which goes on to the others of the chain', async () => {
    await open();
    const { items } = await bench.byJob([...keyed(3), TYPO], { route: 'cheapest' });
    await allOnDisk(items);
    assert.equal(items[3]?.model, PRO);
  });

  it('ends a batch whose own model it is', async () => {
    await open();
    const options = { models: ['gemini-9-typo-image'] };
    const { items, summary } = await bench.byJob(keyed(4), options);
    assert.ok(items.length <= 1);
    assert.deepEqual([summary.stopped?.reason, summary.resumable], ['model_not_found', true]);
    const next = await bench.byJob(keyed(4));
    await allOnDisk(next.items);
  });
});

describe('an answer to create that was lost', { timeout }, () => {
  for (const fault of ['reset', '503', '504'] as const) {
    it(`as ${fault} makes no second job`, async () => {
      await open({ script: [{ fault, call: 'createBatch', applied: true }] });
      const { items } = await bench.byJob(keyed(12));
      await allOnDisk(items);
      assert.equal(bench.books().length, 1);
    });
  }
});

describe('a budget', { timeout }, () => {
  /** The reservation for one picture, and its price by job, in USD. */
  const PICTURE = 0.068;

  it('takes as many into jobs as fit, and goes on with a larger one', async () => {
    await open();
    const budget = 5.5 * PICTURE;
    const { items, summary } = await bench.byJob(keyed(20), { budget });
    assert.ok(summary.done >= 4 && summary.done <= 6, String(summary.done));
    assert.equal(items.length, summary.done);
    assert.ok(bench.spent() <= budget, `${bench.spent()}`);
    assert.deepEqual([summary.stopped?.reason, summary.resumable], ['over_budget', true]);
    const next = await bench.byJob(keyed(20), { budget: 100 });
    await allOnDisk(next.items);
    assert.equal(
      bench.books().reduce((sum, { billedRows }) => sum + billedRows, 0),
      20,
    );
    isAbout(next.summary.cost, bench.spent());
  });

  it('counts what waits for its job when others are made at once', async () => {
    await open();
    const IMAGEN = 'imagen-4.0-generate-001';
    const client = bench.client({ models: [PRO, { model: IMAGEN, protocol: 'imagen' }] });
    const mixed = [
      ...keyed(10),
      ...keyed(20, 10).map(({ key, request }) => ({
        key,
        request: { model: IMAGEN, contents: request as string },
      })),
    ];
    const budget = 12 * PICTURE;
    const options = { journal: bench.journal, route: 'cheapest', budget } as const;
    const { summary } = await bench.through(whole(client.batch(mixed, options)));
    assert.ok(bench.spent() <= budget, `${bench.spent()} of ${budget}`);
    assert.equal(summary.resumable, true);
  });

  it('that is full of a job of an earlier run does not lose what it makes', async () => {
    await open();
    const run = batch(keyed(12));
    await until(run, ({ jobs }) => jobs === 1);
    await bench.through(run.stop());
    // The new prompts come first, and do not fit.
    const source = [...keyed(2, 100), ...keyed(12)];
    const budget = 13.2 * PICTURE;
    const { items, summary } = await bench.byJob(source, { budget });
    assert.ok(bench.spent() <= budget, `${bench.spent()} of ${budget}`);
    assert.ok(items.length >= 12);
    assert.equal(summary.stopped?.reason, 'over_budget');
    const next = await bench.byJob(source);
    await allOnDisk(next.items);
    assert.equal(
      bench.books().reduce((sum, { billedRows }) => sum + billedRows, 0),
      14,
    );
  });

  it('of one item is kept to', async () => {
    await open();
    const { items } = await bench.byJob(keyed(2), { maxCost: 0.01 });
    assert.deepEqual(outcomes(items), ['over_budget', 'over_budget']);
    assert.equal(bench.books().length, 0);
  });
});

describe('more than a thousand items in order', { timeout }, () => {
  const SOURCE = keyed(1_300);
  const KEYS = SOURCE.map(({ key }) => key);

  /** A journal of a run in which these have failed for good. */
  const failedBefore = (keys: readonly string[], ...more: object[]): void => {
    const at = Date.now();
    const failure = { kind: 'blocked', message: 'no', again: false };
    const records = [
      { record: 'run', version: 1, at },
      ...keys.map((key) => ({ record: 'failed', key, at, failure })),
      ...more,
    ];
    writeFileSync(bench.journal, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  };

  it('do not wait for ever for one that waits for its job to be filled', async () => {
    await open();
    failedBefore(KEYS.slice(1));
    const { items } = await bench.byJob(SOURCE, { order: 'input' });
    assert.deepEqual([items.length, items[0]?.status], [1_300, 'done']);
    assert.equal(bench.books().length, 1);
  });

  it('do not wait for ever for a job of an earlier run that has the last of them', async () => {
    await open();
    const both = [SOURCE[0], SOURCE[1_299]] as Keyed[];
    let displayName = '';
    const [job] = await bench.through(
      bench.client().jobs.create(both, {
        onCreating: (part) => {
          displayName = part.displayName;
        },
      }),
    );
    const keys = both.map(({ key }) => key);
    const of = { displayName, at: Date.now(), model: PRO, keys, usd: 0.07 };
    failedBefore(
      KEYS.slice(1, -1),
      { record: 'jobCreating', ...of },
      { record: 'jobCreated', displayName, name: job?.name },
    );
    const { items } = await bench.byJob(SOURCE, { order: 'input' });
    assert.deepEqual(
      [items[0], items[1_299]].map((item) => item?.status),
      ['done', 'done'],
    );
    assert.equal(bench.books().length, 1);
  });
});

describe('a process that was killed', { timeout: 2 * timeout }, () => {
  const SOURCE = keyed(12);

  /** A run whose process dies with its request of this number; whether it did. */
  async function dies(number: number, applied: boolean): Promise<string | undefined> {
    let count = 0;
    let copied: string | undefined;
    const fetch: typeof globalThis.fetch = async (input, init) => {
      count += 1;
      if (count >= number) {
        copied ??= bench.copy('dead');
        if (count === number && applied) await bench.emulator.fetch(input, init);
        return new Promise<Response>(() => {});
      }
      return bench.emulator.fetch(input, init);
    };
    const client = createClient({ apiKey: KEY, models: [PRO], fetch });
    const run = client.batch(SOURCE, { journal: bench.journal, route: 'batch' });
    let isOver = false;
    run.done.then(
      () => {
        isOver = true;
      },
      () => {},
    );
    await bench.through(
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (isOver || copied !== undefined) resolve();
          else setImmediate(look);
        };
        look();
      }),
    );
    await turns(20);
    client.close();
    return copied;
  }

  for (const applied of [false, true]) {
    it(`with any request ${applied ? 'answered' : 'not sent'} pays for nothing twice`, async () => {
      for (let number = 1; ; number += 1) {
        await open({ batch: { pending: 0, running: MINUTE } });
        const journal = await dies(number, applied);
        if (journal === undefined) {
          assert.ok(number > 5, 'it lived too soon');
          break;
        }
        const { items, summary } = await bench.byJob(SOURCE, { journal });
        assert.equal(items.length, 12, `request ${number}`);
        await allOnDisk(items, journal);
        assert.equal(bench.books().length, 1, `request ${number}`);
        isAbout(summary.cost, bench.spent());
        bench.close();
      }
    });
  }

  it('in the middle of its results pays for nothing twice', async () => {
    await open();
    const copies: string[] = [];
    let lines = 0;
    const run = batch(SOURCE);
    const done = run.done;
    let isOver = false;
    const over = done.finally(() => {
      isOver = true;
    });
    const look = (): void => {
      if (isOver) return;
      let size = 0;
      try {
        size = statSync(bench.journal).size;
      } catch {}
      if (size !== lines && bench.books().length > 0) {
        lines = size;
        copies.push(bench.copy(`copy-${copies.length}`));
      }
      setImmediate(look);
    };
    look();
    await bench.through(over);
    assert.ok(copies.length > 6, String(copies.length));
    for (const journal of copies) {
      const { items, summary } = await bench.byJob(SOURCE, { journal });
      await allOnDisk(items, journal);
      assert.equal(bench.books().length, 1);
      isAbout(summary.cost, bench.spent());
    }
  });
});
