/** One journal belongs to one run at a time; a run that is killed gives it up with all that it made. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import FakeTimers from '@sinonjs/fake-timers';
import { type EmulatorServer, startEmulator } from '../../pkg/emulator/index.js';
import type { BatchItem } from '../../pkg/index.js';
import { type Bench, filesIn, openBench, whole } from './support/batches.ts';
import { many, PROMPT } from './support/scene.ts';

const PROGRAM = fileURLToPath(new URL('support/batch-owner-child.mjs', import.meta.url));
const PROMPTS = many(24, (index) => `${PROMPT} ${index}`);
const BYTES = 50_000;
const ANOTHER = /another process \(\d+\) works on this journal/;

let bench: Bench;
let server: EmulatorServer | undefined;
const children: ChildProcess[] = [];

beforeEach(async () => {
  bench = await openBench();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await server?.close();
  server = undefined;
  bench.close();
});

/** Starts a process with a batch, and gives what it tells line by line. */
function start(url: string, concurrency = 4): { child: ChildProcess; told: AsyncIterator<string> } {
  const { journal } = bench;
  const task = JSON.stringify({ url, journal, prompts: PROMPTS, concurrency });
  const child = spawn(process.execPath, [PROGRAM, task], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return { child, told: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

it('a second run in the same process is refused, and harms nothing', async () => {
  const client = bench.client();
  const { journal } = bench;
  const first = client.batch(PROMPTS, { journal });
  const reader = first[Symbol.asyncIterator]();
  await reader.next();
  const second = client.batch(PROMPTS, { journal });
  await assert.rejects(second.done, ANOTHER);
  await assert.rejects(whole(client.batch(PROMPTS, { journal })), ANOTHER);
  for (let next = await reader.next(); !next.done; next = await reader.next());
  assert.equal((await first.done).done, PROMPTS.length);
  assert.equal(bench.sent(), PROMPTS.length);
  // It is free again, and nothing is left of the lock.
  assert.equal((await bench.run(PROMPTS)).summary.done, PROMPTS.length);
  assert.deepEqual(readdirSync(bench.folder).sort(), ['batch.jsonl', 'batch.jsonl.pictures']);
});

it('of several that begin at once one has it', async () => {
  const client = bench.client();
  const { journal } = bench;
  const ends = await Promise.allSettled(many(5, () => whole(client.batch(PROMPTS, { journal }))));
  assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(bench.sent(), PROMPTS.length);
});

it('a second process is refused until the first is killed, and then goes on at once', {
  timeout: 240_000,
}, async () => {
  server = await startEmulator({ latency: 100, transit: 0, imageBytes: BYTES });
  const { child, told } = start(server.url, 2);
  await told.next();
  await assert.rejects(bench.run(PROMPTS), ANOTHER);
  assert.equal(bench.sent(), 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const { summary } = await bench.run(PROMPTS);
  assert.equal(summary.done, PROMPTS.length);
});

it('killed again and again it loses no picture, and says what was paid twice', {
  timeout: 240_000,
}, async () => {
  server = await startEmulator({ latency: 20, transit: 0, imageBytes: BYTES });
  const given = new Map<string, string[]>();
  const concurrency = 4;
  let kills = 0;
  let last = '';
  for (;;) {
    const { child, told } = start(server.url, concurrency);
    let isLast = false;
    let fresh = 0;
    for (;;) {
      const { value, done } = await told.next();
      if (done) break;
      last = value;
      const item = JSON.parse(value) as BatchItem & { error?: unknown };
      assert.equal(item.error, undefined, value);
      if (item.status === undefined) {
        isLast = true;
        continue;
      }
      // A picture that was told of once stays where it was.
      const before = given.get(item.key);
      if (before !== undefined) assert.deepEqual([item.restored, item.files], [true, before]);
      given.set(item.key, [...item.files]);
      for (const file of item.files) assert.equal(statSync(file).size, BYTES);
      if (!item.restored) fresh += 1;
      // Each at another moment of what it does next.
      if (fresh === 5 + kills && kills < 4) {
        await new Promise((resolve) => setTimeout(resolve, kills * 7));
        child.kill('SIGKILL');
        kills += 1;
        break;
      }
    }
    if (isLast) break;
    await once(child, 'exit');
  }
  assert.equal(given.size, PROMPTS.length);
  const { totals } = server.emulator.ledger();
  const sums = JSON.parse(last);
  assert.equal(sums.done, PROMPTS.length);
  assert.ok(sums.cost + sums.possibleCost >= totals.billed - 1e-6);
  assert.ok(
    totals.requests <= PROMPTS.length + kills * concurrency,
    `${totals.requests} were sent`,
  );
  const { items } = await bench.run(PROMPTS);
  const twice = items.filter((item) => item.possiblyPaidTwice).length;
  assert.ok(totals.requests - PROMPTS.length <= twice * kills);
  assert.ok(items.every((item) => item.restored));
  // Nothing half done is left.
  const files = filesIn(`${bench.journal}.pictures`);
  assert.equal(files.filter((file) => !file.startsWith('.')).length, PROMPTS.length);
});

it('ends where another has taken the journal over, and writes nothing more', async () => {
  const clock = FakeTimers.install({ now: Date.now(), toFake: ['Date'] });
  try {
    const { journal } = bench;
    const run = bench.client().batch(PROMPTS, { journal, concurrency: 1 });
    const items: BatchItem[] = [];
    let written = '';
    for await (const item of run) {
      items.push(item);
      if (items.length !== 2) continue;
      const state = join(bench.folder, '.batch.jsonl.lock', 'owner', 'free', 'state');
      assert.ok(existsSync(state));
      writeFileSync(state, `${Date.now()}.1.1.1.1.somebody`);
      written = readFileSync(journal, 'utf8');
      clock.tick(5_000);
    }
    const summary = await run.done;
    assert.equal(summary.stopped?.reason, 'taken_over');
    assert.equal(summary.resumable, true);
    // The one that was on its way may have been written before.
    assert.ok(readFileSync(journal, 'utf8').length <= written.length + 1_000);
    assert.ok(bench.sent() <= 4);
    // A paid picture that can be written nowhere is given to the reader.
    for (const { files, result } of items) assert.ok(files.length === 1 || result !== undefined);
    // The other's lock is left alone.
    assert.ok(existsSync(join(bench.folder, '.batch.jsonl.lock', 'owner')));
  } finally {
    clock.uninstall();
  }
});
