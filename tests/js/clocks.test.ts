/** Clocks that are set, and computers that sleep: no minute and no day is spent twice, nobody starves. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { type Client, type ClientOptions, memoryStore } from '../../pkg/index.js';
import { fileStore } from '../../pkg/stores/file.js';
import { everybody, openScene, PRO, PROMPT, type Scene } from './support/scene.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

let scene: Scene;
const ends: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  scene?.close();
  for (const end of ends.splice(0)) await end();
});

/** True time, which no step touches: the scene's own clock is what steps. */
function watched(rpm: number, options: ClientOptions = {}): { client: Client; sent: number[] } {
  const sent: number[] = [];
  const client = scene.client({
    project: 'a-project',
    limits: { [PRO]: { rpm } },
    fetch: (input, init) => {
      sent.push(performance.now());
      return scene.emulator.fetch(input, init);
    },
    ...options,
  });
  return { client, sent };
}

/** The most requests that were sent within one minute. */
function peakOf(sent: number[]): number {
  return Math.max(
    ...sent.map((at) => sent.filter((other) => other >= at && other < at + MINUTE).length),
  );
}

/** Sets the wall clock by so much, and leaves the monotonic one alone. */
function step(by: number): void {
  scene.clock.setSystemTime(Date.now() + by);
}

const STEPS: Record<string, number[]> = {
  'a second to and fro': [SECOND, -SECOND],
  'half a minute to and fro': [30 * SECOND, -30 * SECOND],
  'an hour to and fro': [HOUR, -HOUR],
  'a second on and on': [SECOND],
  'a second back and back': [-SECOND],
  'half a minute on and on': [30 * SECOND],
  'half a minute back and back': [-30 * SECOND],
  'an hour on and on': [HOUR],
  'an hour back and back': [-HOUR],
};

describe('a wall clock that is set every two seconds', () => {
  for (const [how, steps] of Object.entries(STEPS)) {
    for (const kept of ['by the client', 'in a memory store']) {
      it(`${how}: minutes ${kept} are true ones, and nobody starves`, async () => {
        // The emulator has no say: its own clock is the one that is set.
        scene = await openScene({ limits: { '*': { rpm: 1_000_000 } } });
        const store = kept === 'by the client' ? {} : { store: memoryStore() };
        const { client, sent } = watched(10, store);
        const calls = everybody(client, 20);
        for (let passed = 0; passed < 150 * SECOND; passed += 2 * SECOND) {
          await scene.pass(2 * SECOND);
          step(steps[(passed / (2 * SECOND)) % steps.length] as number);
        }
        assert.equal(sent.length, 20);
        assert.ok(peakOf(sent) <= 10, `${peakOf(sent)} in a minute`);
        await scene.run(calls);
      });
    }
  }
});

describe('one step of an hour', () => {
  for (const kept of ['by the client', 'in a memory store', 'in a file store']) {
    it(`forward frees no minute, kept ${kept}`, async () => {
      scene = await openScene({ limits: { '*': { rpm: 1_000_000 } } });
      const folder = await mkdtemp(join(tmpdir(), 'unexhausted-clocks-'));
      ends.push(() => rm(folder, { recursive: true }));
      const stores = { 'in a memory store': memoryStore(), 'in a file store': fileStore(folder) };
      const store = stores[kept as keyof typeof stores];
      const one = watched(10, store === undefined ? {} : { store });
      const other = store === undefined ? one : watched(10, { store });
      await scene.run(everybody(one.client, 4));
      await scene.run(everybody(other.client, 4));
      step(HOUR);
      const calls = Promise.all([everybody(one.client, 6), everybody(other.client, 6)]);
      await scene.pass(100 * SECOND);
      const all = [...new Set([...one.sent, ...other.sent])].sort((a, b) => a - b);
      const sent = one === other ? one.sent : [...one.sent, ...other.sent];
      assert.equal(sent.length, 20, `${all}`);
      assert.ok(peakOf(sent) <= 10, `${peakOf(sent)} in a minute`);
      await scene.run(calls);
    });
  }

  for (const by of [HOUR, -HOUR]) {
    for (const clients of [1, 2]) {
      it(`of ${by / HOUR} h on the file store, with ${clients} of its clients`, async () => {
        scene = await openScene({ limits: { '*': { rpm: 1_000_000 } } });
        const folder = await mkdtemp(join(tmpdir(), 'unexhausted-clocks-'));
        ends.push(() => rm(folder, { recursive: true }));
        const all = Array.from({ length: clients }, () =>
          watched(10, { store: fileStore(folder) }),
        );
        const calls = Promise.all(all.map(({ client }) => everybody(client, 20 / clients)));
        await scene.pass(5 * SECOND);
        step(by);
        await scene.pass(145 * SECOND);
        const sent = all.flatMap((one) => one.sent).sort((one, other) => one - other);
        assert.equal(sent.length, 20);
        assert.ok(peakOf(sent) <= 10, `${peakOf(sent)} in a minute`);
        await scene.run(calls);
      });
    }
  }
});

describe('a computer that sleeps over midnight Pacific', () => {
  /** Four in the morning in Los Angeles is eight hours after midnight. */
  const EVENING = 1_795_521_600_000 + 12 * HOUR;

  for (const kept of ['by the client', 'in a memory store']) {
    it(`sees the new day, which is kept ${kept}`, async () => {
      scene = await openScene({ limits: { '*': { rpd: 4 } } }, EVENING);
      const store = kept === 'by the client' ? {} : { store: memoryStore() };
      const limits = { [PRO]: { rpd: 4 } };
      const client = scene.client({ project: 'p', limits, onDailyLimit: 'wait', ...store });
      await scene.run(everybody(client, 4));
      const waiting = Array.from({ length: 3 }, () => scene.watch(client.generate(PROMPT)));
      await scene.pass(10 * MINUTE);
      assert.deepEqual(
        waiting.map(({ state }) => state),
        ['waits', 'waits', 'waits'],
      );
      // The lid is closed for ten hours: midnight passes, and no timer counts the time.
      step(10 * HOUR);
      await scene.pass(10 * MINUTE);
      assert.deepEqual(
        waiting.map(({ state }) => state),
        ['served', 'served', 'served'],
      );
      assert.equal(scene.overLimit(), 0);
    });

    it(`asks once where its clock was set and the day is not over, kept ${kept}`, async () => {
      scene = await openScene({ limits: { '*': { rpd: 4 } } }, EVENING);
      const asked: number[] = [];
      // The service's own clock is right: it goes on refusing until the true midnight.
      const spent = (): boolean => asked.length > 4;
      const client = scene.client({
        project: 'p',
        limits: { [PRO]: { rpd: 4 } },
        onDailyLimit: 'wait',
        ...(kept === 'by the client' ? {} : { store: memoryStore() }),
        fetch: async (input, init) => {
          asked.push(performance.now());
          if (!spent()) return scene.emulator.fetch(input, init);
          const quotaId = 'GenerateRequestsPerDayPerProjectPerModel';
          const violations = [{ quotaId, quotaValue: '4' }];
          const type = 'type.googleapis.com/google.rpc.QuotaFailure';
          const details = [{ '@type': type, violations }];
          const error = { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'spent', details };
          return Response.json({ error }, { status: 429 });
        },
      });
      await scene.run(everybody(client, 4));
      const waiting = Array.from({ length: 3 }, () => scene.watch(client.generate(PROMPT)));
      await scene.pass(10 * MINUTE);
      step(10 * HOUR);
      await scene.pass(2 * HOUR);
      assert.ok(waiting.every(({ state }) => state === 'waits'));
      const probes = asked.length - 4;
      assert.ok(probes >= 1 && probes <= 12, `${probes} in two hours`);
    });
  }
});
