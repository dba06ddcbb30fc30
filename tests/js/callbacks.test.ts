/** The caller's own functions: what they throw ends neither a call nor the process. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import { createEmulator, type Emulator } from '../../pkg/emulator/index.js';
import { type Client, type ClientOptions, createClient, QuotaTracker } from '../../pkg/index.js';
import { NOON, runThrough, TIMERS } from './support/clock.ts';

const PRO = 'gemini-3-pro-image';
const LITE = 'gemini-3.1-flash-lite-image';
const PROMPT = 'a paper boat on a calm lake';
const MINE = new Error('my own fault');

let clock: FakeTimers.Clock;
let emulator: Emulator;
let said: unknown[][];
let uncaught: unknown[];
const clients: Client[] = [];
const note = (error: unknown): void => void uncaught.push(error);

beforeEach(async () => {
  clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
  emulator = await createEmulator({ transit: 0, latency: 0, clockOffset: 0 });
  said = [];
  uncaught = [];
  mock.method(console, 'error', (...line: unknown[]) => void said.push(line));
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
});

afterEach(async () => {
  for (const own of clients.splice(0)) own.close();
  // An unhandled rejection is told after the microtasks.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
  mock.restoreAll();
  emulator.close();
  clock.uninstall();
  assert.deepEqual(uncaught, [], 'the process was told');
});

function client(options: ClientOptions = {}): Client {
  const apiKey = 'a-key-of-nobody';
  const own = createClient({ apiKey, fetch: emulator.fetch, models: [PRO], ...options });
  clients.push(own);
  return own;
}

const run = <T>(work: Promise<T>): Promise<T> => runThrough(clock, work);

/** Ways of a function to fail. */
const FAILURES: Record<string, () => never> = {
  throws: () => {
    throw MINE;
  },
  rejects: () => Promise.reject(MINE) as never,
  'gives a promise whose `then` throws': () =>
    Object.defineProperty({}, 'then', {
      get: () => {
        throw MINE;
      },
    }) as never,
};

for (const [how, fails] of Object.entries(FAILURES)) {
  describe(`a function of the caller's that ${how}`, () => {
    it('as a listener and `onRetry` is told of once each, and the call goes on', async () => {
      emulator.script(['503', '503', '503']);
      const names = ['attempt', 'retry', 'waiting', 'success'] as const;
      // Each has a function of its own: of one function once is said.
      const on = Object.fromEntries(names.map((name) => [name, () => fails()]));
      const own = client({ on });
      const result = await run(own.generate(PROMPT, { onRetry: () => fails() }));
      assert.equal(result.attempts.length, 4);
      assert.equal(said.length, 5);
      assert.ok(said.every(([line]) => /^unexhausted: .* failed/.test(String(line))));
      assert.ok(said.every(([, error]) => error === MINE));
    });

    it('as `shouldRetry` has decided nothing', async () => {
      emulator.script(['503', '400']);
      const call = client().generate(PROMPT, { shouldRetry: () => fails() });
      const error = await run(call.catch((thrown: unknown) => thrown));
      assert.equal((error as { kind?: string }).kind, 'invalid_request');
      assert.equal(emulator.ledger().totals.requests, 2);
    });

    it('as `fallbackOn` has decided nothing', async () => {
      emulator.script(['500']);
      const own = client({ models: [PRO, LITE], fallbackOn: () => fails() });
      const result = await run(own.generate(PROMPT));
      assert.equal(result.model, PRO, 'a 500 is tried again first');
      assert.equal(said.length, 1);
    });

    it('as `onAlert` of a tracker', () => {
      const tracker = new QuotaTracker({ rpm: 2, alertAt: 0.5, onAlert: () => fails() });
      tracker.recordRequest();
      assert.equal(tracker.usage()[0]?.used, 1);
    });
  });
}

describe('a promise', () => {
  const later = async <T>(value: T): Promise<T> => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return value;
  };

  it('of `shouldRetry` is awaited: true', async () => {
    emulator.script(['400']);
    const result = await run(client().generate(PROMPT, { shouldRetry: () => later(true) }));
    assert.equal(result.attempts.length, 2);
  });

  it('of `shouldRetry` is awaited: false', async () => {
    emulator.script(['503']);
    const call = client().generate(PROMPT, { shouldRetry: () => later(false) });
    const error = await run(call.catch((thrown: unknown) => thrown));
    assert.equal((error as { kind?: string }).kind, 'overloaded');
    assert.equal(emulator.ledger().totals.requests, 1);
  });

  it('of `shouldRetry` is awaited: a delay, also in `retry`', async () => {
    let calls = 0;
    const began = clock.now;
    const value = await run(
      client().retry(
        async () => {
          calls += 1;
          if (calls === 1) throw Object.assign(new Error('no'), { status: 400 });
          return calls;
        },
        { shouldRetry: () => later({ delay: 7_000 }) },
      ),
    );
    assert.equal(value, 2);
    assert.equal(clock.now - began, 7_050);
  });

  it('of `fallbackOn` is awaited', async () => {
    emulator.script(['503']);
    const own = client({ models: [PRO, LITE], fallbackOn: () => later(true) });
    const result = await run(own.generate(PROMPT));
    assert.equal(result.model, LITE);
  });

  it('of `shouldRetry` that says nothing leaves it to `fallbackOn`', async () => {
    emulator.script(['503']);
    const own = client({ models: [PRO, LITE], fallbackOn: () => true });
    const call = own.generate(PROMPT, { shouldRetry: () => later(undefined) });
    assert.equal((await run(call)).model, LITE);
  });

  it('that comes after the end of its call changes nothing', async () => {
    emulator.script(['503']);
    const own = client();
    const controller = new AbortController();
    const call = own.generate(PROMPT, {
      signal: controller.signal,
      shouldRetry: () => later(true),
    });
    const ended = call.catch((thrown: unknown) => thrown);
    await clock.tickAsync(10);
    controller.abort(MINE);
    assert.equal(await ended, MINE);
    // The number of the ended call is given to the next.
    const next = own.generate(PROMPT);
    assert.equal((await run(next)).attempts.length, 1);
    await clock.tickAsync(1_000);
    assert.equal(emulator.ledger().totals.requests, 2);
  });

  it('that never comes ends with the deadline', async () => {
    emulator.script(['503']);
    const call = client().generate(PROMPT, {
      deadline: 5_000,
      shouldRetry: () => new Promise<boolean>(() => {}),
    });
    const error = await run(call.catch((thrown: unknown) => thrown));
    assert.equal((error as { kind?: string }).kind, 'deadline');
  });
});

describe('a `fetch` whose answer cannot be read', () => {
  const throws = (): never => {
    throw MINE;
  };
  const unread = (name: string): object =>
    Object.defineProperty({ status: 200 }, name, { get: throws, enumerable: true });
  const ANSWERS: Record<string, object> = {
    'has no keys to tell': { status: 200, json: async () => new Proxy({}, { ownKeys: throws }) },
    'has a body with a getter that throws': { status: 200, json: async () => unread('candidates') },
    'has a `json` that throws': { status: 200, json: throws },
    'has no `json`': { status: 200 },
    'has no headers to read': unread('headers'),
    'has headers that throw': { status: 200, headers: { get: throws } },
    'has no body to read': unread('body'),
    'has no `text`': { status: 500 },
  };
  for (const [how, answer] of Object.entries(ANSWERS)) {
    it(`since it ${how} ends no other call`, async () => {
      const beside = client().retry(async () => {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        return 7;
      });
      const own = client({ fetch: (async () => answer) as never });
      const ended = await run(own.generateWithRetry(PROMPT, 1).catch((error: unknown) => error));
      assert.doesNotMatch(String(ended), /failed inside/);
      assert.equal(await run(beside), 7);
    });
  }
});
