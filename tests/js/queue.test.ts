/** The queue: priorities, slots, pacing, deadlines and aborts, `retry` by a model, outages. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { EmulatorConfig } from '../../pkg/emulator/index.js';
import { GenerateError } from '../../pkg/index.js';
import { NOON } from './support/clock.ts';
import {
  everybody,
  KEY,
  listen,
  many,
  NEXT,
  openScene,
  PRO,
  PROMPT,
  type Scene,
  type Told,
} from './support/scene.ts';

const MINUTE = 60_000;
const ENDED = ['served', 'failed'];

let scene: Scene;
afterEach(() => scene?.close());

const open = async (config: EmulatorConfig = {}): Promise<Scene> => {
  scene = await openScene(config);
  return scene;
};
const servedOf = (calls: Told<unknown>[]): number =>
  calls.filter(({ state }) => state === 'served').length;
const limits = (rpm: number) => ({ limits: { [PRO]: { rpm } } });

describe('the order', () => {
  it('is that of the calls', async () => {
    await open();
    const client = scene.client(limits(2));
    const order: number[] = [];
    await scene.run(
      Promise.all(many(7, (index) => client.generate(PROMPT).then(() => order.push(index)))),
    );
    assert.deepEqual(
      order,
      many(7, (index) => index),
    );
  });

  it('interactive calls overtake background ones', async () => {
    await open();
    const client = scene.client(limits(2));
    const background = many(4, () =>
      scene.watch(client.generate(PROMPT, { priority: 'background' })),
    );
    await scene.pass(1_000);
    const interactive = many(2, () => scene.watch(client.generate(PROMPT)));
    await scene.pass(MINUTE + 3_000);
    assert.deepEqual([servedOf(background), servedOf(interactive)], [2, 2]);
    await scene.pass(MINUTE + 1_000);
    assert.equal(servedOf(background), 4);
  });

  it('numbers say it finely, and of equals who came first', async () => {
    await open();
    const client = scene.client(limits(1));
    const order: string[] = [];
    const priorities = [0, 3, 'interactive', 20, 3, -7, 'background'] as const;
    const calls = priorities.map((priority, index) =>
      client.generate(PROMPT, { priority }).then(() => order.push(`${index}: ${priority}`)),
    );
    await scene.run(Promise.all(calls));
    // The first found nobody waiting.
    assert.deepEqual(order, [
      '0: 0',
      '3: 20',
      '2: interactive',
      '1: 3',
      '4: 3',
      '6: background',
      '5: -7',
    ]);
  });

  it('the background gets a tenth at least', async () => {
    await open();
    const client = scene.client(limits(10));
    const background = many(20, () =>
      scene.watch(client.generate(PROMPT, { priority: 'background' })),
    );
    const interactive = many(120, () => scene.watch(client.generate(PROMPT)));
    await scene.pass(10 * MINUTE);
    const [low, high] = [servedOf(background), servedOf(interactive)];
    assert.ok(low >= 9 && low <= 13, `${low} of the background, ${high} others`);
    assert.ok(high >= 85, `${high}`);
  });
});

describe('slots', () => {
  it('`concurrency` is kept, and nobody is late for it', async () => {
    await open({ latency: 10_000 });
    const client = scene.client({ concurrency: 3, ...limits(1_000) });
    await scene.run(everybody(client, 12));
    assert.equal(scene.emulator.ledger().totals.maxInFlight, 3);
    assert.ok(scene.now() < 45_000, `it took ${scene.now()}`);
  });

  it('`concurrency` is over all models', async () => {
    await open({ latency: 5_000 });
    const client = scene.client({ concurrency: 2 });
    await scene.run(
      Promise.all([
        ...many(3, () => client.generate(PROMPT)),
        ...many(3, () => client.generate(PROMPT, { models: [NEXT] })),
      ]),
    );
    assert.equal(scene.emulator.ledger().totals.maxInFlight, 2);
  });

  it('a call that waits holds none', async () => {
    await open({ latency: 1_000 });
    scene.emulator.script([{ fault: '500', after: 0, model: PRO }]);
    const client = scene.client({
      concurrency: 1,
      retry: { baseDelay: 30_000, jitter: 0 },
    });
    const waits = scene.watch(client.generate(PROMPT));
    await scene.pass(10);
    const others = many(3, () => scene.watch(client.generate(PROMPT)));
    await scene.pass(10_000);
    assert.deepEqual([servedOf([waits]), servedOf(others)], [0, 3]);
    await scene.pass(30_000);
    assert.equal(waits.state, 'served');
  });

  it('by default, twice what a minute allows', async () => {
    await open({ latency: 10 * MINUTE });
    const client = scene.client({ ...limits(5), retry: { timeout: Infinity } });
    everybody(client, 40);
    await scene.pass(9 * MINUTE);
    assert.equal(scene.emulator.ledger().totals.maxInFlight, 10);
  });
});

describe('a herd', () => {
  it('begins with two, and does not stumble', async () => {
    await open({ latency: 3_000 });
    const client = scene.client();
    const calls = everybody(client, 40);
    await scene.pass(100);
    assert.equal(scene.requests().length, 2);
    await scene.run(calls);
    assert.ok(scene.now() < 12_000, `it took ${scene.now()}`);
  });

  it('that is refused loses a few requests and not all', async () => {
    await open({ limits: { '*': { rpm: 10 } }, latency: 3_000 });
    await scene.run(everybody(scene.client(), 60));
    assert.ok(scene.overLimit() <= 5, `${scene.overLimit()} were rejected`);
    assert.ok(scene.now() < 8 * MINUTE, `it took ${scene.now() / MINUTE} minutes`);
  });

  it('one call at a time never waits', async () => {
    await open({ latency: 1_000 });
    const client = scene.client();
    for (let call = 0; call < 10; call += 1) await scene.run(client.generate(PROMPT));
    assert.equal(scene.now(), 10_000);
  });

  it('of 10,000 on one client comes through', async () => {
    await open();
    let asked = 0;
    const client = scene.client({
      ...limits(1_000_000),
      fetch: async () => {
        asked += 1;
        const parts = [{ inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }];
        return Response.json({ candidates: [{ content: { parts } }] });
      },
    });
    const calls = everybody(client, 10_000);
    const report = await client.quota();
    const { queued, inFlight } = report[0] ?? { queued: 0, inFlight: 0 };
    assert.equal(queued + inFlight + asked >= 10_000, true, `${queued} wait`);
    await scene.run(calls);
    assert.equal(asked, 10_000);
    assert.equal((await client.quota())[0]?.queued, 0);
  });

  it('of 10,000 that is aborted in the queue costs nothing', async () => {
    await open({ latency: 1_000 });
    const client = scene.client(limits(2));
    const controller = new AbortController();
    const reason = new Error('enough');
    await scene.run(everybody(client, 2));
    const calls = many(10_000, () =>
      client.generate(PROMPT, { signal: AbortSignal.any([controller.signal]) }),
    );
    const ends = Promise.allSettled(calls);
    controller.abort(reason);
    const all = await ends;
    assert.ok(all.every((end) => end.status === 'rejected' && end.reason === reason));
    await scene.run(client.generate(PROMPT));
    assert.equal(scene.requests().length, 3);
  });
});

describe('a queued call', () => {
  it('that is aborted ends at once, and the next takes its place', async () => {
    await open();
    const client = scene.client(limits(2));
    await scene.run(everybody(client, 2));
    const before = scene.now();
    const controller = new AbortController();
    const reason = new Error('enough');
    const aborted = scene.watch(client.generate(PROMPT, { signal: controller.signal }));
    const next = scene.watch(client.generate(PROMPT));
    await scene.pass(10_000);
    controller.abort(reason);
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(aborted.state, 'failed');
    assert.equal(aborted.error, reason as never);
    assert.equal(aborted.at, before + 10_000);
    await scene.pass(MINUTE);
    assert.equal(next.state, 'served');
    const report = await scene.run(client.quota());
    assert.equal(report[0]?.queued, 0);
    assert.equal(scene.requests().length, 3);
    assert.equal(scene.overLimit(), 0);
  });

  it('leaves no timer behind', async () => {
    await open();
    const client = scene.client(limits(1));
    await scene.run(everybody(client, 1));
    const controller = new AbortController();
    const work = client.generate(PROMPT, { signal: controller.signal });
    work.catch(() => {});
    await scene.pass(10);
    assert.ok(scene.clock.countTimers() > 0);
    controller.abort();
    await scene.pass(10);
    assert.equal(scene.clock.countTimers(), 0);
  });

  it('ends with its client', async () => {
    await open();
    const client = scene.client(limits(1));
    await scene.run(everybody(client, 1));
    const calls = many(3, () => scene.watch(client.generate(PROMPT)));
    await scene.pass(10);
    client.close();
    await scene.pass(1);
    assert.deepEqual(
      calls.map(({ error }) => error?.kind),
      ['closed', 'closed', 'closed'],
    );
  });

  it('that cannot meet its deadline is refused at once, with the moment at which it could', async () => {
    await open();
    const client = scene.client(limits(2));
    await scene.run(everybody(client, 2));
    const before = scene.now();
    const error = await scene.fails(client.generate(PROMPT, { deadline: 20_000 }));
    assert.equal(error.kind, 'deadline');
    assert.equal(scene.now(), before, 'it did not wait');
    const at = (error.retryAt?.getTime() ?? 0) - NOON;
    assert.ok(at > MINUTE && at < MINUTE + 4_000, `retryAt is ${at}`);
    assert.equal(scene.requests().length, 2);
    // One that has the time is not.
    await scene.run(client.generate(PROMPT, { deadline: new Date(NOON + 2 * MINUTE) }));
  });

  it('counts those before it: who comes late is refused, who goes before them is not', async () => {
    await open();
    const client = scene.client(limits(2));
    const calls = everybody(client, 6);
    await scene.pass(2_000);
    // Two a minute: the four that wait take two more minutes.
    const late = await scene.fails(client.generate(PROMPT, { deadline: 90_000 }));
    assert.equal(late.kind, 'deadline');
    assert.ok((late.retryAt?.getTime() ?? 0) - NOON > 2 * MINUTE, late.retryAt?.toISOString());
    const first = scene.watch(client.generate(PROMPT, { deadline: 90_000, priority: 20 }));
    await scene.run(calls);
    assert.equal(first.state, 'served');
  });

  it('whose deadline comes while it waits ends then', async () => {
    await open();
    const client = scene.client(limits(2));
    const low = scene.watch(client.generate(PROMPT, { priority: 0 }));
    await scene.pass(1_000);
    await scene.run(everybody(client, 1));
    const waits = scene.watch(client.generate(PROMPT, { deadline: 70_000, priority: 0 }));
    await scene.pass(10_000);
    // They overtake it.
    const others = everybody(client, 4);
    await scene.pass(70_000);
    assert.equal(low.state, 'served');
    assert.equal(waits.state, 'failed');
    assert.equal(waits.error?.kind, 'deadline');
    assert.ok((waits.at ?? 0) <= 71_000 + 2_000, `it ended at ${waits.at}`);
    await scene.run(others);
  });

  it('tells `waiting` for a countdown', async () => {
    await open();
    const client = scene.client(limits(1));
    const heard = listen(client, 'waiting');
    await scene.run(everybody(client, 2));
    assert.equal(heard.length, 1);
    const [event] = heard;
    assert.equal(event?.model, PRO);
    assert.equal(event?.info.dimension, 'requests_per_minute');
    const at = (event?.retryAt.getTime() ?? 0) - NOON;
    assert.equal(at, event?.delay);
    assert.ok(Math.abs(at - (scene.sent()[1] ?? 0)) < 1_000, `${at} and ${scene.sent()[1]}`);
  });

  it('counts its wait in the result and uses up no attempt', async () => {
    await open();
    const client = scene.client({ ...limits(1), retry: { maxAttempts: 1 } });
    const first = client.generate(PROMPT);
    const second = client.generate(PROMPT);
    const [, result] = await scene.run(Promise.all([first, second]));
    assert.equal(result.attempts.length, 1);
    assert.ok(result.waited > MINUTE - 1_000, `${result.waited}`);
    assert.equal(result.attempts[0]?.waited, result.waited);
  });
});

describe('a full model', () => {
  it('an interactive call is with the second within 6 s', async () => {
    await open({ latency: 1_000 });
    const client = scene.client({ models: [PRO, NEXT], ...limits(5) });
    const switched = listen(client, 'fallback');
    await scene.run(everybody(client, 5));
    const before = scene.now();
    const results = await scene.run(Promise.all(many(5, () => client.generate(PROMPT))));
    assert.ok(results.every(({ model }) => model === NEXT));
    assert.ok(results.every(({ requestedModel }) => requestedModel === PRO));
    const late = scene.sent().slice(5);
    assert.ok(
      late.every((sent) => sent - before < 6_000),
      String(late),
    );
    assert.deepEqual(
      [switched[0]?.from, switched[0]?.model, switched[0]?.info.dimension],
      [PRO, NEXT, 'requests_per_minute'],
    );
  });

  it('comes back to the first when that is free', async () => {
    await open();
    const client = scene.client({ models: [PRO, NEXT], ...limits(2) });
    await scene.run(everybody(client, 3));
    await scene.pass(MINUTE + 2_000);
    const result = await scene.run(client.generate(PROMPT));
    assert.equal(result.model, PRO);
  });

  it('waits where that is soon enough', async () => {
    await open();
    const client = scene.client({ models: [PRO, NEXT], ...limits(2) });
    await scene.run(everybody(client, 2));
    await scene.pass(MINUTE - 1_000);
    const result = await scene.run(client.generate(PROMPT));
    assert.equal(result.model, PRO);
  });

  it('`maxWaitPerTarget` says how long', async () => {
    await open();
    const client = scene.client({ models: [PRO, NEXT], maxWaitPerTarget: 0, ...limits(2) });
    await scene.run(everybody(client, 2));
    await scene.pass(MINUTE - 3_000);
    assert.equal((await scene.run(client.generate(PROMPT))).model, NEXT);
    await scene.pass(2 * MINUTE);
    await scene.run(everybody(client, 2));
    const patient = await scene.run(client.generate(PROMPT, { maxWaitPerTarget: 2 * MINUTE }));
    assert.equal(patient.model, PRO);
  });

  it('the last is waited for', async () => {
    await open();
    const client = scene.client({
      models: [PRO, NEXT],
      limits: { [PRO]: { rpm: 1 }, [NEXT]: { rpm: 1 } },
    });
    const results = await scene.run(Promise.all(many(4, () => client.generate(PROMPT))));
    assert.equal(results.length, 4);
    assert.ok(scene.now() > MINUTE && scene.now() < 2 * MINUTE, `it took ${scene.now()}`);
    assert.equal(scene.overLimit(), 0);
  });

  it('a background call waits only where no model can start now', async () => {
    await open();
    const each = { limits: { [PRO]: { rpm: 2 }, [NEXT]: { rpm: 2 } } };
    const client = scene.client({ models: [PRO, NEXT], ...each });
    const calls = many(5, () => client.generate(PROMPT, { priority: 'background' }));
    const results = await scene.run(Promise.all(calls));
    const by = (model: string): number => results.filter((one) => one.model === model).length;
    assert.deepEqual([by(PRO) >= 2, by(NEXT) >= 2], [true, true]);
    assert.ok(scene.now() > MINUTE && scene.now() < 2 * MINUTE, `it took ${scene.now()}`);
  });
});

describe('retry by a model', () => {
  const usage = (tokens: number) => ({
    usageMetadata: { promptTokenCount: tokens, candidatesTokenCount: 1_120, totalTokenCount: 0 },
  });

  it('goes through the same queue and ledger as generate', async () => {
    await open();
    const client = scene.client(limits(2));
    await scene.run(client.generate(PROMPT));
    const at: number[] = [];
    const calls = many(2, () => client.retry(() => at.push(scene.now()), { model: PRO }));
    await scene.run(Promise.all(calls));
    assert.ok((at[0] ?? 0) < 1_000 && (at[1] ?? 0) > MINUTE, String(at));
    // Its own requests keep the others back.
    const before = scene.requests().length;
    const waits = scene.watch(client.generate(PROMPT));
    await scene.pass(3_000);
    assert.equal(scene.requests().length, before + 1);
    const second = scene.watch(client.generate(PROMPT));
    await scene.pass(20_000);
    assert.deepEqual([waits.state, second.state], ['served', 'waits']);
  });

  it('knows the model under `models/` too', async () => {
    await open();
    const client = scene.client(limits(1));
    await scene.run(client.generate(PROMPT));
    const waits = scene.watch(client.retry(() => 1, { model: `models/${PRO}` }));
    await scene.pass(30_000);
    assert.equal(waits.state, 'waits');
  });

  for (const [name, wrap] of [
    ['an answer', (inner: object) => inner],
    ['a result with `response`', (inner: object) => ({ response: inner })],
  ] as const) {
    it(`settles from the usageMetadata of ${name}`, async () => {
      await open();
      const client = scene.client({ limits: { [PRO]: { tpm: 10_000 } } });
      const value = wrap(usage(700));
      const got = await scene.run(client.retry(() => value, { model: PRO, tokens: 5_000 }));
      assert.equal(got, value);
      const used = (await scene.run(client.quota()))[0]?.limits.find(
        ({ dimension }) => dimension === 'tokens_per_minute',
      )?.used;
      assert.equal(used, 700);
    });
  }

  it('an answer without it takes what was reserved', async () => {
    await open();
    const client = scene.client({ limits: { [PRO]: { tpm: 10_000, ipm: 10 } } });
    await scene.run(client.retry(() => 'done', { model: PRO, tokens: 5_000, images: 4 }));
    const used = Object.fromEntries(
      ((await scene.run(client.quota()))[0]?.limits ?? []).map((row) => [row.dimension, row.used]),
    );
    assert.deepEqual([used['requests_per_minute'], used['images_per_minute']], [1, 4]);
    // The service counts up to 15 % more than callers do, until its own counts are known.
    const tokens = used['tokens_per_minute'] ?? 0;
    assert.ok(tokens >= 5_000 && tokens <= 5_750, `${tokens}`);
  });

  it('tokens and pictures that are reserved keep calls back', async () => {
    for (const use of [{ tokens: 6_000 }, { images: 6 }]) {
      await open();
      const client = scene.client({ limits: { [PRO]: { tpm: 10_000, ipm: 10 } } });
      const at: number[] = [];
      const call = () => client.retry(() => void at.push(scene.now()), { model: PRO, ...use });
      await scene.run(Promise.all([call(), call()]));
      assert.ok((at[1] ?? 0) > MINUTE, `${JSON.stringify(use)}: ${at}`);
      scene.close();
    }
  });

  it('learns from what the function throws', async () => {
    await open();
    const client = scene.client();
    const learned = listen(client, 'limitLearned');
    const refusal = {
      error: {
        code: 429,
        status: 'RESOURCE_EXHAUSTED',
        message: 'You exceeded your current quota.',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
            violations: [
              {
                quotaId: 'GenerateRequestsPerMinutePerProjectPerModel',
                quotaDimensions: { model: PRO },
                quotaValue: '3',
              },
            ],
          },
          { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '20s' },
        ],
      },
    };
    const sent: number[] = [];
    const fn = async () => {
      const now = scene.now();
      if (sent.filter((at) => now - at < MINUTE).length >= 3) {
        throw Object.assign(new Error(JSON.stringify(refusal)), { status: 429 });
      }
      sent.push(now);
      return 1;
    };
    await scene.run(Promise.all(many(8, () => client.retry(fn, { model: PRO }))));
    const [first] = learned;
    assert.deepEqual(
      [first?.model, first?.dimension, first?.limit],
      [PRO, 'requests_per_minute', 3],
    );
    assert.ok(scene.now() < 3.5 * MINUTE, `it took ${scene.now()}`);
    // A limit learned by `retry` holds for `generate` too.
    const waits = scene.watch(everybody(client, 3));
    await scene.pass(20_000);
    assert.equal(waits.state, 'waits');
  });

  it('rethrows the very error, and gives the slot back', async () => {
    await open();
    const client = scene.client({ concurrency: 1 });
    const error = new Error('400 what is this');
    for (let call = 0; call < 3; call += 1) {
      const thrown = await scene.run(
        client
          .retry(
            () => {
              throw error;
            },
            { model: PRO },
          )
          .catch((caught: unknown) => caught),
      );
      assert.equal(thrown, error);
    }
    assert.equal((await scene.run(client.quota()))[0]?.inFlight, 0);
  });

  it('has priorities, a deadline and a signal', async () => {
    await open();
    const client = scene.client(limits(1));
    const order: string[] = [];
    const call = (name: string, options: object) =>
      client.retry(() => void order.push(name), { model: PRO, ...options });
    const first = call('first', {});
    const low = call('low', { priority: 'background' });
    const high = call('high', { priority: 'interactive' });
    const late = scene.watch(call('late', { deadline: 1_000 }));
    const controller = new AbortController();
    const aborted = scene.watch(call('aborted', { signal: controller.signal }));
    await scene.pass(2_000);
    controller.abort(new Error('enough'));
    await scene.run(Promise.all([first, low, high]));
    assert.deepEqual(order, ['first', 'high', 'low']);
    assert.ok(late.error instanceof GenerateError && late.error.kind === 'deadline');
    assert.ok((late.at ?? 9_999) <= 1_000, `refused at ${late.at}`);
    assert.equal(aborted.at, 2_000);
  });

  it('without one, the function is called at once', async () => {
    await open();
    const client = scene.client({ concurrency: 1, ...limits(1) });
    let called = 0;
    const calls = many(100, () => client.retry(() => (called += 1)));
    assert.equal(called, 100);
    await scene.run(Promise.all(calls));
    assert.equal(scene.now(), 0);
  });
});

describe('an outage', () => {
  const storm = (to: number): EmulatorConfig => ({ faults: [{ fault: '503', to, after: 200 }] });

  it('pauses the model, and one probe at a time goes on', async () => {
    await open(storm(Infinity));
    scene.emulator.configure({ faults: [{ fault: '503', after: 5_000 }] });
    const client = scene.client();
    const rested = listen(client, 'circuitOpened');
    const calls = many(30, () => scene.watch(client.generate(PROMPT, { priority: 'background' })));
    await scene.pass(30 * MINUTE);
    assert.ok(calls.every(({ state }) => state === 'waits'));
    const sent = scene.sent();
    const probes = sent.filter((at) => at > 30_000);
    assert.ok(sent.length - probes.length <= 30, `${sent.length} in all`);
    assert.ok(probes.length >= 6 && probes.length <= 20, `${probes.length} probes`);
    assert.ok(probes.slice(1).every((at, index) => at - (probes[index] ?? 0) >= 30_000));
    const gaps = probes.slice(1).map((at, index) => at - (probes[index] ?? 0));
    assert.ok(Math.max(...gaps) <= 6.2 * MINUTE, `a gap of ${Math.max(...gaps)}`);
    assert.ok((gaps.at(-1) ?? 0) > (gaps[0] ?? 0), `they grow: ${gaps}`);
    assert.equal(rested.length, 1);
    const [event] = rested;
    assert.deepEqual([event?.model, event?.info.kind], [PRO, 'overloaded']);
    assert.ok((event?.retryAt.getTime() ?? 0) > NOON + 30_000);
    const report = (await scene.run(client.quota()))[0];
    assert.ok((report?.restsUntil?.getTime() ?? 0) > Date.now() - 5_000);
    assert.equal((report?.queued ?? 0) + (report?.inFlight ?? 0), 30);
  });

  it('of 45 minutes is survived in the background, by everybody', async () => {
    await open(storm(45 * MINUTE));
    const client = scene.client({ models: [PRO] });
    const [opened, closed] = [listen(client, 'circuitOpened'), listen(client, 'circuitClosed')];
    const calls = many(30, () => client.generate(PROMPT, { priority: 'background' }));
    const results = await scene.run(Promise.all(calls));
    assert.ok(results.every(({ model }) => model === PRO));
    assert.ok(scene.now() < 53 * MINUTE, `it took ${scene.now() / MINUTE} minutes`);
    const { totals } = scene.emulator.ledger();
    assert.ok(totals.failed <= 25, `${totals.failed} failed`);
    assert.equal((await scene.run(client.quota()))[0]?.restsUntil, undefined);
    assert.deepEqual([opened.length, closed], [1, [{ model: PRO }]]);
  });

  it('ends interactive calls after about five minutes', async () => {
    await open(storm(Infinity));
    scene.emulator.configure({ faults: ['503'] });
    const client = scene.client({ retry: { maxAttempts: 100 } });
    const calls = many(10, () => scene.watch(client.generate(PROMPT)));
    await scene.pass(8 * MINUTE);
    for (const { state, error, at } of calls) {
      assert.equal(state, 'failed');
      assert.equal(error?.kind, 'overloaded');
      assert.equal(error?.status, 503);
      // A call in the middle of a wait of its own, of two minutes at most, ends after it.
      assert.ok((at ?? 0) <= 7 * MINUTE, `it ended at ${at}`);
    }
    assert.ok(
      calls.some(({ at }) => (at ?? 0) >= 4 * MINUTE),
      calls.map(({ at }) => at).join(),
    );
  });

  it('`maxOutage` says how long', async () => {
    await open();
    scene.emulator.configure({ faults: ['503'] });
    const client = scene.client({ maxOutage: 10 * MINUTE });
    const calls = many(5, () => scene.watch(client.generate(PROMPT, { priority: 'background' })));
    await scene.pass(9 * MINUTE);
    assert.ok(calls.every(({ state }) => state === 'waits'));
    await scene.pass(4 * MINUTE);
    assert.ok(calls.every(({ error }) => error?.kind === 'overloaded'));
  });

  it('interactive calls go to the next model meanwhile, without asking the first', async () => {
    await open();
    scene.emulator.configure({ faults: [{ fault: '503', model: PRO }] });
    const client = scene.client({ models: [PRO, NEXT] });
    await scene.run(everybody(client, 4));
    const before = scene.requests().filter(({ model }) => model === PRO).length;
    const results = await scene.run(Promise.all(many(10, () => client.generate(PROMPT))));
    assert.ok(results.every(({ model }) => model === NEXT));
    const asked = scene.requests().filter(({ model }) => model === PRO).length - before;
    assert.ok(asked <= 1, `${asked} asked the first again`);
    assert.ok(scene.now() < 20_000, `it took ${scene.now()}`);
  });

  it('is over with the first answer: the others follow', async () => {
    await open(storm(2 * MINUTE));
    const client = scene.client();
    const calls = many(20, () => client.generate(PROMPT, { priority: 'background' }));
    await scene.run(Promise.all(calls));
    const ok = scene.requests().filter(({ status }) => status === 200);
    const [first, last] = [ok[0]?.sent ?? 0, ok.at(-1)?.sent ?? 0];
    assert.ok(last - first < 10_000, `the last follows after ${last - first}`);
  });

  it('of the network is asked again sooner', async () => {
    await open();
    scene.emulator.configure({ faults: [{ fault: 'reset', to: 3 * MINUTE }] });
    const client = scene.client();
    const calls = many(10, () => client.generate(PROMPT, { priority: 'background' }));
    await scene.run(Promise.all(calls));
    assert.ok(scene.now() < 4 * MINUTE, `it took ${scene.now()}`);
    assert.ok(scene.emulator.ledger().totals.failed <= 25);
  });

  it('one failure alone is none', async () => {
    await open();
    scene.emulator.script('503');
    const client = scene.client({ retry: { baseDelay: 20_000, jitter: 0 } });
    const rested = listen(client, 'circuitOpened');
    const first = scene.watch(client.generate(PROMPT));
    await scene.pass(100);
    await scene.run(everybody(client, 5));
    assert.ok(scene.now() < 5_000, `it took ${scene.now()}`);
    await scene.pass(20_000);
    assert.equal(first.state, 'served');
    assert.deepEqual(rested, []);
  });

  it('says no key and no prompt to anybody', async () => {
    await open();
    const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
      const message = `overloaded for ${KEY}: ${String(init?.body)}`;
      return Response.json(
        { error: { code: 503, message, status: 'UNAVAILABLE' } },
        { status: 503 },
      );
    };
    const client = scene.client({ fetch: fetch as typeof globalThis.fetch });
    const heard = [listen(client, 'circuitOpened'), listen(client, 'waiting')];
    const calls = many(4, (index) => scene.watch(client.generate(`${PROMPT} ${index}`)));
    await scene.pass(10 * MINUTE);
    assert.ok(calls.every(({ state }) => ENDED.includes(state)));
    assert.ok((heard[0]?.length ?? 0) > 0);
    const said = JSON.stringify([heard, calls, calls.map(({ error }) => error?.message)]);
    assert.ok(!said.includes(KEY), 'the key');
    assert.ok(!said.includes(PROMPT), 'a prompt');
  });
});
