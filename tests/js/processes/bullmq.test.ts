/** Jobs of BullMQ in several processes, one of which is killed, on a Redis that is killed too. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { addAll, type JobReport } from '../../../pkg/adapters/bullmq.js';
import type { EmulatorServer, Limits } from '../../../pkg/emulator/index.js';
import type { KeyedRequest } from '../../../pkg/index.js';
import { MODEL, peaks, service, until } from '../support/members.ts';
import { REDIS_SERVER, type RedisServer, redisServer } from '../support/redis-server.ts';

const PROGRAM = fileURLToPath(new URL('../support/bullmq-child.mjs', import.meta.url));

/** On a build server a test that could not run proves nothing, so there it fails. */
const SKIP = REDIS_SERVER === undefined && process.env['CI'] !== 'true' && 'no redis-server here';

const OPTIONS = { timeout: 120_000, skip: SKIP };

const NAME = 'pictures';

/** Jobs that a worker has at once. */
const CONCURRENCY = 5;

/** The servers and processes of a test, which are gone when it ends. */
interface Scene {
  redis: RedisServer;
  emulator: EmulatorServer['emulator'];
  queue: Queue<KeyedRequest, JobReport<string>>;
  /** Starts a worker; it is ready. */
  start(): Promise<ChildProcess>;
  /** How many items are saved. */
  files(): number;
}

/** A queue with so many items, a Redis that keeps it, and a service with a limit that workers know. */
async function open(test: TestContext, items: number, limits: Limits): Promise<Scene> {
  const saved = folder(test);
  const redis = await redisServer(folder(test));
  test.after(() => redis.kill());
  await redis.start();
  const { url, emulator, close } = await service({
    limits: { '*': limits },
    latency: { median: 400, sigma: 0.3 },
  });
  test.after(close);
  const connection = new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: null });
  connection.on('error', () => {});
  test.after(() => connection.disconnect());
  const queue = new Queue<KeyedRequest, JobReport<string>>(NAME, {
    connection,
    defaultJobOptions: { attempts: 3, backoff: { type: 'fixed', delay: 500 } },
  });
  queue.on('error', () => {});
  const prompts = Array.from({ length: items }, (_, index) => `a paper boat, number ${index}`);
  for (const _ of ['once', 'again']) assert.equal(await addAll(queue, prompts), items);
  assert.equal(await queue.getWaitingCount(), items);
  const options = { port: redis.port, baseUrl: url, folder: saved, queue: NAME, model: MODEL };
  const concurrency = CONCURRENCY;
  return {
    redis,
    emulator,
    queue,
    start: () => startWorker(test, { ...options, concurrency, limits }),
    files: () => readdirSync(saved).length,
  };
}

it(
  'two workers share the quota of a day, and put back what is beyond it',
  OPTIONS,
  async (test) => {
    if (isNearMidnightPacific()) {
      test.skip('the day is about to end');
      return;
    }
    const [items, rpd] = [60, 40];
    const { emulator, queue, start, files } = await open(test, items, { rpd });
    const workers = await Promise.all([start(), start()]);
    await until(() => files() === rpd, 'the day is spent');
    for (let delayed = 0; delayed < items - rpd; ) delayed = await queue.getDelayedCount();
    await stop(workers);

    const jobs = await queue.getJobs();
    const putBack = jobs.filter(({ finishedOn }) => finishedOn === undefined);
    assert.equal(jobs.length - putBack.length, rpd);
    for (const { attemptsMade, attemptsStarted, delay, failedReason } of putBack) {
      assert.equal(attemptsMade, 0);
      assert.equal(attemptsStarted, 1);
      assert.equal(failedReason, undefined);
      assert.ok(delay > 0 && delay <= 25 * 3_600_000, `${delay}`);
    }
    assert.equal(emulator.ledger().totals.requests, rpd, 'nothing was asked for in vain');
  },
);

it(
  'two workers, one of them killed, then Redis, which keeps what it has',
  OPTIONS,
  async (test) => {
    const [items, rpm] = [120, 600];
    const { redis, emulator, queue, start, files } = await open(test, items, { rpm: rpm });
    const [victim, other] = await Promise.all([start(), start()]);

    await until(
      () => files() >= 20 && emulator.ledger().totals.inFlight > CONCURRENCY,
      'both are at work',
    );
    victim.kill('SIGKILL');
    await until(() => files() >= 40, 'the other goes on');
    await redis.kill();
    const before = files();
    await redis.start();
    await until(() => files() > before + 10, 'it goes on when Redis is back', 60_000);
    const third = await start();
    await until(() => files() === items, 'every item is saved', 60_000);
    let done = 0;
    while (done < items) {
      done = await queue.getCompletedCount();
      assert.equal(await queue.getFailedCount(), 0);
    }
    await stop([other, third]);

    const jobs = await queue.getCompleted();
    const twice = jobs.filter(({ returnvalue }) => returnvalue.possiblyPaidTwice);
    test.diagnostic(`possibly paid twice: ${twice.length}`);
    assert.ok(twice.length >= 1, 'the killed one had something in flight');
    for (const { id, returnvalue } of jobs) {
      const saves = readFileSync(returnvalue.saved, 'utf8').trim().split('\n').length;
      assert.ok(saves === 1 || returnvalue.possiblyPaidTwice, `${id} was saved ${saves} times`);
    }
    const ledger = emulator.ledger();
    const lost = jobs.reduce((sum, { stalledCounter }) => sum + stalledCounter, 0);
    const { images } = ledger.totals;
    assert.ok(images <= items + lost, `${images} were made, and ${lost} lost`);
    const { sliding, fixed, overLimit } = peaks(ledger);
    test.diagnostic(`at most ${sliding} in 60 seconds, ${fixed} in a minute of the clock`);
    assert.ok(sliding <= rpm && fixed <= rpm, `${sliding} and ${fixed} in a minute`);
    assert.equal(overLimit, 0);
  },
);

async function startWorker(test: TestContext, options: object): Promise<ChildProcess> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  test.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

/** Ends workers as a host does. */
async function stop(workers: readonly ChildProcess[]): Promise<void> {
  const gone = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.kill('SIGTERM');
  assert.deepEqual(
    await Promise.all(gone),
    workers.map(() => [0, null]),
  );
}

function isNearMidnightPacific(): boolean {
  const format = { timeZone: 'America/Los_Angeles', hour: 'numeric', hourCycle: 'h23' } as const;
  const hour = (ms: number) => new Intl.DateTimeFormat('en', format).format(ms);
  return hour(Date.now()) === '23' && hour(Date.now() + 120_000) === '00';
}

function folder(test: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'unexhausted-bullmq-'));
  test.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
