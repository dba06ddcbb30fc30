/** `createClient`: the chain, waits, time limits, aborts, events, and `retry` around other SDKs. */
import assert from 'node:assert/strict';
import { afterEach, before, beforeEach, describe, it, mock } from 'node:test';
import { inflateSync } from 'node:zlib';
import { GoogleGenAI } from '@google/genai';
import FakeTimers from '@sinonjs/fake-timers';
import {
  createEmulator,
  type Emulator,
  type FaultName,
  type ScriptedFault,
} from '../../pkg/emulator/index.js';
import {
  type Client,
  type ClientEvents,
  type ClientOptions,
  classifyError,
  createClient,
  errorInfo,
  GenerateError,
  type GenerateErrorKind,
  type RetryContext,
  type RetryEvent,
} from '../../pkg/index.js';
import { NOON, runThrough, TIMERS, turns } from './support/clock.ts';
import { errorOf } from './support/failing.ts';

const KEY = 'a-key-of-nobody';
const PRO = 'gemini-3-pro-image';
const NEXT = 'gemini-nano-banana-2.1';
const LITE = 'gemini-3.1-flash-lite-image';
const PROMPT = 'a paper boat on a calm lake';

let clock: FakeTimers.Clock;
let emulator: Emulator;

beforeEach(async () => {
  clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
  emulator = await createEmulator({ transit: 0, latency: 0, clockOffset: 0 });
});

afterEach(() => {
  mock.restoreAll();
  // What a failed test left waiting would go on in real time.
  for (const own of clients.splice(0)) own.close();
  emulator.close();
  clock.uninstall();
});

const clients: Client[] = [];

function client(options: ClientOptions = {}): Client {
  const own = createClient({ apiKey: KEY, fetch: emulator.fetch, ...options });
  clients.push(own);
  return own;
}

/** A service that does not honour X-Server-Timeout: the fake one would answer 504 in time. */
const deaf: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.delete('x-server-timeout');
  return emulator.fetch(input, { ...init, headers });
};

const one = (options: ClientOptions = {}): Client => client({ models: [PRO], ...options });

const run = <T>(work: Promise<T>): Promise<T> => runThrough(clock, work);

async function fails(work: Promise<unknown>, kind: GenerateErrorKind): Promise<GenerateError> {
  const error = await run(errorOf(work));
  assert.equal(error.kind, kind);
  return error;
}

const asked = (): string[] => emulator.ledger().requests.map(({ model }) => model);
const times = (fault: FaultName, count: number, more: Partial<ScriptedFault> = {}): ScriptedFault =>
  ({ fault, times: count, ...more }) as ScriptedFault;

describe('the chain', () => {
  const rows: [string, (ScriptedFault | FaultName)[], string[], string][] = [
    ['503: the wait is too long while there is a next', ['503'], [PRO, NEXT], 'overloaded'],
    ['a bare 429: once more, then the next', [times('429-bare', 2)], [PRO, PRO, NEXT], ''],
    ['500: once more, then the next', [times('500', 2)], [PRO, PRO, NEXT], 'server_error'],
    ['a reset: once more, then the next', [times('reset', 2)], [PRO, PRO, NEXT], 'network'],
    [
      'a long hint: the next at once',
      [{ fault: '429-detailed', retryDelay: '31s' }],
      [PRO, NEXT],
      'rate_limited',
    ],
    ['a spent day: the next at once', ['429-day'], [PRO, NEXT], 'daily_quota'],
    ['not in the tier: the next at once', ['429-limit-zero'], [PRO, NEXT], 'not_in_tier'],
    ['a retired model: the next at once', ['retired'], [PRO, NEXT], 'model_not_found'],
    ['no picture: once more, then the next', [times('no-image', 2)], [PRO, PRO, NEXT], 'no_image'],
    ['a text alone is no picture', [times('text-only', 2)], [PRO, PRO, NEXT], 'no_image'],
    [
      'two models in trouble',
      ['429-day', times('503', 1, { model: NEXT })],
      [PRO, NEXT, LITE],
      'overloaded',
    ],
  ];
  for (const [name, script, models, kind] of rows) {
    it(name, async () => {
      emulator.script(script);
      const result = await run(client().generate(PROMPT));
      assert.deepEqual(asked(), models);
      assert.equal(result.model, models.at(-1));
      assert.equal(result.requestedModel, PRO);
      assert.deepEqual(
        result.attempts.map(({ model }) => model),
        models,
      );
      assert.deepEqual(
        result.attempts.map(({ attempt }) => attempt),
        models.map((_, index) => index + 1),
      );
      assert.equal(result.attempts.at(-1)?.kind, undefined);
      if (kind !== '') assert.equal(result.attempts.at(-2)?.kind, kind);
    });
  }

  const stops: [FaultName, GenerateErrorKind, number | undefined][] = [
    ['400', 'invalid_request', 400],
    ['413', 'too_large', 413],
    ['blocked', 'blocked', 200],
    ['image-safety', 'blocked', 200],
    ['bad-key', 'unauthenticated', 400],
    ['no-key', 'forbidden', 403],
    ['leaked-key', 'forbidden', 403],
    ['402', 'billing', 402],
    ['429-monthly-cap', 'billing', 429],
  ];
  for (const [fault, kind, status] of stops) {
    it(`${fault} stops: the next model of the account would fare no better`, async () => {
      emulator.script(fault);
      const work = client().generate(PROMPT);
      const error = await run(
        work.then(
          () => assert.fail('it succeeded'),
          (thrown: GenerateError) => thrown,
        ),
      );
      // A 403 may be said of the key or of the right to use it.
      const kinds = status === 403 ? ['forbidden', 'unauthenticated'] : [kind];
      assert.ok(kinds.includes(error.kind), error.kind);
      assert.deepEqual([error.status, error.isRetryable], [status, false]);
      assert.deepEqual(asked(), [PRO]);
      assert.equal(error.model, PRO);
    });
  }

  it('the trouble of an account ends at the next account', async () => {
    for (const fault of ['402', 'bad-key', 'leaked-key', '429-spend'] as const) {
      emulator.reset();
      emulator.script([times(fault, 1, { model: PRO })]);
      const models = [PRO, NEXT, { model: LITE, apiKey: 'a-key-of-somebody' }];
      const result = await run(client({ models }).generate(PROMPT));
      assert.deepEqual(asked(), [PRO, LITE], fault);
      assert.equal(result.model, LITE);
    }
  });

  it('the last model is waited for, as long as it takes', async () => {
    emulator.script([PRO, NEXT, LITE].map((model) => ({ fault: '503', model })));
    const result = await run(client().generate(PROMPT));
    assert.deepEqual(asked(), [PRO, NEXT, LITE, LITE]);
    assert.ok(result.waited >= 20_000 && result.waited <= 25_001, `${result.waited}`);
  });

  it('fallbackOn leaves a model, or stays with it', async () => {
    emulator.script([times('400', 1, { model: PRO })]);
    const leaves = client({
      models: [PRO, NEXT],
      fallbackOn: ({ kind }) => kind === 'invalid_request',
    });
    assert.equal((await run(leaves.generate(PROMPT))).model, NEXT);
    emulator.reset();
    emulator.script([times('500', 3, { model: PRO })]);
    const stays = client({ models: [PRO, NEXT] });
    const result = await run(stays.generate(PROMPT, { fallbackOn: () => false }));
    assert.deepEqual([result.model, result.attempts.length], [PRO, 4]);
  });

  it('fallbackOn leaves nobody for nowhere, and the drop-in as it is', async () => {
    emulator.script([times('503', 1)]);
    const own = client({ models: [PRO], fallbackOn: () => true });
    assert.equal((await run(own.generate(PROMPT))).attempts.length, 2);
    emulator.reset();
    emulator.script([times('503', 1)]);
    await run(client({ fallbackOn: () => true }).generateWithRetry(PROMPT));
    assert.equal(asked().length, 2);
  });

  it('who stays with a model waits for it as anybody does', async () => {
    emulator.script([times('503', 12)]);
    const own = client({ fallbackOn: () => false });
    const result = await run(own.generate(PROMPT, { priority: 'background' }));
    assert.equal(result.attempts.length, 13);
  });

  it('a limit per minute uses up no attempt', async () => {
    emulator.script([times('429-detailed', 12, { retryDelay: '9s' })]);
    const result = await run(one().generate(PROMPT));
    assert.equal(result.attempts.length, 13);
    assert.ok(result.waited >= 12 * 9_000 && result.waited <= 12 * 10_900, `${result.waited}`);
  });

  it('a request that a model cannot do skips it, and the result says so', async () => {
    const request = { contents: PROMPT, config: { imageConfig: { imageSize: '4K' } } };
    const result = await run(client({ models: [LITE, PRO] }).generate(request));
    assert.deepEqual(asked(), [PRO]);
    assert.deepEqual(result.skipped, [
      { model: LITE, lacks: 'size', reason: 'it cannot do the size that the request asks for' },
    ]);
  });

  it('the model of the request goes first, the models of the call replace the chain', async () => {
    emulator.script([times('429-day', 1)]);
    const result = await run(client().generate({ model: LITE, contents: PROMPT }));
    assert.deepEqual(asked(), [LITE, PRO]);
    assert.equal(result.requestedModel, LITE);
    emulator.reset();
    await run(client().generate(PROMPT, { models: [NEXT] }));
    assert.deepEqual(asked(), [NEXT]);
  });

  it('calls that all fail share a budget of retries', async () => {
    emulator.configure({ faults: ['503'] });
    const policy = { baseDelay: 10, jitter: 0 };
    // Without queues nobody notices that it is an outage.
    const shared = one({ retry: policy, limits: 'none' });
    const calls = Array.from({ length: 50 }, () => shared.generate(PROMPT).catch(() => {}));
    await run(Promise.all(calls));
    // 10, and a fifth of the 50 calls.
    assert.equal(emulator.ledger().totals.requests, 50 + 10 + 10);
  });
});

describe('a result', () => {
  it('has a picture that decodes', async () => {
    const result = await run(one().generate(PROMPT));
    const [image] = result.images;
    assert.ok(image);
    assert.equal(image.mimeType, 'image/png');
    const png = Buffer.from(image.bytes());
    assert.equal(png.subarray(1, 4).toString(), 'PNG');
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
    const at = png.indexOf('IDAT');
    const pixels = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
    assert.equal(pixels.length, height * (width * 3 + 1));
    assert.equal(image.data, result.response.data);
    assert.ok((result.usage?.totalTokenCount ?? 0) > 1_000);
    assert.equal(result.possibleCost, 0);
    assert.deepEqual(result.skipped, []);
  });

  it('leaves interim pictures out', async () => {
    emulator.script('thoughts');
    const result = await run(client().generate(PROMPT));
    assert.equal(result.images.length, 1);
    assert.equal(result.images[0]?.data, result.response.data);
  });

  const sizes: [string, string | undefined][] = [
    [PRO, undefined],
    [PRO, '1K'],
    [PRO, '2K'],
    [PRO, '4K'],
    [NEXT, undefined],
    [NEXT, '2K'],
    [NEXT, '4K'],
    [LITE, undefined],
    ['gemini-3.1-flash-image', '512'],
    ['gemini-3.1-flash-image', '4K'],
    ['gemini-2.5-flash-image', undefined],
  ];
  for (const [model, imageSize] of sizes) {
    it(`of ${model} costs what the service bills${imageSize ? ` at ${imageSize}` : ''}`, async () => {
      const config = imageSize === undefined ? {} : { imageConfig: { imageSize } };
      const request = { model, contents: PROMPT, config };
      const result = await run(client({ models: [model] }).generate(request));
      const { billed } = emulator.ledger().totals;
      assert.ok(billed > 0.03);
      assert.ok(Math.abs((result.cost ?? 0) - billed) < 1e-6, `${result.cost}, billed ${billed}`);
    });
  }

  it('says what a lost answer may have cost', async () => {
    for (const fault of ['cut', 'reset'] as const) {
      emulator.reset();
      emulator.script({ fault, billed: true });
      const result = await run(one().generate(PROMPT));
      assert.equal(result.attempts[0]?.kind, 'network');
      assert.equal(result.possibleCost, 0.134, fault);
      const { billed } = emulator.ledger().totals;
      const told = (result.cost ?? 0) + result.possibleCost;
      // By the table: what the lost answer thought is not known.
      assert.ok(Math.abs(told - billed) < 0.01, `${told}, billed ${billed}`);
    }
  });

  it('counts no error answer as a lost one', async () => {
    emulator.script(['503', '429-bare']);
    const result = await run(one().generate(PROMPT));
    assert.deepEqual([result.attempts.length, result.possibleCost], [3, 0]);
  });

  it('has no cost where no price is known', async () => {
    emulator.configure({ models: { 'my-own-model': PRO } });
    const result = await run(client({ models: ['my-own-model'] }).generate(PROMPT));
    assert.equal(result.cost, undefined);
  });
});

describe('time', () => {
  it('an attempt whose time is over stays in flight, and its late answer settles the call', async () => {
    emulator.script([
      { fault: 'ok', after: 15_000 },
      { fault: 'ok', after: 60_000 },
    ]);
    const work = one({ fetch: deaf, retry: { timeout: 10_000 } }).generate(PROMPT);
    const result = await run(work);
    assert.equal(Date.now() - NOON, 15_000, 'it ended with the first answer');
    const [first, second] = emulator.ledger().requests;
    assert.deepEqual([first?.outcome, first?.disconnected], ['served', false]);
    assert.equal(second?.disconnected, true, 'the other is given up');
    // A time that is given is kept to the millisecond; only the default has 10 s on top.
    const sent = (second?.sent ?? 0) - NOON;
    assert.ok(sent >= 10_250 && sent <= 11_001, `the second was sent after ${sent}`);
    assert.deepEqual(
      result.attempts.map(({ attempt, kind }) => [attempt, kind]),
      [
        [1, undefined],
        [2, 'cancelled'],
      ],
    );
    assert.equal(result.possibleCost, 0.134, 'the other is billed all the same');
    assert.equal(clock.countTimers(), 1, 'only the service is still at work');
  });

  it('at most one is in overtime', async () => {
    emulator.script([times('hang', 9)]);
    const work = one({ retry: { timeout: 1_000, maxAttempts: 3 } }).generate(PROMPT);
    const error = await fails(work, 'timeout');
    const { requests, totals } = emulator.ledger();
    assert.deepEqual([requests.length, totals.maxInFlight], [3, 2]);
    assert.ok(requests.every(({ disconnected }) => disconnected));
    assert.equal(error.attempts.length, 3);
    assert.equal(clock.countTimers(), 0);
  });

  it('the drop-in gives an attempt up whose time is over', async () => {
    emulator.script([{ fault: 'ok', after: 25_000 }]);
    const work = one({ fetch: deaf }).generateWithRetry(PROMPT, { timeout: 10_000, baseDelay: 1 });
    const response = await run(work);
    assert.ok(response.data);
    const [first, second] = emulator.ledger().requests;
    assert.equal(first?.disconnected, true);
    const sent = (second?.sent ?? 0) - NOON;
    assert.ok(sent >= 10_000 && sent <= 11_001, `the second was sent after ${sent}`);
  });

  it('the drop-in waits for ever where it is not told otherwise', async () => {
    emulator.script([{ fault: 'ok', after: 3_600_000 }]);
    assert.ok((await run(one().generateWithRetry(PROMPT))).data);
    assert.equal(Date.now() - NOON, 3_600_000);
    assert.equal(emulator.ledger().totals.requests, 1);
  });

  it('the service is told the time that it has', async () => {
    const told: (string | null)[] = [];
    const recording = one({
      fetch: (input, init) => {
        told.push(new Headers(init?.headers).get('x-server-timeout'));
        return emulator.fetch(input, init);
      },
    });
    const config = { imageConfig: { imageSize: '4K' } };
    const httpOptions = { timeout: 30_000 };
    await run(recording.generate(PROMPT));
    await run(recording.generate({ contents: PROMPT, config }));
    await run(recording.generate(PROMPT, { timeout: 45_500 }));
    await run(recording.generate({ contents: PROMPT, config: { httpOptions } }));
    await run(recording.generateWithRetry(PROMPT));
    await run(recording.generateWithRetry(PROMPT, { timeout: 20_000 }));
    await run(recording.generateWithFallback(PROMPT));
    assert.deepEqual(told, ['180', '300', '46', '30', null, '20', '180']);
  });

  it('a deadline ends a call in flight', async () => {
    emulator.script('hang');
    const error = await fails(one().generate(PROMPT, { deadline: 5_000 }), 'deadline');
    assert.equal(Date.now() - NOON, 5_000);
    assert.match(error.advice, /longer `deadline`/);
    assert.equal(emulator.ledger().requests[0]?.disconnected, true);
    assert.equal(clock.countTimers(), 0);
  });

  it('a deadline may be a Date', async () => {
    emulator.script('hang');
    const deadline = new Date(NOON + 7_000);
    await fails(one().generateWithRetry(PROMPT, { deadline }), 'deadline');
    assert.equal(Date.now() - NOON, 7_000);
  });

  it('a wait that does not fit the deadline is not begun', async () => {
    emulator.script([times('503', 5)]);
    const error = await fails(one().generate(PROMPT, { deadline: 40_000 }), 'deadline');
    assert.equal(error.status, 503, 'what the service said last is told too');
    assert.equal(emulator.ledger().totals.requests, 2);
    const took = Date.now() - NOON;
    assert.ok(took >= 20_000 && took <= 25_001, `it took ${took}`);
  });

  it('a deadline that is over sends nothing', async () => {
    await fails(one().generate(PROMPT, { deadline: 0 }), 'deadline');
    await fails(one().generate(PROMPT, { deadline: new Date(NOON - 1) }), 'deadline');
    assert.equal(emulator.ledger().totals.requests, 0);
  });

  it('a hint that is longer than it may be fails at once, with the time', async () => {
    emulator.script({ fault: '429-detailed', retryDelay: '200s' });
    const error = await fails(one().generate(PROMPT), 'rate_limited');
    assert.equal(Date.now(), NOON);
    assert.equal(error.retryAfter, 200_000);
    assert.equal(error.retryAt?.getTime(), NOON + 200_000);
    assert.deepEqual(error.quota?.dimension, 'requests_per_minute');
    emulator.script({ fault: '429-detailed', retryDelay: '200s' });
    const result = await run(one().generate(PROMPT, { maxServerDelay: 300_000 }));
    assert.ok(result.waited >= 200_000 && result.waited <= 240_001);
  });

  it('a spent day is retried at midnight Pacific, says the error', async () => {
    emulator.script('429-day');
    const error = await fails(one().generate(PROMPT), 'daily_quota');
    // It is 4 in the morning there, so 20 hours are left.
    assert.equal(error.retryAt?.getTime(), NOON + 20 * 3_600_000);
    assert.equal(error.quota?.dimension, 'requests_per_day');
  });
});

describe('an abort', () => {
  const reason = { why: 'the user left' };

  async function aborted(work: Promise<unknown>, abort: () => void): Promise<void> {
    const before = Date.now();
    const rejected = assert.rejects(work, (error) => error === reason);
    abort();
    await turns();
    await rejected;
    assert.equal(Date.now(), before, 'it took time');
    assert.equal(clock.countTimers(), 0, 'a timer is left');
  }

  it('before the start sends nothing', async () => {
    const signal = AbortSignal.abort(reason);
    const own = client();
    for (const work of [
      own.generate(PROMPT, { signal }),
      own.generateWithRetry(PROMPT, { signal }),
      own.generateWithFallback(PROMPT, { signal }),
      own.batchGenerate([PROMPT], { signal }),
      own.retry(() => assert.fail('it was called'), { signal }),
      own.generate({ contents: PROMPT, config: { abortSignal: signal } }),
    ]) {
      await assert.rejects(work, (error) => error === reason);
    }
    assert.equal(emulator.ledger().totals.requests, 0);
  });

  it('in flight ends the request', async () => {
    emulator.script('hang');
    const controller = new AbortController();
    const work = client().generate(PROMPT, { signal: controller.signal });
    await turns();
    assert.equal(emulator.ledger().totals.requests, 1);
    await aborted(work, () => controller.abort(reason));
    assert.equal(emulator.ledger().requests[0]?.disconnected, true);
  });

  it('while waiting ends the wait', async () => {
    emulator.script([times('503', 3)]);
    const controller = new AbortController();
    const work = one().generateWithRetry(PROMPT, { signal: controller.signal });
    await turns();
    await clock.tickAsync(1_000);
    await aborted(work, () => controller.abort(reason));
    await clock.tickAsync(100_000);
    assert.equal(emulator.ledger().totals.requests, 1);
  });

  it('in retry aborts the signal of the attempt', async () => {
    const controller = new AbortController();
    let context: RetryContext | undefined;
    const work = client().retry(
      (given) => {
        context = given;
        return new Promise(() => {});
      },
      { signal: controller.signal },
    );
    await turns();
    assert.equal(context?.signal.aborted, false);
    await aborted(work, () => controller.abort(reason));
    assert.equal(context?.signal.aborted, true);
  });

  it('of the request is honoured, beside one of the call too', async () => {
    for (const options of [{}, { signal: new AbortController().signal }]) {
      emulator.reset();
      emulator.script('hang');
      const controller = new AbortController();
      const config = { abortSignal: controller.signal };
      const work = one().generateWithRetry({ contents: PROMPT, config }, options);
      await turns();
      const ended = Promise.race([
        work.then(
          () => 'resolved',
          (error: unknown) => error,
        ),
        turns(40).then(() => 'still running'),
      ]);
      controller.abort(reason);
      assert.equal(await ended, reason);
    }
  });

  it('without a reason is an AbortError', async () => {
    emulator.script('hang');
    const controller = new AbortController();
    const work = one().generate(PROMPT, { signal: controller.signal });
    await turns();
    controller.abort();
    await assert.rejects(work, { name: 'AbortError' });
  });

  it('after the end changes nothing, and leaves no listener', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const add = mock.method(signal, 'addEventListener');
    const remove = mock.method(signal, 'removeEventListener');
    const result = await run(one().generate(PROMPT, { signal }));
    controller.abort(reason);
    assert.ok(result.images.length);
    assert.equal(remove.mock.callCount(), add.mock.callCount());
  });
});

describe('events', () => {
  type Told = { [Name in keyof ClientEvents]: [Name, ClientEvents[Name]] }[keyof ClientEvents];

  function listen(own: Client): Told[] {
    const told: Told[] = [];
    const names = ['attempt', 'retry', 'waiting', 'fallback', 'success', 'failure'] as const;
    for (const name of names) own.on(name, (event) => told.push([name, event] as Told));
    return told;
  }

  it('tell a call in order', async () => {
    emulator.script(['500', '429-day']);
    const own = client();
    const told = listen(own);
    const result = await run(own.generate(PROMPT));
    assert.deepEqual(
      told.map(([name]) => name),
      ['attempt', 'retry', 'waiting', 'attempt', 'fallback', 'attempt', 'success'],
    );
    assert.deepEqual(
      told.filter(([name]) => name === 'attempt').map(([, event]) => event),
      [
        { call: 1, attempt: 1, model: PRO },
        { call: 1, attempt: 2, model: PRO },
        { call: 1, attempt: 3, model: NEXT },
      ],
    );
    const waiting = told[2]?.[1] as RetryEvent;
    assert.deepEqual(
      [waiting.call, waiting.attempt, waiting.model, waiting.info.kind, waiting.info.status],
      [1, 1, PRO, 'server_error', 500],
    );
    assert.ok(waiting.delay >= 250 && waiting.delay <= 1_000);
    assert.equal(waiting.retryAt.getTime(), NOON + waiting.delay);
    assert.deepEqual(told[1]?.[1], waiting);
    const fallback = told[4]?.[1] as ClientEvents['fallback'];
    assert.deepEqual(
      [fallback.call, fallback.from, fallback.model, fallback.info.kind],
      [1, PRO, NEXT, 'daily_quota'],
    );
    assert.deepEqual(told.at(-1)?.[1], { call: 1, attempts: 3, waited: result.waited });
  });

  it('tell a failure with the very error', async () => {
    emulator.script('400');
    const own = client();
    const told = listen(own);
    const error = await fails(own.generate(PROMPT), 'invalid_request');
    assert.deepEqual(
      told.map(([name]) => name),
      ['attempt', 'failure'],
    );
    const failure = told[1]?.[1] as ClientEvents['failure'] | undefined;
    assert.equal(failure?.error, error);
  });

  it('number the calls of a client, and end with their listener', async () => {
    const seen: number[] = [];
    const own = client({ on: { attempt: ({ call }) => seen.push(call) } });
    const stop = own.on('success', ({ call }) => seen.push(-call));
    await run(Promise.all([own.generate(PROMPT), own.generate(PROMPT)]));
    assert.deepEqual(seen.slice(0, 2), [1, 2]);
    assert.deepEqual(seen.slice(2).sort(), [-1, -2]);
    stop();
    await run(own.generate(PROMPT));
    assert.deepEqual(seen.slice(4), [3]);
  });

  it('tell of retry too, without a model', async () => {
    const own = client();
    const told = listen(own);
    const error = Object.assign(new Error('overloaded'), { status: 503 });
    let calls = 0;
    await run(
      own.retry(async () => {
        calls += 1;
        if (calls === 1) throw error;
      }),
    );
    assert.deepEqual(
      told.map(([name]) => name),
      ['attempt', 'retry', 'waiting', 'attempt', 'success'],
    );
    assert.deepEqual(told[0]?.[1], { call: 1, attempt: 1 });
    const retried = told[1]?.[1] as RetryEvent | undefined;
    assert.equal(retried?.error, error);
  });

  it('a listener may start another call', async () => {
    const inner: Promise<unknown>[] = [];
    const own: Client = one({
      on: {
        success: ({ call }) => {
          if (call === 1) inner.push(own.generate(PROMPT));
        },
      },
    });
    await run(own.generate(PROMPT));
    await run(Promise.all(inner));
    assert.equal(emulator.ledger().totals.served, 2);
  });
});

describe('shouldRetry', () => {
  it('true retries what would not be', async () => {
    emulator.script('400');
    const asks: unknown[] = [];
    const result = await run(
      one().generate(PROMPT, {
        shouldRetry: ({ info, attempt, delay, error }) => {
          asks.push([info.kind, attempt, delay, typeof error]);
          return true;
        },
      }),
    );
    assert.deepEqual(asks, [['invalid_request', 1, null, 'object']]);
    assert.equal(result.attempts.length, 2);
    assert.ok(result.waited > 0);
  });

  it('false ends what would be retried', async () => {
    emulator.script('503');
    let delay: number | null = 0;
    const work = one().generate(PROMPT, {
      shouldRetry: (context) => {
        delay = context.delay;
        return false;
      },
    });
    await fails(work, 'overloaded');
    assert.ok(delay !== null && delay >= 20_000 && delay <= 25_000, 'the wait that was planned');
    assert.equal(emulator.ledger().totals.requests, 1);
  });

  it('a delay is waited, to the millisecond', async () => {
    emulator.script(['503', '400']);
    const delays: number[] = [];
    const result = await run(
      one().generate(PROMPT, {
        shouldRetry: () => ({ delay: 1_234 }),
        onRetry: (event) => delays.push(event.delay),
      }),
    );
    assert.deepEqual(delays, [1_234, 1_234]);
    assert.equal(result.waited, 2_468);
  });

  it('nothing, and an error, leave it to the classifier', async () => {
    for (const shouldRetry of [
      () => undefined,
      () => {
        throw new Error('undecided');
      },
    ]) {
      emulator.script(['503']);
      const result = await run(one().generate(PROMPT, { shouldRetry }));
      assert.equal(result.attempts.length, 2);
      emulator.script(['400']);
      await fails(one().generate(PROMPT, { shouldRetry }), 'invalid_request');
    }
  });

  it('true does not exceed the attempts', async () => {
    emulator.configure({ faults: ['400'] });
    const work = one({ retry: { maxAttempts: 3 } }).generate(PROMPT, { shouldRetry: () => true });
    await fails(work, 'invalid_request');
    assert.equal(emulator.ledger().totals.requests, 3);
  });
});

describe('close', () => {
  it('ends a batch in its pause', async () => {
    const own = one();
    const ended = own.batchGenerate([PROMPT, PROMPT], 60_000).catch((error: unknown) => error);
    await turns(40);
    assert.equal(emulator.ledger().totals.served, 1);
    own.close();
    const error = await Promise.race([ended, turns(40)]);
    assert.ok(error instanceof GenerateError, 'it goes on');
    assert.equal(error.kind, 'closed');
    assert.equal(clock.countTimers(), 0, 'a timer is left');
    assert.equal(emulator.ledger().totals.requests, 1);
  });

  it('ends every call, and every later one', async () => {
    emulator.script(['hang', '503']);
    const own = one();
    const flying = own.generate(PROMPT);
    await turns();
    const waiting = own.generateWithRetry(PROMPT);
    const function_ = own.retry(() => new Promise(() => {}));
    await turns();
    const all = Promise.allSettled([flying, waiting, function_]);
    own.close();
    for (const ended of await all) {
      assert.equal(ended.status, 'rejected');
      assert.ok(ended.reason instanceof GenerateError);
      assert.equal(ended.reason.kind, 'closed');
    }
    assert.equal(clock.countTimers(), 0, 'no timer is left');
    await fails(own.generate(PROMPT), 'closed');
    await fails(
      own.retry(() => assert.fail('it was called')),
      'closed',
    );
    await fails(own.batchGenerate([PROMPT]), 'closed');
    assert.equal(emulator.ledger().totals.requests, 2, 'nothing is sent afterwards');
    own.close();
  });
});

describe('where a request goes', () => {
  interface Sent {
    url: URL;
    headers: Headers;
    body: Record<string, unknown>;
  }

  function recording(options: ClientOptions): { own: Client; sent: Sent[] } {
    const sent: Sent[] = [];
    const own = client({
      ...options,
      fetch: (input, init) => {
        const headers = new Headers(init?.headers);
        sent.push({ url: new URL(String(input)), headers, body: JSON.parse(String(init?.body)) });
        return emulator.fetch(input, init);
      },
    });
    return { own, sent };
  }

  it('the options of the client', async () => {
    const { own, sent } = recording({
      baseUrl: 'https://proxy.example/gemini/',
      apiVersion: 'v1alpha',
      headers: { 'X-Team': 'kites' },
    });
    await run(own.generate(PROMPT).catch(() => {}));
    const [first] = sent;
    assert.equal(
      first?.url.href,
      `https://proxy.example/gemini/v1alpha/models/${PRO}:generateContent`,
    );
    assert.equal(first?.headers.get('x-team'), 'kites');
    assert.equal(first?.headers.get('x-goog-api-key'), KEY);
  });

  it('httpOptions of a request go before them', async () => {
    const { own, sent } = recording({
      baseUrl: 'https://proxy.example/a',
      headers: { 'X-Team': 'kites', 'X-Other': 'stays' },
    });
    const httpOptions = {
      baseUrl: 'https://proxy.example/b',
      apiVersion: 'v1',
      headers: { 'x-team': 'boats' },
      extraBody: { generationConfig: { candidateCount: 1 }, labels: { a: 'b' } },
    };
    const config = { temperature: 0.5, httpOptions };
    await run(own.generate({ contents: PROMPT, config }).catch(() => {}));
    const [first] = sent;
    assert.equal(first?.url.href, `https://proxy.example/b/v1/models/${PRO}:generateContent`);
    assert.equal(first?.headers.get('x-goog-api-key'), KEY);
    assert.equal(first?.headers.get('x-team'), 'boats');
    assert.equal(first?.headers.get('x-other'), 'stays');
    assert.deepEqual(first?.body['generationConfig'], { temperature: 0.5, candidateCount: 1 });
    assert.deepEqual(first?.body['labels'], { a: 'b' });
    assert.equal('httpOptions' in (first?.body ?? {}), false);
  });

  for (const baseUrl of [
    'https://other.example',
    'https://proxy.example:8443',
    'http://proxy.example',
  ]) {
    it(`a request to ${baseUrl} gets neither the key nor the headers of here`, async () => {
      const warn = mock.method(console, 'warn', () => {});
      const here = {
        baseUrl: 'https://proxy.example',
        apiKey: 'of-a-target',
        headers: { 'x-own': 'a' },
      };
      const { own, sent } = recording({
        baseUrl: 'https://proxy.example',
        headers: { 'X-Team': 'kites' },
        models: [PRO, { model: NEXT, ...here }],
      });
      const httpOptions = { baseUrl, headers: { 'x-theirs': 'b' } };
      for (const model of [PRO, NEXT]) {
        const request = { model, contents: PROMPT, config: { httpOptions } };
        await run(own.generate(request, { retry: { maxAttempts: 1 } }).catch(() => {}));
        await run(own.generateWithRetry(request, 1).catch(() => {}));
      }
      assert.ok(sent.length >= 4);
      for (const { url, headers } of sent) {
        assert.equal(url.origin, baseUrl);
        assert.equal(headers.get('x-goog-api-key'), null);
        assert.equal(headers.get('x-team') ?? headers.get('x-own'), null);
        assert.equal(headers.get('x-theirs'), 'b');
      }
      const said = warn.mock.calls.map(({ arguments: [text] }) => String(text));
      assert.ok(
        said.every((text) => /neither its key nor its headers/.test(text)),
        said.join(),
      );
    });
  }

  it('a target elsewhere gets neither the key nor the headers of here', async () => {
    emulator.script([times('429-day', 1, { model: PRO }), times('429-day', 1, { model: NEXT })]);
    const { own, sent } = recording({
      headers: { authorization: 'Bearer of-nobody' },
      models: [
        PRO,
        { model: NEXT, baseUrl: 'https://elsewhere.example' },
        { model: LITE, baseUrl: 'https://third.example', apiKey: 'their-key', headers: { a: 'b' } },
      ],
    });
    await run(own.generate(PROMPT));
    const seen = sent.map(({ url, headers }) => [
      url.host,
      headers.get('x-goog-api-key'),
      headers.get('authorization'),
      headers.get('a'),
    ]);
    assert.deepEqual(seen, [
      ['generativelanguage.googleapis.com', KEY, 'Bearer of-nobody', null],
      ['elsewhere.example', null, null, null],
      ['third.example', 'their-key', null, 'b'],
    ]);
    assert.ok(sent.every(({ url }) => url.search === ''));
  });
});

describe('retry', () => {
  const overloaded = (): Error => Object.assign(new Error('high demand'), { status: 503 });

  it('gives what the function gives, at once', async () => {
    const value = {};
    const contexts: RetryContext[] = [];
    const given = await client().retry((context) => {
      contexts.push(context);
      return value as never;
    });
    assert.equal(given, value);
    assert.deepEqual(
      contexts.map(({ attempt }) => attempt),
      [1],
    );
  });

  it('rethrows the very error, untouched, and knows what it is', async () => {
    const errors = [1, 2, 3].map(() => Object.freeze(overloaded()));
    const policy = { maxAttempts: 3 };
    const attempts: number[] = [];
    const work = client().retry(async ({ attempt }) => {
      attempts.push(attempt);
      throw errors[attempt - 1];
    }, policy);
    const caught = await run(work.catch((error: unknown) => error));
    assert.equal(caught, errors[2]);
    assert.deepEqual(attempts, [1, 2, 3]);
    const info = errorInfo(caught);
    assert.deepEqual([info?.kind, info?.status, info?.retry], ['overloaded', 503, 'soon']);
    assert.ok(info?.advice);
    assert.equal(errorInfo(errors[0]), undefined, 'only of what was thrown through us');
    assert.equal(errorInfo(new Error('503')), undefined);
  });

  it('rethrows what is no error, thrown at once or later', async () => {
    for (const thrown of ['a text', 7, null, undefined, Symbol('x')]) {
      const sync = client().retry(() => {
        throw thrown;
      });
      assert.equal(await run(sync.catch((error: unknown) => error)), thrown);
      const later = client().retry(() => Promise.reject(thrown));
      assert.equal(await run(later.catch((error: unknown) => error)), thrown);
    }
    assert.equal(errorInfo('a text'), undefined);
  });

  describe('of a result that is not wanted', () => {
    const isEmpty = ({ result }: { result: unknown }) =>
      (result as { images: number }).images === 0;

    it('tries again, and gives the first that is', async () => {
      const results = [{ images: 0 }, { images: 0 }, { images: 1 }];
      const told: unknown[] = [];
      const given = await run(
        client().retry(async ({ attempt }) => results[attempt - 1], {
          shouldRetryResult: (about) => {
            told.push(about);
            return Promise.resolve(isEmpty(about));
          },
        }),
      );
      assert.equal(given, results[2]);
      assert.deepEqual(
        told,
        results.map((result, index) => ({ result, attempt: index + 1 })),
      );
    });

    it('gives the last one where none is, for it may be paid for', async () => {
      const given = await run(
        client().retry(async ({ attempt }) => ({ images: 0, call: attempt }), {
          shouldRetryResult: isEmpty,
          maxAttempts: 3,
        }),
      );
      assert.deepEqual(given, { images: 0, call: 3 });
    });

    it('leaves errors to the classifier and to `shouldRetry`', async () => {
      const asked: unknown[] = [];
      const failing = client().retry(() => Promise.reject(new TypeError('a bug')), {
        shouldRetryResult: isEmpty,
        shouldRetry: ({ error }) => {
          asked.push(error);
          return undefined;
        },
      });
      assert.ok((await run(failing.catch((error: unknown) => error))) instanceof TypeError);
      assert.equal(asked.length, 1);
    });

    it('has decided nothing where it throws', async () => {
      const said = mock.method(console, 'error', () => {});
      const shouldRetryResult = () => {
        throw new Error('mine');
      };
      assert.equal(await run(client().retry(async () => 7, { shouldRetryResult })), 7);
      assert.equal(said.mock.callCount(), 1);
    });

    it('counts what it took', async () => {
      const own = client({ budget: { total: 1 } });
      const usageMetadata = {
        promptTokenCount: 10,
        candidatesTokenCount: 1120,
        totalTokenCount: 1130,
      };
      const model = 'gemini-3-pro-image';
      const shouldRetryResult = () => true;
      await run(
        own.retry(async () => ({ usageMetadata }), { model, shouldRetryResult, maxAttempts: 2 }),
      );
      const { spent, possible } = await own.costs();
      assert.ok(spent > 0.02 && possible === 0, `${spent} ${possible}`);
    });

    it('is a function', async () => {
      const wrong = { shouldRetryResult: 7 as never };
      await assert.rejects(
        client().retry(async () => 7, wrong),
        /`shouldRetryResult`/,
      );
    });
  });

  it('takes a thenable', async () => {
    // biome-ignore lint/suspicious/noThenProperty: a thenable of another library is one like this.
    const thenable = { then: (resolve: (value: number) => void) => resolve(5) };
    assert.equal(await client().retry(() => thenable as never), 5);
  });

  it('a timeout aborts the signal of the attempt, and nothing stays in flight', async () => {
    const signals: AbortSignal[] = [];
    const work = client().retry(
      ({ signal, attempt }) => {
        signals.push(signal);
        return attempt === 1 ? new Promise<number>(() => {}) : Promise.resolve(attempt);
      },
      { timeout: 2_000 },
    );
    assert.equal(await run(work), 2);
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, false],
    );
    assert.equal(signals[0]?.reason.name, 'TimeoutError');
    const took = Date.now() - NOON;
    assert.ok(took >= 2_250 && took <= 3_001, `${took}`);
  });

  it('the signal is made only where it is asked for', async () => {
    const made = mock.method(globalThis, 'AbortController');
    await client().retry(async ({ attempt }) => attempt);
    assert.equal(made.mock.callCount(), 0);
  });

  it('a signal that is asked for after the timeout is aborted', async () => {
    let late: RetryContext | undefined;
    const work = client().retry(
      (context) => {
        late = context;
        return new Promise(() => {});
      },
      { timeout: 1_000, maxAttempts: 1 },
    );
    await fails(work, 'timeout');
    assert.equal(late?.signal.aborted, true);
    assert.equal(late?.signal.reason.name, 'TimeoutError');
  });

  it('waits as the options say', async () => {
    const waits: number[] = [];
    const work = client().retry(() => Promise.reject(overloaded()), {
      maxAttempts: 4,
      overloaded: { baseDelay: 100, maxDelay: 250, jitter: 0 },
      onRetry: ({ delay }) => waits.push(delay),
    });
    await run(work.catch(() => {}));
    assert.deepEqual(waits, [100, 200, 250]);
  });

  it('waits at least as long as an error says, whoever threw it', async () => {
    const waits: number[] = [];
    const headers = new Headers({ 'retry-after': '7' });
    let calls = 0;
    await run(
      client().retry(
        async () => {
          calls += 1;
          if (calls === 1) throw Object.assign(new Error('429'), { status: 429, headers });
        },
        { onRetry: ({ delay }) => waits.push(delay) },
      ),
    );
    assert.equal(waits.length, 1);
    assert.ok((waits[0] ?? 0) >= 7_000 && (waits[0] ?? 0) <= 8_400, String(waits));
  });

  it('stops where no retry can help', async () => {
    for (const message of ['400 INVALID_ARGUMENT', 'quota exceeded, limit: 0', 'who knows']) {
      let calls = 0;
      const work = client().retry(async () => {
        calls += 1;
        throw new Error(message);
      });
      await run(work.catch(() => {}));
      assert.equal(calls, 1, message);
    }
  });

  it('works around @google/genai', async () => {
    emulator.script(['503', { fault: '429-detailed', retryDelay: '4s' }]);
    const httpOptions = { fetch: emulator.fetch } as never;
    const ai = new GoogleGenAI({ apiKey: KEY, httpOptions });
    const waits: number[] = [];
    const response = await run(
      client().retry(
        ({ signal }) =>
          ai.models.generateContent({
            model: PRO,
            contents: PROMPT,
            config: { responseModalities: ['IMAGE'], abortSignal: signal },
          }),
        { onRetry: ({ delay }) => waits.push(delay) },
      ),
    );
    assert.ok(response.data);
    assert.equal(emulator.ledger().totals.requests, 3);
    assert.ok((waits[0] ?? 0) >= 20_000 && (waits[1] ?? 0) >= 4_000, String(waits));

    emulator.script('429-day');
    const failed = client().retry(() =>
      ai.models.generateContent({ model: PRO, contents: PROMPT }),
    );
    const error = await run(failed.catch((thrown: Error) => thrown));
    assert.equal((error as Error).name, 'ApiError');
    assert.equal(errorInfo(error)?.kind, 'daily_quota');
  });

  describe('around the AI SDK', () => {
    interface Options {
      model: unknown;
      prompt: string;
      maxRetries: number;
      abortSignal?: AbortSignal;
    }
    // Its types do not compile under the settings of this repository, so they are not imported.
    const names = ['ai', '@ai-sdk/google'];
    let generateText: (options: Options) => Promise<{ files: unknown[] }>;
    let RetryError: new (about: { message: string; reason: string; errors: unknown[] }) => Error;
    let google: () => (model: string) => unknown;
    before(async () => {
      const [ai, provider] = await Promise.all(names.map((name) => import(name)));
      ({ generateText, RetryError } = ai);
      google = () => provider.createGoogleGenerativeAI({ apiKey: KEY, fetch: emulator.fetch });
    });

    it('works with its retries off', async () => {
      const warn = mock.method(console, 'warn', () => {});
      emulator.script(['503', '429-bare']);
      const model = google()(PRO);
      const { files } = await run(
        client().retry(({ signal }) =>
          generateText({ model, prompt: PROMPT, maxRetries: 0, abortSignal: signal }),
        ),
      );
      assert.equal(files.length, 1);
      assert.equal(emulator.ledger().totals.requests, 3);
      assert.equal(warn.mock.callCount(), 0);
    });

    it('does not warn of its RetryError around a single request', async () => {
      const warn = mock.method(console, 'warn', () => {});
      const errors = [overloaded()];
      const work = client().retry(
        () => Promise.reject(new RetryError({ message: 'x', reason: 'errorNotRetryable', errors })),
        { maxAttempts: 1 },
      );
      await run(work.catch((thrown: unknown) => thrown));
      assert.equal(warn.mock.callCount(), 0);
    });

    it('knows what failed behind maxRetriesExceeded', async () => {
      const errors = [overloaded(), overloaded()];
      const error = new RetryError({
        message: 'Failed after 2 attempts.',
        reason: 'maxRetriesExceeded',
        errors,
      });
      assert.equal(classifyError(error).kind, 'overloaded');
    });

    it('sees through its RetryError, and warns once that retries are stacked', async () => {
      const warn = mock.method(console, 'warn', () => {});
      emulator.configure({ faults: ['503'] });
      const model = google()(PRO);
      const work = client().retry(() => generateText({ model, prompt: PROMPT, maxRetries: 1 }), {
        maxAttempts: 2,
        baseDelay: 1,
      });
      const error = await run(work.catch((thrown: Error) => thrown));
      assert.equal((error as Error).name, 'AI_RetryError', 'it is rethrown as it came');
      assert.deepEqual([errorInfo(error)?.kind, errorInfo(error)?.status], ['overloaded', 503]);
      assert.equal(emulator.ledger().totals.requests, 4);
      const texts = warn.mock.calls.map(({ arguments: [text] }) => String(text));
      assert.deepEqual(texts.filter((text) => text.includes('maxRetries: 0')).length, 1);
    });
  });
});

describe('generateWithFallback', () => {
  it('gives what the guides give', async () => {
    const given = await run(client().generateWithFallback(PROMPT));
    assert.deepEqual(Object.keys(given).sort(), [
      'attempts',
      'cost',
      'model',
      'modelUsed',
      'possibleCost',
      'result',
      'skipped',
      'switches',
    ]);
    assert.deepEqual([given.modelUsed, given.model], ['Nano Banana Pro', PRO]);
    assert.ok(given.result.candidates?.[0]?.content?.parts?.[0]?.inlineData?.data);
    assert.equal(
      given.result.data,
      given.result.candidates?.[0]?.content?.parts?.[0]?.inlineData?.data,
    );
    const { billed } = emulator.ledger().totals;
    assert.ok(Math.abs((given.cost ?? 0) - billed) < 1e-6);
    assert.equal(given.possibleCost, 0);
    assert.equal(given.attempts.length, 1);
  });

  it('tries each model twice, in order', async () => {
    emulator.script([times('503', 2, { model: PRO }), times('429-bare', 2, { model: NEXT })]);
    const given = await run(client({ maxWaitPerTarget: 10_000 }).generateWithFallback(PROMPT));
    assert.deepEqual(asked(), [PRO, PRO, NEXT, NEXT, LITE]);
    assert.deepEqual([given.model, given.modelUsed], [LITE, 'Nano Banana 2 Lite']);
    assert.equal(given.attempts.length, 5);
  });

  it('ends with the error of the last model', async () => {
    emulator.configure({ faults: ['503'] });
    const error = await fails(client().generateWithFallback(PROMPT), 'overloaded');
    assert.deepEqual(asked(), [PRO, PRO, NEXT, NEXT, LITE, LITE]);
    assert.deepEqual([error.status, error.model, error.attempts.length], [503, LITE, 6]);
  });

  it('goes on where there is no picture, unlike the drop-in', async () => {
    emulator.script([times('no-image', 2, { model: PRO })]);
    const given = await run(client().generateWithFallback(PROMPT));
    assert.equal(given.model, NEXT);
  });

  it('takes a chain', async () => {
    emulator.script('429-day');
    const given = await run(client().generateWithFallback(PROMPT, { models: [LITE, PRO] }));
    assert.deepEqual(asked(), [LITE, PRO]);
    assert.equal(given.modelUsed, 'Nano Banana Pro');
  });
});
