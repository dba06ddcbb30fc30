/** Bounds that callers set: money, smaller pictures, a share of the deadline, hours of the day. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../pkg/emulator/index.js';
import {
  type Client,
  type ClientEvents,
  type ClientOptions,
  createClient,
  type GenerateError,
  type GenerateRequest,
  memoryStore,
  type QuotaStore,
  type RetryContext,
} from '../../pkg/index.js';
import { NOON, runThrough, TIMERS } from './support/clock.ts';
import { errorOf } from './support/failing.ts';

const KEY = 'a-key-of-nobody';
const PRO = 'gemini-3-pro-image';
const CHEAP = 'gemini-nano-banana-2.1';
const PROMPT = 'a paper boat on a calm lake';
const HOUR = 3_600_000;

let clock: FakeTimers.Clock;
let emulator: Emulator;
const clients: Client[] = [];

async function open(options: EmulatorOptions = {}, now = NOON): Promise<void> {
  clock?.uninstall();
  clock = FakeTimers.install({ now, toFake: TIMERS });
  emulator = await createEmulator({ transit: 0, latency: 0, clockOffset: 0, ...options });
}

beforeEach(() => open());

afterEach(() => {
  mock.restoreAll();
  for (const own of clients.splice(0)) own.close();
  emulator.close();
  clock.uninstall();
});

function client(options: ClientOptions = {}): Client {
  const own = createClient({ apiKey: KEY, fetch: emulator.fetch, models: [PRO], ...options });
  clients.push(own);
  return own;
}

const run = <T>(work: Promise<T>): Promise<T> => runThrough(clock, work);

const fails = (work: Promise<unknown>): Promise<GenerateError> => run(errorOf(work));

const asked = (): string[] => emulator.ledger().requests.map(({ model }) => model);

describe('a budget', () => {
  it('is a hard stop: what does not fit is not sent', async () => {
    const own = client({ budget: { total: 0.3 } });
    await run(own.generate(PROMPT));
    await run(own.generate(PROMPT));
    const error = await fails(own.generate(PROMPT));
    assert.equal(error.kind, 'over_budget');
    assert.equal(error.retryAt, undefined);
    assert.match(error.message, /no request was sent/);
    assert.match(error.advice, /budget\.total/);
    assert.equal(asked().length, 2);
  });

  it('lets a cheaper model of the chain through', async () => {
    const own = client({ models: [PRO, CHEAP], budget: { total: 0.2 } });
    assert.equal((await run(own.generate(PROMPT))).model, PRO);
    const second = await run(own.generate(PROMPT));
    assert.equal(second.model, CHEAP);
    assert.deepEqual(
      second.switches.map(({ from, to, kind }) => [from, to, kind]),
      [[PRO, CHEAP, 'over_budget']],
    );
  });

  it('is reserved before sending: a crowd does not exceed it together', async () => {
    const own = client({ budget: { total: 0.5 } });
    const all = await run(
      Promise.allSettled(Array.from({ length: 9 }, () => own.generate(PROMPT))),
    );
    assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 3);
    assert.equal(asked().length, 3);
  });

  it('is not spent by what the service refuses', async () => {
    emulator.script([{ fault: '503', times: 2 }]);
    const own = client({ budget: { total: 0.2 } });
    await run(own.generate(PROMPT));
    const { spent, possible, total } = await run(own.costs());
    assert.ok(spent > 0.134 && spent < 0.15, `${spent}`);
    assert.equal(possible, 0);
    assert.deepEqual(total, { used: spent, limit: 0.2 });
  });

  it('counts what lost answers may have cost', async () => {
    emulator.script([{ fault: 'reset', times: 1 }]);
    const own = client({ budget: { total: 1 } });
    const result = await run(own.generate(PROMPT));
    const { spent, possible, total } = await run(own.costs());
    assert.ok(possible > 0.134 && possible < 0.15, 'what was reserved for it');
    assert.equal(result.possibleCost, 0.134);
    assert.ok(Math.abs((total?.used ?? 0) - spent - possible) < 1e-9);
  });

  it('tells once that 70 % of it are used', async () => {
    const own = client({ budget: { total: 0.5 } });
    const alerts: ClientEvents['budgetAlert'][] = [];
    own.on('budgetAlert', (alert) => alerts.push(alert));
    for (let call = 0; call < 3; call += 1) await run(own.generate(PROMPT));
    assert.equal(alerts.length, 1);
    assert.equal(alerts[0]?.period, 'total');
    assert.equal(alerts[0]?.limit, 0.5);
    assert.ok((alerts[0]?.used ?? 0) >= 0.35);
  });

  it('a day ends at midnight Pacific', async () => {
    const warn = mock.method(console, 'warn', () => undefined);
    const own = client({ budget: { perDay: 0.2 } });
    assert.equal(warn.mock.callCount(), 1, 'the process may end before the day does');
    await run(own.generate(PROMPT));
    const error = await fails(own.generate(PROMPT));
    assert.equal(error.kind, 'over_budget');
    const until = (error.retryAt?.getTime() ?? 0) - Date.now();
    assert.ok(until > 0 && until <= 25 * HOUR, `${until}`);
    clock.tick(until + 1);
    await run(own.generate(PROMPT));
    assert.equal(asked().length, 2);
    assert.ok(((await run(own.costs())).today?.used ?? 1) < 0.2);
  });

  it('is waited for by those who wait for the day', async () => {
    mock.method(console, 'warn', () => undefined);
    const own = client({ budget: { perDay: 0.2 }, onDailyLimit: 'wait' });
    await run(own.generate(PROMPT));
    const start = Date.now();
    await run(own.generate(PROMPT, { priority: 'background' }));
    assert.ok(Date.now() - start > HOUR);
  });

  it('is shared through a store, and outlives the client there', async () => {
    const options = { budget: { total: 0.3 }, store: memoryStore() };
    const first = client(options);
    await run(first.generate(PROMPT));
    first.close();
    const second = client(options);
    await run(second.generate(PROMPT));
    assert.equal((await fails(second.generate(PROMPT))).kind, 'over_budget');
    assert.equal(asked().length, 2);
  });

  it('is not over because its store is away, or has forgotten', async () => {
    let inner = memoryStore();
    let isDown = false;
    const store: QuotaStore = {
      transact: (key, update) =>
        isDown ? Promise.reject(new Error('down')) : inner.transact(key, update),
    };
    const own = client({ budget: { total: 10 }, store, project: 'ours' });
    await run(own.generate(PROMPT));
    isDown = true;
    await run(own.generate(PROMPT));
    isDown = false;
    await run(own.generate(PROMPT));
    inner = memoryStore();
    await run(own.generate(PROMPT));
    assert.equal(asked().length, 4);
  });

  it('lets money that comes back be spent at once, by whichever model', async () => {
    mock.method(console, 'warn', () => undefined);
    emulator.script([{ fault: '400', times: 1, model: PRO, after: 5_000 }]);
    const own = client({ budget: { perDay: 0.15 }, onDailyLimit: 'wait' });
    const start = Date.now();
    const first = own.generate(PROMPT).catch(({ kind }: GenerateError) => kind);
    const second = await run(own.generate(PROMPT, { models: [CHEAP] }));
    assert.equal(await first, 'invalid_request');
    assert.equal(second.model, CHEAP);
    assert.ok(Date.now() - start < 60_000);
  });

  it('keeps nobody behind a call that waits for its next day', async () => {
    mock.method(console, 'warn', () => undefined);
    const own = client({ budget: { perDay: 0.3 } });
    await run(own.generate(PROMPT));
    const large = { contents: PROMPT, config: { imageConfig: { imageSize: '4K' } } };
    const waits = own.generate(large, { onDailyLimit: 'wait' });
    const start = Date.now();
    await run(own.generate(PROMPT));
    assert.ok(Date.now() - start < 60_000);
    await run(waits);
    assert.ok(Date.now() - start > HOUR);
  });

  it('of a day takes nothing back that was spent the day before', async () => {
    mock.method(console, 'warn', () => undefined);
    const midnight = NOON - (NOON % (24 * HOUR)) + 32 * HOUR;
    await open({}, midnight - 5_000);
    emulator.script([{ fault: '400', times: 1, after: 20_000 }]);
    const own = client({ budget: { perDay: 0.2 } });
    const before = own.generate(PROMPT).catch(({ kind }: GenerateError) => kind);
    clock.tick(10_000);
    await run(own.generate(PROMPT));
    assert.equal(await run(before), 'invalid_request');
    assert.ok(((await run(own.costs())).today?.used ?? 0) > 0.13);
    assert.equal((await fails(own.generate(PROMPT))).kind, 'over_budget');
  });

  it('tells that it cannot count a model without a price', async () => {
    const warn = mock.method(console, 'warn', () => undefined);
    await fails(client({ models: ['my-own-image'], budget: { total: 1 } }).generate(PROMPT));
    assert.match(String(warn.mock.calls[0]?.arguments[0]), /my-own-image.*`price`/);
  });

  it('and degrade refuse to be empty', () => {
    assert.throws(() => client({ budget: {} }), /`total`, `perDay`/);
    assert.throws(() => client({ degrade: {} as never }), /`degrade` needs `to`/);
  });

  it('counts the calls of other SDKs by the price of their model', async () => {
    const own = client({ budget: { total: 0.2 } });
    let calls = 0;
    const call = async (): Promise<number> => {
      calls += 1;
      return calls;
    };
    await run(own.retry(call, { model: PRO }));
    assert.equal((await fails(own.retry(call, { model: PRO }))).kind, 'over_budget');
    assert.equal(calls, 1);
  });

  it('needs the ledger', () => {
    assert.throws(() => client({ budget: { total: 1 }, limits: 'none' }), /`budget` needs/);
  });
});

describe('maxCost', () => {
  it('skips what costs more, before a request', async () => {
    const result = await run(client({ models: [PRO, CHEAP] }).generate(PROMPT, { maxCost: 0.1 }));
    assert.deepEqual(asked(), [CHEAP]);
    assert.equal(result.switches[0]?.kind, 'over_budget');
    const error = await fails(client().generate(PROMPT, { maxCost: 0.1 }));
    assert.equal(error.kind, 'over_budget');
    assert.match(error.advice, /maxCost/);
  });

  it('counts an attempt whose answer was lost', async () => {
    emulator.script([{ fault: 'reset', times: 1 }]);
    const error = await fails(client().generate(PROMPT, { maxCost: 0.2 }));
    assert.equal(error.kind, 'over_budget');
    assert.deepEqual(asked(), [PRO]);
  });

  it('leaves a time limit of `retry` as it is', async () => {
    const hangs = ({ signal }: RetryContext): Promise<never> =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const start = Date.now();
    const options = { model: PRO, timeout: 30_000, maxCost: 0.2 };
    await fails(client().retry(hangs, options));
    assert.ok(Date.now() - start < 40_000);
    await assert.rejects(client().retry(hangs, { maxCost: 1 }), /`maxCost` needs `model`/);
  });

  it('makes no picture smaller', async () => {
    const own = client({ models: [PRO, CHEAP], degrade: { to: ['1K'] } });
    const large = { contents: PROMPT, config: { imageConfig: { imageSize: '4K' } } };
    const result = await run(own.generate(large, { maxCost: 0.2 }));
    assert.deepEqual([result.model, result.size], [CHEAP, '4K']);
  });

  it('waits for an attempt in flight, where it may not pay for another', async () => {
    await open({ latency: 200_000 });
    const silent: typeof fetch = (input, init) => {
      const headers = new Headers(init?.headers);
      headers.delete('x-server-timeout');
      return emulator.fetch(input, { ...init, headers });
    };
    const own = client({ fetch: silent });
    const result = await run(own.generate(PROMPT, { maxCost: 0.2, timeout: 60_000 }));
    assert.equal(result.attempts.length, 1);
    assert.deepEqual(asked(), [PRO]);
  });
});

describe('degrade', () => {
  const large: GenerateRequest = {
    contents: PROMPT,
    config: { imageConfig: { imageSize: '4K', aspectRatio: '16:9' } },
  };

  it('asks a model that keeps timing out for a smaller picture, before the next', async () => {
    emulator.script([{ fault: '504', times: 2, model: PRO }]);
    const own = client({ models: [PRO, CHEAP], degrade: { on: 'timeout', to: ['2K', '1K'] } });
    const result = await run(own.generate(large));
    assert.deepEqual(asked(), [PRO, PRO, PRO]);
    assert.equal(result.size, '2K');
    assert.ok((result.cost ?? 1) < 0.15, 'the price of the smaller picture');
    assert.deepEqual(
      result.switches.map(({ from, to, kind }) => [from, to, kind]),
      [[PRO, `${PRO} at 2K`, 'timeout']],
    );
  });

  it('goes on to the next model for anything else', async () => {
    emulator.script([{ fault: '503', times: 1, model: PRO }]);
    const own = client({ models: [PRO, CHEAP], degrade: { to: ['2K'] } });
    const result = await run(own.generate(large));
    assert.deepEqual(asked(), [PRO, CHEAP]);
    assert.equal(result.size, '4K');
  });

  it('enlarges nothing', async () => {
    emulator.script([{ fault: '504', times: 2, model: PRO }]);
    const own = client({ models: [PRO, CHEAP], degrade: { to: ['4K', '2K'] } });
    assert.equal((await run(own.generate(PROMPT))).model, CHEAP);
  });
});

describe('a deadline', () => {
  it('is shared out: a slow first model leaves time for the next', async () => {
    await open({ latency: 1_000 });
    const slow: typeof fetch = async (input, init) => {
      if (!String(input).includes(PRO)) return emulator.fetch(input, init);
      return new Promise((_, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      });
    };
    const start = Date.now();
    const own = client({ models: [PRO, CHEAP], fetch: slow });
    const result = await run(own.generate(PROMPT, { deadline: 60_000 }));
    assert.equal(result.model, CHEAP);
    assert.ok(Date.now() - start <= 32_000, 'half of it was the first model’s');
    assert.equal(result.possibleCost, 0.134);
  });
});

describe('avoidPeak', () => {
  const ten = NOON - (NOON % (24 * HOUR)) + 10 * HOUR;

  it('keeps background calls out of the hours of overload', async () => {
    await open({}, ten);
    const own = client({ avoidPeak: true });
    own.on('retry', () => assert.fail('nothing has failed'));
    const waits: number[] = [];
    own.on('waiting', ({ retryAt }) => waits.push(retryAt.getTime()));
    await run(own.generate(PROMPT, { priority: 'background' }));
    assert.equal(new Date().getUTCHours(), 11);
    assert.deepEqual(waits, [ten + HOUR]);
  });

  it('holds no interactive call, and none whose deadline is sooner', async () => {
    await open({}, ten);
    const own = client({ avoidPeak: true });
    await run(own.generate(PROMPT));
    await run(own.generate(PROMPT, { priority: 'background', deadline: HOUR / 2 }));
    assert.ok(Date.now() < ten + 60_000);
  });

  it('learns the hours in which this client has seen storms', async () => {
    await open({}, ten + 3 * HOUR);
    emulator.script([{ fault: '503', times: 4 }]);
    const own = client({
      avoidPeak: true,
      retry: { maxAttempts: 5, overloaded: { maxDelay: 1_000 } },
    });
    await run(own.generate(PROMPT));
    const start = Date.now();
    await run(own.generate(PROMPT, { priority: 'background' }));
    assert.equal(new Date().getUTCHours(), 14);
    assert.ok(Date.now() - start > HOUR / 2);
  });
});
