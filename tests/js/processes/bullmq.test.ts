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
import type { KeyedRequest } from '../../../pkg/index.js';
import { MODEL, peaks, service, until } from '../support/members.ts';
import { REDIS_SERVER, redisServer } from '../support/redis-server.ts';

const PROGRAM = fileURLToPath(new URL('../support/bullmq-child.mjs', import.meta.url));

/** On a build server a test that could not run proves nothing, so there it fails. */
const SKIP = REDIS_SERVER === undefined && process.env['CI'] !== 'true' && 'no redis-server here';

const RPM = 600;
const ITEMS = 120;
const NAME = 'pictures';

it('two workers, one of them killed, then Redis, which keeps what it has', {
  timeout: 120_000,
  skip: SKIP,
}, async (test) => {
  const data = folder(test);
  const saved = folder(test);
  const redis = await redisServer(data);
  test.after(() => redis.kill());
  await redis.start();
  const { url, emulator, close } = await service({
    limits: { '*': { rpm: RPM } },
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
  const prompts = Array.from({ length: ITEMS }, (_, index) => `a paper boat, number ${index}`);
  for (const _ of ['once', 'again']) assert.equal(await addAll(queue, prompts), ITEMS);
  assert.equal(await queue.getWaitingCount(), ITEMS);

  const options = { port: redis.port, baseUrl: url, folder: saved, queue: NAME, model: MODEL };
  const start = () => startWorker(test, { ...options, limits: { rpm: RPM } });
  const [victim, other] = await Promise.all([start(), start()]);
  const files = () => readdirSync(saved).length;

  await until(() => files() >= 20 && emulator.ledger().totals.inFlight >= 8, 'both are at work');
  victim.kill('SIGKILL');
  await until(() => files() >= 40, 'the other goes on');
  await redis.kill();
  const before = files();
  await redis.start();
  await until(() => files() > before + 10, 'it goes on when Redis is back', 60_000);
  // Another host comes to help.
  await start();
  await until(() => files() === ITEMS, 'every item is saved', 60_000);
  let done = 0;
  while (done < ITEMS) {
    done = await queue.getCompletedCount();
    assert.equal(await queue.getFailedCount(), 0);
  }
  other.kill('SIGTERM');

  const jobs = await queue.getCompleted();
  const twice = jobs.filter(({ returnvalue }) => returnvalue.possiblyPaidTwice);
  test.diagnostic(`possibly paid twice: ${twice.length}`);
  assert.ok(twice.length >= 1, 'the killed one had something in flight');
  for (const { id, returnvalue } of jobs) {
    const saves = readFileSync(returnvalue.saved, 'utf8').trim().split('\n').length;
    assert.ok(saves === 1 || returnvalue.possiblyPaidTwice, `${id} was saved ${saves} times`);
  }
  const ledger = emulator.ledger();
  assert.ok(
    ledger.totals.images <= ITEMS + twice.length,
    `${ledger.totals.images} were made, and ${twice.length} reported`,
  );
  const { sliding, fixed, overLimit } = peaks(ledger);
  test.diagnostic(`at most ${sliding} in 60 seconds, ${fixed} in a minute of the clock`);
  assert.ok(sliding <= RPM && fixed <= RPM, `${sliding} and ${fixed} in a minute`);
  assert.equal(overLimit, 0);
});

async function startWorker(test: TestContext, options: object): Promise<ChildProcess> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  test.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

function folder(test: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'unexhausted-bullmq-'));
  test.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
