/** Limits through the client: given, of a tier, learned; what is told of them; days and money. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { EmulatorConfig } from '../../pkg/emulator/index.js';
import { type Client, type ClientOptions, createClient, GenerateError } from '../../pkg/index.js';
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
} from './support/scene.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DISCIPLINES = ['fixed', 'sliding', 'bucket'] as const;

let scene: Scene;
afterEach(() => scene?.close());

const open = async (config: EmulatorConfig = {}, start?: number): Promise<Scene> => {
  scene = await openScene(config, start);
  return scene;
};
const ofPro = async (client: Client) => (await client.quota()).find(({ model }) => model === PRO);
const of = async (client: Client, dimension: string) =>
  (await ofPro(client))?.limits.find((limit) => limit.dimension === dimension);

describe('limits that are given', () => {
  for (const discipline of DISCIPLINES) {
    it(`the call above waits for the minute, counted as ${discipline}`, async () => {
      await open({ limits: { '*': { rpm: 5 } }, discipline, latency: 1_000 });
      const client = scene.client({ limits: { [PRO]: { rpm: 5 } } });
      const learned = listen(client, 'limitLearned');
      await scene.run(everybody(client, 6));
      const sent = scene.sent();
      assert.deepEqual([sent.length, scene.overLimit()], [6, 0]);
      assert.ok((sent[4] ?? 0) < 10_000, `the fifth went at ${sent[4]}`);
      const last = sent[5] ?? 0;
      assert.ok(last > MINUTE && last < MINUTE + 4_000, `the sixth went at ${last}`);
      assert.deepEqual(learned, []);
    });
  }

  it('tokens a minute hold calls back too', async () => {
    await open({ limits: { '*': { tpm: 10_000 } }, discipline: 'sliding' });
    const client = scene.client({ limits: { [PRO]: { tpm: 10_000 } } });
    // About 4,000 tokens each: two fit, however they are counted.
    const prompt = 'boat '.repeat(3_200);
    await scene.run(Promise.all(many(3, () => client.generate(prompt))));
    assert.equal(scene.overLimit(), 0);
    const [first, second, third] = scene.sent();
    assert.ok((second ?? 0) - (first ?? 0) < 5_000, `the second went at ${second}`);
    assert.ok((third ?? 0) > MINUTE, `the third went at ${third}`);
  });

  it('pictures a minute hold calls back too', async () => {
    await open({ limits: { '*': { ipm: 3 } } });
    const client = scene.client({ limits: { [PRO]: { ipm: 3 } } });
    await scene.run(everybody(client, 4));
    assert.equal(scene.overLimit(), 0);
    assert.ok((scene.sent()[3] ?? 0) > MINUTE, String(scene.sent()));
  });

  it('hold for their model alone', async () => {
    await open();
    const client = scene.client({ limits: { [PRO]: { rpm: 1 } } });
    await scene.run(everybody(client, 1));
    await scene.run(Promise.all(many(9, () => client.generate(PROMPT, { models: [NEXT] }))));
    assert.ok(scene.now() < 5_000, `it took ${scene.now()}`);
  });

  it('hold in the drop-in, in fallback and in batches', async () => {
    for (const call of [
      (client: Client) => client.generateWithRetry(PROMPT, 3, 1),
      (client: Client) => client.generateWithFallback(PROMPT, { models: [PRO] }),
      (client: Client) => client.batchGenerate([PROMPT], { delay: 0 }),
    ]) {
      await open({ limits: { '*': { rpm: 2 } } });
      const client = scene.client({ limits: { [PRO]: { rpm: 2 } } });
      await scene.run(Promise.all(many(3, () => call(client))));
      assert.deepEqual([scene.overLimit(), scene.requests().length], [0, 3]);
      assert.ok((scene.sent()[2] ?? 0) > MINUTE, `${call}: ${scene.sent()}`);
      scene.close();
    }
  });

  it('of a tier are the published ones', async () => {
    await open({ limits: { '*': { rpm: 20 } } });
    const client = scene.client({ limits: 'tier1' });
    await scene.run(everybody(client, 21));
    assert.deepEqual([scene.overLimit(), scene.requests().length], [0, 21]);
    assert.ok((scene.sent()[19] ?? 0) < 10_000 && (scene.sent()[20] ?? 0) > MINUTE);
    const report = await scene.run(ofPro(client).then((own) => own?.limits ?? []));
    const told = report.map(({ dimension, limit, source }) => [dimension, limit, source]);
    assert.deepEqual(told, [
      ['requests_per_minute', 20, 'tier'],
      ['tokens_per_minute', 100_000, 'tier'],
      // Usage is reported also where no limit is known.
      ['images_per_minute', undefined, undefined],
      ['requests_per_day', 250, 'tier'],
      ['tokens_per_day', undefined, undefined],
      ['spend', 10, 'tier'],
    ]);
  });

  it('of a tier are overruled by the service', async () => {
    await open({ limits: { '*': { rpm: 8 } }, latency: 500 });
    const client = scene.client({ limits: 'tier1' });
    const learned = listen(client, 'limitLearned');
    await scene.run(everybody(client, 40));
    assert.deepEqual([learned[0]?.limit, learned[0]?.previous], [8, 20]);
    assert.ok(scene.now() < 6 * MINUTE, `it took ${scene.now() / MINUTE} minutes`);
    assert.ok(scene.overLimit() <= 12, `${scene.overLimit()} were rejected`);
  });

  it('`none` keeps nothing', async () => {
    await open({ latency: 1_000 });
    const client = scene.client({ limits: 'none' });
    const calls = everybody(client, 50);
    await scene.pass(1);
    assert.equal(scene.requests().length, 50);
    assert.deepEqual(await scene.run(client.quota()), []);
    await scene.run(calls);
  });

  const wrong: [ClientOptions, RegExp][] = [
    [
      { limits: 'tier4' as never },
      /`limits` must be 'none', 'free', 'tier1', 'tier2', 'tier3', or an obj/,
    ],
    [{ limits: 5 as never }, /`limits` must be 'none'/],
    [{ limits: { [PRO]: 5 as never } }, new RegExp(`limits.*${PRO}.*rpm, tpm, ipm, rpd, tpd`)],
    [{ limits: { [PRO]: { rpm: 0 } } }, /`rpm` must be a number from 1; Infinity for no limit/],
    [{ limits: { [PRO]: { rpm: '9' as never } } }, /`rpm` must be a number from 1/],
    [{ limits: { [PRO]: { rpm: NaN } } }, /`rpm` must be a number from 1/],
    [{ limits: { [PRO]: { rph: 9 } as never } }, /unknown option `rph`.*rpm, tpm, ipm, rpd, tpd$/],
    [{ spendPer10Min: 0 }, /`spendPer10Min` must be a number of USD above 0/],
    [{ spendPer10Min: '10' as never }, /`spendPer10Min` must be a number of USD/],
    [{ onDailyLimit: 'stop' as never }, /`onDailyLimit` must be 'fail', 'fallback' or 'wait'/],
    [{ alertAt: 70 }, /`alertAt` must be a number above 0 and up to 1, or a list of such/],
    [{ alertAt: [] }, /`alertAt` must be a number above 0/],
    [{ alertAt: [0.5, 0] }, /`alertAt` must be a number above 0/],
    [{ concurrency: 0 }, /`concurrency` must be a whole number from 1/],
    [{ concurrency: 1.5 }, /`concurrency` must be a whole number from 1/],
    [{ maxOutage: -1 }, /`maxOutage` must be a number of milliseconds/],
    [{ store: {} as never }, /`store` must be a QuotaStore: an object with `transact/],
    [{ onStoreDown: 'retry' as never }, /`onStoreDown` must be 'open', 'closed' or 'local'/],
    [{ project: '' }, /`project` must be a text that is not empty/],
    [{ limit: { rpm: 5 } } as never, /unknown option `limit`; the known.*limits.*onDailyLimit/],
  ];
  for (const [options, message] of wrong) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => createClient({ apiKey: KEY, ...options }), {
        name: 'TypeError',
        message,
      });
    });
  }

  const wrongCalls: [object, RegExp][] = [
    [{ priority: 'high' }, /`priority` must be 'interactive', 'background' or a whole number/],
    [{ priority: 1.5 }, /`priority` must be 'interactive'/],
    [{ onDailyLimit: 'never' }, /`onDailyLimit` must be 'fail', 'fallback' or 'wait'/],
    [{ limits: 'tier1' }, /unknown option `limits`; the known options are .*priority/],
  ];
  for (const [options, message] of wrongCalls) {
    it(`a call refuses ${JSON.stringify(options)}`, async () => {
      await open();
      const calls = scene.client();
      for (const work of [
        calls.generate(PROMPT, options as never),
        calls.generateWithRetry(PROMPT, options as never),
        calls.generateWithFallback(PROMPT, options as never),
        calls.retry(() => 1, options as never),
      ]) {
        await assert.rejects(work, { name: 'TypeError', message });
      }
      assert.equal(scene.requests().length, 0);
    });
  }

  it('a batch has no priority: it sends one at a time', async () => {
    await open();
    await assert.rejects(scene.client().batchGenerate([PROMPT], { priority: 0 } as never), {
      name: 'TypeError',
      message: /unknown option `priority`/,
    });
  });

  it('tokens and pictures of a call are no durations', async () => {
    await open();
    for (const use of [{ tokens: -1 }, { tokens: 'x' as never }, { images: -1 }]) {
      await assert.rejects(
        scene.client().retry(() => 1, { model: PRO, ...use }),
        (error: Error) => {
          assert.equal(error.name, 'TypeError');
          assert.doesNotMatch(error.message, /milliseconds/);
          return true;
        },
      );
    }
  });
});

describe('limits that are learned', () => {
  it('the value in a 429 is taken, told once, and kept to', async () => {
    await open({ limits: { '*': { rpm: 6 } }, latency: 300 });
    const client = scene.client();
    const learned = listen(client, 'limitLearned');
    await scene.run(everybody(client, 30));
    const first = learned.find(({ limit }) => limit === 6);
    assert.deepEqual(first?.dimension, 'requests_per_minute');
    assert.equal(first?.model, PRO);
    assert.equal((await scene.run(of(client, 'requests_per_minute')))?.source, 'learned');
    // The best that knows everything takes four minutes and a bit.
    assert.ok(scene.now() < 5.5 * MINUTE, `it took ${scene.now() / MINUTE} minutes`);
    assert.ok(scene.overLimit() <= 4, `${scene.overLimit()} were rejected`);
  });

  it('the first word of a limit has no previous one', async () => {
    await open({ limits: { '*': { rpm: 6 } }, latency: 300 });
    const client = scene.client();
    const learned = listen(client, 'limitLearned');
    await scene.run(everybody(client, 8));
    assert.equal(learned[0]?.previous, undefined);
    assert.ok(learned[0] !== undefined && !('previous' in learned[0]));
  });

  it('a given limit that is too high is lowered, and `previous` names it', async () => {
    await open({ limits: { '*': { rpm: 6 } }, latency: 300 });
    const client = scene.client({ limits: { [PRO]: { rpm: 10 } } });
    const learned = listen(client, 'limitLearned');
    await scene.run(everybody(client, 24));
    const [first] = learned;
    assert.deepEqual(
      [first?.dimension, first?.limit, first?.previous],
      ['requests_per_minute', 6, 10],
    );
    assert.ok(scene.overLimit() <= 4, `${scene.overLimit()} were rejected`);
  });

  it('a given limit is never exceeded, whatever the service says', async () => {
    await open({ limits: { '*': { rpm: 60 } }, latency: 300 });
    scene.emulator.script([{ fault: '429-detailed', limit: 60, retryDelay: 100 }]);
    const client = scene.client({ limits: { [PRO]: { rpm: 4 } } });
    await scene.run(everybody(client, 12));
    const [usage] = scene.emulator.ledger().usage;
    assert.ok((usage?.counted.slidingMinute.requests ?? 99) <= 4, JSON.stringify(usage?.counted));
  });

  it('is cut overnight: told with the one before', async () => {
    await open({ limits: { '*': { rpm: 10 } }, latency: 300 });
    const client = scene.client();
    const learned = listen(client, 'limitLearned');
    await scene.run(everybody(client, 25));
    scene.emulator.configure({ limits: { '*': { rpm: 4 } } });
    await scene.run(everybody(client, 12));
    const cut = learned.filter(({ limit }) => limit === 4).at(-1);
    assert.equal(cut?.previous, 10, JSON.stringify(learned));
  });

  it('from bare 429s', async () => {
    await open({ limits: { '*': { rpm: 6 } }, quotaBody: 'bare', latency: 300 });
    const client = scene.client();
    const learned = listen(client, 'limitLearned');
    await scene.run(everybody(client, 24));
    assert.ok(learned.length > 0);
    assert.ok(learned.every(({ dimension }) => dimension === 'requests_per_minute'));
    const limit = await scene.run(of(client, 'requests_per_minute'));
    assert.equal(limit?.source, 'learned');
    assert.ok((limit?.limit ?? 0) >= 4 && (limit?.limit ?? 99) <= 8, JSON.stringify(limit));
    assert.ok(scene.now() < 8 * MINUTE, `it took ${scene.now() / MINUTE} minutes`);
    // The first wave, and one at a time for most of a minute, in which it may be load.
    assert.ok(scene.overLimit() <= 16, `${scene.overLimit()} were rejected`);
  });

  it('one bare 429 alone says nothing of a limit', async () => {
    await open();
    scene.emulator.script('429-bare');
    const client = scene.client();
    const learned = listen(client, 'limitLearned');
    await scene.run(client.generate(PROMPT));
    await scene.run(everybody(client, 10));
    assert.deepEqual(learned, []);
    assert.ok(scene.now() < 15_000, `it took ${scene.now()}`);
  });

  it('at one request a minute it still gets on', async () => {
    await open({ limits: { '*': { rpm: 1 } } });
    const client = scene.client();
    await scene.run(everybody(client, 4));
    assert.ok(scene.now() < 5 * MINUTE, `it took ${scene.now() / MINUTE} minutes`);
    assert.ok(scene.overLimit() <= 3, `${scene.overLimit()} were rejected`);
  });
});

describe('quota()', () => {
  it('tells before, during and after', async () => {
    await open({ latency: 1_000 });
    const client = scene.client({ limits: { [PRO]: { rpm: 2, rpd: 100 } } });
    const [before, ...others] = await scene.run(client.quota());
    assert.deepEqual(others, []);
    assert.deepEqual(before, {
      model: PRO,
      limits: [
        { dimension: 'requests_per_minute', used: 0, limit: 2, source: 'given' },
        { dimension: 'requests_per_day', used: 0, limit: 100, source: 'given' },
      ],
      queued: 0,
      inFlight: 0,
    });
    const calls = everybody(client, 5);
    await scene.pass(500);
    const during = await scene.run(ofPro(client));
    assert.deepEqual([during?.queued, during?.inFlight], [3, 2]);
    const rpm = during?.limits.find(({ dimension }) => dimension === 'requests_per_minute');
    assert.deepEqual([rpm?.used, rpm?.limit, rpm?.source], [2, 2, 'given']);
    const frees = (rpm?.freesAt?.getTime() ?? 0) - NOON;
    assert.ok(frees >= MINUTE && frees <= MINUTE + 3_000, `frees at ${frees}`);
    const rpd = during?.limits.find(({ dimension }) => dimension === 'requests_per_day');
    assert.deepEqual([rpd?.used, rpd?.limit], [2, 100]);
    // Midnight in Los Angeles is 8 in the morning of the next day.
    assert.equal(rpd?.freesAt?.toISOString().slice(0, 13), '2026-11-25T08');
    await scene.run(calls);
    await scene.pass(2 * MINUTE);
    const after = await scene.run(ofPro(client));
    assert.deepEqual([after?.queued, after?.inFlight], [0, 0]);
    const [minute, day] = ['requests_per_minute', 'requests_per_day'].map((name) =>
      after?.limits.find(({ dimension }) => dimension === name),
    );
    assert.deepEqual([minute?.used, minute?.freesAt], [0, undefined]);
    assert.equal(day?.used, 5);
  });

  it('counts tokens and money as the service billed them', async () => {
    await open();
    const client = scene.client();
    await scene.run(everybody(client, 2));
    const { totals, requests } = scene.emulator.ledger();
    const tokens = await scene.run(of(client, 'tokens_per_minute'));
    const money = await scene.run(of(client, 'spend'));
    assert.equal(
      tokens?.used,
      requests.reduce((sum, request) => sum + request.promptTokens, 0),
    );
    assert.ok(Math.abs((money?.used ?? 0) - totals.billed) < 1e-6, `${money?.used}`);
  });

  it('knows each model, and rests', async () => {
    await open();
    scene.emulator.script([{ fault: '503', times: 9, model: PRO }]);
    const client = scene.client({ models: [PRO, NEXT] });
    await scene.run(everybody(client, 3));
    const reports = await scene.run(client.quota());
    assert.deepEqual(reports.map(({ model }) => model).sort(), [PRO, NEXT].sort());
    const rests = reports.find(({ model }) => model === PRO)?.restsUntil;
    assert.ok(rests !== undefined && rests.getTime() > Date.now(), String(rests));
    assert.equal(reports.find(({ model }) => model === NEXT)?.restsUntil, undefined);
  });

  it('of a closed client is refused', async () => {
    await open();
    const client = scene.client();
    await scene.run(client.generate(PROMPT));
    client.close();
    await scene.run(client.quota().then(assert.ok, (error) => assert.equal(error.kind, 'closed')));
  });
});

describe('alerts', () => {
  it('at 70 % of a minute, once, and again after it fell below half', async () => {
    await open();
    const client = scene.client({ limits: { [PRO]: { rpm: 10 } } });
    const alerts = listen(client, 'quotaAlert');
    await scene.run(everybody(client, 6));
    assert.deepEqual(alerts, []);
    await scene.run(everybody(client, 1));
    const want = { model: PRO, dimension: 'requests_per_minute', used: 7, limit: 10 };
    assert.deepEqual(alerts, [{ ...want, threshold: 0.7 }]);
    await scene.run(everybody(client, 3));
    assert.equal(alerts.length, 1);
    // Six of the next minute: it has fallen below half between.
    await scene.pass(2 * MINUTE);
    await scene.run(everybody(client, 6));
    assert.equal(alerts.length, 1);
    await scene.run(everybody(client, 1));
    assert.equal(alerts.length, 2);
  });

  it('not again while it wavers around the threshold', async () => {
    await open();
    const client = scene.client({ limits: { [PRO]: { rpm: 10 } } });
    const alerts = listen(client, 'quotaAlert');
    // One every 8 s: seven or eight in any minute.
    for (let call = 0; call < 40; call += 1) {
      await scene.run(client.generate(PROMPT));
      await scene.pass(8_000);
    }
    assert.equal(alerts.length, 1);
  });

  it('at several thresholds, of the day', async () => {
    await open();
    const client = scene.client({ limits: { [PRO]: { rpd: 20 } }, alertAt: [0.5, 0.8, 1] });
    const alerts = listen(client, 'quotaAlert');
    await scene.run(everybody(client, 20));
    assert.deepEqual(
      alerts.map(({ dimension, used, threshold }) => [dimension, used, threshold]),
      [0.5, 0.8, 1].map((threshold) => ['requests_per_day', 20 * threshold, threshold]),
    );
  });

  it('of money are in USD', async () => {
    await open();
    const client = scene.client({ spendPer10Min: 1 });
    const alerts = listen(client, 'quotaAlert');
    await scene.run(everybody(client, 6));
    const [alert] = alerts;
    assert.equal(alert?.dimension, 'spend');
    assert.equal(alert?.limit, 1);
    assert.ok((alert?.used ?? 0) >= 0.7 && (alert?.used ?? 9) <= 1, `${alert?.used}`);
  });

  it('quotaExhausted comes once for many who wait', async () => {
    await open();
    const client = scene.client({ limits: { [PRO]: { rpm: 5 } } });
    const heard = listen(client, 'quotaExhausted');
    const waiting = listen(client, 'waiting');
    const calls = everybody(client, 9);
    await scene.pass(30_000);
    const [event] = heard;
    assert.equal(heard.length, 1);
    assert.deepEqual(
      [event?.model, event?.dimension, event?.limit],
      [PRO, 'requests_per_minute', 5],
    );
    const at = (event?.retryAt.getTime() ?? 0) - NOON;
    assert.ok(at > MINUTE && at < MINUTE + 4_000, `retryAt is ${at}`);
    assert.ok(waiting.length >= 4, `${waiting.length} were told that they wait`);
    for (const { retryAt, delay } of waiting) {
      assert.ok(delay > 0 && retryAt.getTime() > NOON, `${delay}`);
    }
    await scene.run(calls);
    assert.equal(heard.length, 1);
  });
});

describe('the day', () => {
  /** Half past ten in the evening in Los Angeles. */
  const EVENING = Date.parse('2026-11-25T06:30:00Z');
  const limits = { [PRO]: { rpd: 3 } };

  it('`fail`: what is above fails at once, with the moment at which it may', async () => {
    await open({ limits: { '*': { rpd: 3 } } }, EVENING);
    const client = scene.client({ models: [PRO, NEXT], limits, onDailyLimit: 'fail' });
    await scene.run(everybody(client, 3));
    const error = await scene.fails(client.generate(PROMPT));
    assert.equal(error.kind, 'daily_quota');
    assert.equal(error.quota?.dimension, 'requests_per_day');
    assert.equal(error.quota?.limit, 3);
    const at = error.retryAt?.toISOString() ?? '';
    assert.match(at, /^2026-11-25T08:00:0/, 'midnight in Los Angeles');
    assert.match(error.message + error.advice, /midnight Pacific/);
    assert.ok(scene.now() < 5_000);
    assert.deepEqual([scene.requests().length, scene.overLimit()], [3, 0]);
  });

  it('`fallback`: the next model has a day of its own', async () => {
    await open({ limits: { [PRO]: { rpd: 3 } } }, EVENING);
    const client = scene.client({ models: [PRO, NEXT], limits });
    await scene.run(everybody(client, 3));
    const result = await scene.run(client.generate(PROMPT));
    assert.equal(result.model, NEXT);
    assert.equal(scene.overLimit(), 0);
    const alone = await scene.fails(client.generate(PROMPT, { models: [PRO] }));
    assert.equal(alone.kind, 'daily_quota', 'it fails where no model is left');
  });

  it('`wait`: over midnight in Los Angeles, with no request before', async () => {
    await open({ limits: { '*': { rpd: 3 } } }, EVENING);
    const client = scene.client({ limits, onDailyLimit: 'wait' });
    await scene.run(everybody(client, 5));
    const sent = scene.sent();
    assert.deepEqual([sent.length, scene.overLimit()], [5, 0]);
    const [, , third, fourth] = sent;
    assert.ok((third ?? 0) < 5_000);
    assert.ok((fourth ?? 0) >= 1.5 * HOUR && (fourth ?? 0) < 1.5 * HOUR + 10_000, `${fourth}`);
  });

  it('a call may say otherwise than its client', async () => {
    await open({}, EVENING);
    const client = scene.client({ limits, onDailyLimit: 'wait' });
    await scene.run(everybody(client, 3));
    const error = await scene.fails(client.generate(PROMPT, { onDailyLimit: 'fail' }));
    assert.equal(error.kind, 'daily_quota');
    const waits = scene.watch(client.generate(PROMPT));
    await scene.pass(HOUR);
    assert.equal(waits.state, 'waits');
    await scene.pass(HOUR);
    assert.equal(waits.state, 'served');
  });

  it('that the service says is spent is asked again by one call at a time', async () => {
    await open({ limits: { '*': { rpd: 3 } } }, EVENING);
    const client = scene.client({ onDailyLimit: 'wait' });
    everybody(client, 8);
    await scene.pass(HOUR);
    assert.equal(scene.emulator.ledger().totals.served, 3);
    assert.ok(scene.overLimit() <= 10, `${scene.overLimit()} were rejected`);
    await scene.pass(2 * HOUR);
    assert.equal(scene.emulator.ledger().totals.served, 6, 'the next day has its own three');
  });

  it('one that the service calls spent without being it is not believed for ever', async () => {
    await open({}, NOON);
    scene.emulator.script([{ fault: '429-day', times: 1 }]);
    const client = scene.client({ onDailyLimit: 'wait', limits: { [PRO]: { rpd: 1_000 } } });
    await scene.run(client.generate(PROMPT));
    assert.ok(scene.now() < HOUR, `it took ${scene.now() / HOUR} hours`);
  });

  for (const priority of ['interactive', 'background'] as const) {
    it(`one that our own count does not confirm is asked now and then: ${priority}`, {}, async () => {
      await open();
      scene.emulator.configure({ faults: ['429-day'] });
      let asked = 0;
      const fetch: typeof globalThis.fetch = (input, init) => {
        asked += 1;
        // Without an end no test could tell.
        return asked > 200 ? new Promise(() => {}) : scene.emulator.fetch(input, init);
      };
      const client = scene.client({ onDailyLimit: 'wait', fetch });
      const calls = many(5, () => scene.watch(client.generate(PROMPT, { priority })));
      await scene.pass(HOUR);
      assert.ok(asked >= 3 && asked <= 15, `it was asked ${asked} times in an hour`);
      assert.ok(calls.every(({ state }) => state === 'waits'));
    });
  }

  it('sends a first request at midnight, not earlier, by our clock and two seconds', async () => {
    const start = Date.parse('2026-11-25T07:59:30Z');
    await open({ limits: { '*': { rpd: 2 } } }, start);
    const client = scene.client({ limits: { [PRO]: { rpd: 2 } }, onDailyLimit: 'wait' });
    await scene.run(everybody(client, 3));
    const third = scene.sent()[2] ?? 0;
    assert.ok(third >= 30_000 && third < 40_000, `the third went at ${third}`);
    assert.equal(scene.overLimit(), 0);
  });
});

describe('a model that is not in the tier', () => {
  it('20 calls at once: all fail clearly within a second, after two requests', async () => {
    await open({ limits: { '*': { rpm: 0, rpd: 0 } } });
    const client = scene.client();
    const calls = many(20, () => scene.watch(client.generate(PROMPT)));
    await scene.pass(1_000);
    assert.ok(calls.every(({ state }) => state === 'failed'));
    assert.equal(scene.requests().length, 2);
    for (const { error } of calls) {
      assert.ok(error instanceof GenerateError);
      assert.equal(error.kind, 'not_in_tier');
      assert.equal(error.isRetryable, false);
      assert.match(error.advice, /billing/);
    }
  });

  it('the next model takes all of them', async () => {
    await open({ limits: { [PRO]: { rpm: 0, rpd: 0 } } });
    const client = scene.client({ models: [PRO, NEXT] });
    await scene.run(everybody(client, 20));
    const asked = scene.requests().filter(({ model }) => model === PRO);
    assert.ok(asked.length <= 2, `${asked.length} asked the first`);
  });
});

describe('money', () => {
  it('that an account may spend in ten minutes is kept to, over all models', async () => {
    await open({ spendLimit: 1 });
    const client = scene.client({ spendPer10Min: 1 });
    // About 13 cents each: seven in any ten minutes.
    const calls = Promise.all(many(10, () => client.generate(PROMPT, { priority: 'background' })));
    await scene.run(calls);
    assert.equal(scene.overLimit(), 0);
    const { spendPeaks, totals } = scene.emulator.ledger();
    assert.equal(totals.rejected, 0);
    assert.ok(
      Object.values(spendPeaks).every((peak) => peak <= 1),
      JSON.stringify(spendPeaks),
    );
    assert.ok(scene.now() > 10 * MINUTE && scene.now() < 12 * MINUTE, `${scene.now() / MINUTE}`);
  });

  it('an interactive call fails with the moment at which it may', async () => {
    await open();
    const client = scene.client({ models: [PRO, NEXT], spendPer10Min: 0.3 });
    await scene.run(everybody(client, 2));
    const error = await scene.fails(client.generate(PROMPT));
    assert.equal(error.kind, 'spend_limited');
    assert.equal(error.quota?.dimension, 'spend');
    const at = (error.retryAt?.getTime() ?? 0) - NOON;
    assert.ok(at > 10 * MINUTE && at < 11 * MINUTE, `retryAt is ${at}`);
    assert.equal(scene.requests().length, 2, 'the other model is of the same account');
  });

  it('an interactive call goes to another account', async () => {
    await open({ keys: { [KEY]: 'one', 'another-key-of-nobody': 'two' } });
    const other = { model: PRO, apiKey: 'another-key-of-nobody' };
    const client = scene.client({ models: [PRO, other], spendPer10Min: 0.3 });
    await scene.run(everybody(client, 3));
    assert.deepEqual(
      scene.requests().map(({ project }) => project),
      ['one', 'one', 'two'],
    );
  });

  it('that nobody named is learned from the refusal', async () => {
    await open({ spendLimit: 0.5 });
    const client = scene.client();
    const learned = listen(client, 'limitLearned');
    await scene.run(
      Promise.all(many(5, () => client.generate(PROMPT, { priority: 'background' }))),
    );
    assert.equal(scene.emulator.ledger().totals.served, 5);
    assert.ok(
      learned.some(({ dimension }) => dimension === 'spend'),
      JSON.stringify(learned),
    );
    assert.ok(
      learned.every(({ limit }) => limit < 100),
      'it is in USD',
    );
  });

  for (const via of ['generate', 'retry'] as const) {
    it(`a refusal without details holds the background back: ${via}`, {}, async () => {
      await open();
      const message = 'You exceeded your spend-based rate limit.';
      const body = { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message } };
      let asked = 0;
      // Without an end no test could tell.
      const refuse = async (): Promise<Response> => {
        asked += 1;
        if (asked > 200) return new Promise(() => {});
        return Response.json(body, { status: 429 });
      };
      const client = scene.client({ fetch: refuse });
      const priority = 'background';
      const fn = async (): Promise<never> => {
        await refuse();
        throw Object.assign(new Error(JSON.stringify(body)), { status: 429 });
      };
      const work: Promise<unknown> =
        via === 'generate'
          ? client.generate(PROMPT, { priority })
          : client.retry(fn, { model: PRO, priority });
      const call = scene.watch(work);
      await scene.pass(20 * MINUTE);
      assert.ok(asked >= 2 && asked <= 20, `it was asked ${asked} times in 20 minutes`);
      assert.equal(call.state, 'waits');
    });
  }
});
