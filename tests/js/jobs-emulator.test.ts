/** `client.jobs` against the fake service: whole lives of jobs, and what the service books. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import {
  createEmulator,
  type Emulator,
  type EmulatorConfig,
  type FaultName,
  startEmulator,
} from '../../pkg/emulator/index.js';
import {
  type Client,
  createClient,
  GenerateError,
  type Job,
  type JobRow,
} from '../../pkg/index.js';
import { installJumpingClock, NOON, runOverDisk, TIMERS } from './support/clock.ts';
import { KEY, many, PRO } from './support/scene.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AT_ONCE: EmulatorConfig = { transit: 0, latency: 0, clockOffset: 0 };

const keyed = (count: number): { key: string; request: string }[] =>
  many(count, (index) => ({ key: `row-${index}`, request: `a paper boat number ${index}` }));

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of source) found.push(item);
  return found;
}

const failed = async (work: Promise<unknown>): Promise<GenerateError> => {
  const error: unknown = await work.then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GenerateError)) throw error;
  return error;
};

describe('jobs in virtual time', () => {
  let clock: FakeTimers.Clock;
  let emulator: Emulator;
  let client: Client;

  const run = <T>(work: Promise<T>): Promise<T> => runOverDisk(clock, work);
  const open = async (config: EmulatorConfig = {}): Promise<void> => {
    emulator = await createEmulator({ ...AT_ONCE, ...config });
    client = createClient({ apiKey: KEY, models: [PRO], fetch: emulator.fetch });
  };
  const create = async (count: number): Promise<Job> => {
    const [job] = await run(client.jobs.create(keyed(count)));
    assert.ok(job);
    return job;
  };
  const read = (job: Job): Promise<JobRow[]> => run(all(client.jobs.results(job)));
  const books = (): ReturnType<Emulator['ledger']>['jobs'] => emulator.ledger().jobs;

  beforeEach(() => {
    clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
  });

  afterEach(() => {
    client.close();
    emulator.close();
    clock.uninstall();
  });

  for (const count of [3, 40]) {
    it(`makes ${count} pictures ${count > 10 ? 'through a file' : 'inside of the job'}`, async () => {
      await open({ batch: { keyFaults: { 'row-1': '500', 'row-2': 'no-image' } } });
      const seen: string[] = [];
      const job = await create(count);
      const ended = await run(
        client.jobs.wait(job, { onProgress: ({ state }) => void seen.push(state) }),
      );
      assert.deepEqual([...new Set(seen)], ['pending', 'running', 'succeeded']);
      assert.deepEqual([ended.requests, ended.failed], [count, 1]);
      const rows = await read(ended);
      assert.deepEqual(
        rows.map(({ key }) => key),
        keyed(count).map(({ key }) => key),
      );
      assert.deepEqual(
        rows.slice(0, 3).map(({ error }) => error?.kind),
        [undefined, 'server_error', 'no_image'],
      );
      const [record] = books();
      assert.equal(
        rows.reduce((sum, { images }) => sum + images.length, 0),
        record?.images,
      );
      const cost = rows.reduce((sum, row) => sum + (row.cost ?? 0), 0);
      assert.ok(Math.abs(cost - (record?.billed ?? 0)) < 0.01 * cost, `${cost} ${record?.billed}`);
      assert.equal(emulator.ledger().files?.count, 0, 'the uploaded file is deleted');
    });
  }

  for (const fault of ['reset', '503', '504', '500'] satisfies FaultName[]) {
    it(`makes one job where its answer is a ${fault}`, async () => {
      await open({ script: [{ fault, call: 'createBatch', applied: true }] });
      const job = await create(12);
      assert.deepEqual(
        books().map(({ name }) => name),
        [job.name],
      );
    });

    it(`makes one job where a ${fault} was all that came of the first`, async () => {
      await open({ script: [{ fault, call: 'createBatch' }] });
      const job = await create(12);
      assert.deepEqual(
        books().map(({ name }) => name),
        [job.name],
      );
    });
  }

  it('waits for each place of a full pool', async () => {
    await open({ batch: { maxJobs: 1 } });
    const long = 'word '.repeat(150_000);
    const requests = many(15, (index) => `${index} ${long}`);
    let waits = 0;
    const jobs = await run(
      client.jobs.create(requests, {
        onWaiting: ({ retryAt }) => {
          assert.ok(retryAt.getTime() > Date.now());
          waits += 1;
        },
      }),
    );
    assert.equal(jobs.length, 3);
    assert.deepEqual(
      books().map(({ rows }) => rows.length),
      [5, 5, 5],
    );
    assert.ok(waits >= 4, String(waits));
    const [first, second] = books();
    assert.ok((second?.created ?? 0) >= (first?.ended ?? Number.POSITIVE_INFINITY));
  });

  it('waits where too many tokens are queued', async () => {
    await open({ batch: { enqueuedTokens: { '*': 1_200_000 } } });
    const long = 'word '.repeat(150_000);
    const jobs = await run(client.jobs.create(many(10, (index) => `${index} ${long}`)));
    assert.equal(jobs.length, 2);
    const [first, second] = books();
    assert.ok((second?.created ?? 0) >= (first?.ended ?? Number.POSITIVE_INFINITY));
  });

  it('waits where the store of files is full, and deletes what its own jobs no longer need', async () => {
    await open({ files: { storeBytes: 50_000 } });
    const config = { imageConfig: { imageSize: '4K' } };
    const requests = many(300, (index) => ({
      contents: `${index} ${'of many '.repeat(10)}`,
      config,
    }));
    let waits = 0;
    const jobs = await run(
      client.jobs.create(requests, {
        onWaiting: ({ reason }) => {
          assert.match(reason, /20 GB of the store/);
          waits += 1;
        },
      }),
    );
    assert.deepEqual(
      books().map(({ rows }) => rows.length),
      [124, 124, 52],
    );
    assert.equal(jobs.length, 3);
    assert.ok(waits > 0, 'the file of the first job was in the way until it ended');
    assert.equal(emulator.ledger().files?.count, 2);
  });

  it('waits for a job that is stuck until it expires, and says so', async () => {
    await open({ batch: { jobs: ['stuckRunning'] } });
    const job = await create(12);
    const advice = new Set<string | undefined>();
    let looks = 0;
    const ended = await run(
      client.jobs.wait(job, {
        onProgress: (now) => {
          looks += 1;
          advice.add(now.advice);
        },
      }),
    );
    assert.equal(ended.state, 'expired');
    assert.equal(advice.size, 3);
    assert.ok(Date.now() - NOON >= 48 * HOUR && Date.now() - NOON < 49 * HOUR);
    assert.ok(looks < 500, String(looks));
    const error = await run(failed(all(client.jobs.results(ended))));
    assert.deepEqual([error.kind, /smaller jobs/.test(error.advice)], ['timeout', true]);
  });

  it('says why a job failed', async () => {
    await open({ batch: { jobs: [{ fate: 'fails', message: 'the input file is no JSONL' }] } });
    const ended = await run(client.jobs.wait(await create(12)));
    assert.equal(ended.state, 'failed');
    assert.match(ended.error?.message ?? '', /no JSONL/);
    const error = await run(failed(all(client.jobs.results(ended))));
    assert.match(error.message, /has failed.*no JSONL/);
  });

  it('reports results inside of a job that cannot be sent', async () => {
    await open({ imageBytes: 30_000, batch: { unreadableBytes: 100_000 } });
    const ended = await run(client.jobs.wait(await create(3)));
    assert.equal(ended.state, 'succeeded');
    assert.match(ended.advice ?? '', /more than the service can send/);
    const error = await run(failed(all(client.jobs.results(ended))));
    assert.match(error.advice, /through a file/);
    assert.equal(books()[0]?.billedRows, 3);
  });

  it('reads what was made before a cancel, or says that there is nothing', async () => {
    await open();
    const job = await create(12);
    clock.tick(6 * MINUTE);
    await run(client.jobs.cancel(job));
    const ended = await run(client.jobs.wait(job));
    assert.equal(ended.state, 'cancelled');
    assert.match(ended.advice ?? '', /was cancelled/);
    await run(client.jobs.delete(ended));
    assert.deepEqual(await run(all(client.jobs.list())), []);
    assert.equal(books()[0]?.deleted, true);
  });

  it('holds no more of the results than a row', async () => {
    await open({ imageBytes: 20_000_000, batch: { pending: 0, running: 0 } });
    const ended = await run(client.jobs.wait(await create(1_000)));
    // All of them are 27 GB.
    const first = async (): Promise<JobRow[]> => {
      const rows: JobRow[] = [];
      for await (const row of client.jobs.results(ended)) if (rows.push(row) === 2) break;
      return rows;
    };
    const rows = await run(first());
    assert.deepEqual(
      rows.map(({ key, images }) => [key, images[0]?.bytes().length]),
      [
        ['row-0', 20_000_000],
        ['row-1', 20_000_000],
      ],
    );
  });

  it('finds a job of an earlier process by its name', async () => {
    await open();
    let name = '';
    await run(
      client.jobs.create(keyed(12), {
        onCreating: ({ displayName }) => {
          name = displayName;
        },
      }),
    );
    client.close();
    client = createClient({ apiKey: KEY, models: [PRO], fetch: emulator.fetch });
    const found = await run(client.jobs.find(name));
    assert.equal(found?.displayName, name);
    const ended = await run(client.jobs.wait(found as Job));
    assert.equal((await read(ended)).length, 12);
    assert.equal(emulator.ledger().files?.count, 0);
  });
});

describe('jobs over HTTP', () => {
  it('gets through lost chunks, lost answers and cut downloads', async () => {
    // Looks are less than 90 s apart here, and the limits of requests are more.
    const clock = installJumpingClock(90_000);
    const server = await startEmulator({
      ...AT_ONCE,
      imageBytes: 100_000,
      now: () => Date.now(),
      script: [
        { fault: '503', call: 'startUpload' },
        { fault: 'reset', call: 'upload' },
        { fault: 'reset', call: 'upload', applied: true },
        { fault: 'reset', call: 'createBatch', applied: true },
        { fault: '429-bare', call: 'getBatch' },
        { fault: 'reset', call: 'getBatch' },
        { fault: 'cut', call: 'downloadFile' },
        { fault: 'reset', call: 'downloadFile' },
        { fault: 'cut', call: 'downloadFile' },
      ],
    });
    const client = createClient({ apiKey: KEY, models: [PRO], baseUrl: server.url });
    try {
      const own = keyed(30).map(({ key, request }) => ({
        key,
        request: `${request} ${'of many '.repeat(40_000)}`,
      }));
      const jobs = await client.jobs.create(own);
      const rows: JobRow[] = [];
      for (const job of jobs) {
        rows.push(...(await all(client.jobs.results(await client.jobs.wait(job)))));
      }
      assert.deepEqual(
        rows.map(({ key }) => key),
        own.map(({ key }) => key),
      );
      assert.ok(rows.every(({ images }) => images.length === 1));
      const { jobs: records, files, requests } = server.emulator.ledger();
      assert.equal(records.length, jobs.length, 'no job was made twice');
      assert.equal(files?.count, 0);
      assert.ok(requests.filter(({ call }) => call === 'downloadFile').length >= 4);
    } finally {
      client.close();
      await server.close();
      clock.uninstall();
    }
  });
});
