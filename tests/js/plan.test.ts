/** The guide: `plan()` and `client.diagnose()`. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEmulator, type Emulator } from '../../pkg/emulator/index.js';
import {
  classifyError,
  createClient,
  limits,
  type PlanOptions,
  peakWindows,
  plan,
} from '../../pkg/index.js';

const PRO = 'gemini-3-pro-image';
const PROMPT = 'a paper boat';
const DAILY =
  'Quota exceeded for metric: generativelanguage.googleapis.com/generate_requests_per_model_per_day, limit: 250';

const needed = (found: Awaited<ReturnType<typeof plan>>) =>
  found.steps.filter((step) => step.needed).map(({ step }) => step);

describe('plan', () => {
  it('gives strategy, steps, times and costs', async () => {
    const found = await plan({
      images: 10_000,
      tier: 'tier1',
      interactive: true,
      targets: [{ name: 'a proxy', price: 0.05 }],
    });
    assert.equal(found.strategy, 'retry_fallback_queue');
    assert.deepEqual(found.chain[0], PRO);
    assert.deepEqual(needed(found).slice(0, 4), ['retry', 'fallback', 'alerts', 'queue']);
    const cost = (name: string) => found.costs.find((row) => row.name === name);
    assert.equal(cost('Nano Banana Pro')?.standard.perMonth, 1340);
    assert.equal(cost('Nano Banana Pro')?.batch?.perMonth, 670);
    assert.equal(cost('Nano Banana')?.standard.perMonth, 390);
    assert.equal(cost('Imagen 4 Fast')?.standard.perMonth, 200);
    assert.deepEqual(cost('a proxy')?.standard, {
      perImage: 0.05,
      perThousand: 50,
      perMonth: 500,
    });
    const own = found.times.find((row) => row.model === PRO && row.own);
    assert.equal(own?.binds, 'requests_per_day');
    assert.equal(own?.keepsUp, false);
  });

  it('reads errors of every kind that there is', async () => {
    const diagnosis = async (errors: PlanOptions['errors']) =>
      (await plan({ images: 10, tier: 'tier1', errors })).diagnosis;
    const daily = Object.assign(new Error(DAILY), { status: 429 });
    assert.equal((await diagnosis([daily, classifyError(daily)]))?.pattern, 'day_exhausted');
    assert.equal((await diagnosis(['503 The model is overloaded.']))?.pattern, 'overload');
    const peak = [0, 9, 21].map((hour) => ({
      at: new Date(Date.UTC(2026, 10, 20, hour, 30)),
      error: { status: 503 },
    }));
    const found = await diagnosis(peak);
    assert.equal(found?.pattern, 'peak_overload');
    assert.deepEqual(
      found?.hours.map(({ hour, overloaded }) => [hour, overloaded]),
      [
        [0, 1],
        [9, 1],
        [21, 1],
      ],
    );
    assert.equal((await diagnosis([]))?.pattern, 'nothing_seen');
  });

  it('refuses what it does not know, before anything else', async () => {
    for (const [options, message] of [
      [undefined, /needs an object with `images`/],
      [{}, /`images` must be a whole number from 1/],
      [
        { images: 1, quallity: 'best' },
        /unknown option `quallity`; the known ones are images, per/,
      ],
      [{ images: 1, tier: 'tier4' }, /one of free, tier1, tier2, tier3/],
      [{ images: 1, errors: 3 }, /`errors` must be/],
    ] as const) {
      await assert.rejects(plan(options as never), (error: unknown) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, message);
        return true;
      });
    }
    assert.equal((await plan({ images: 1 })).volume, 'low', 'and goes on');
  });

  it('is loaded by nobody who does not ask for it', () => {
    const pkg = fileURLToPath(new URL('../../pkg/index.js', import.meta.url));
    const script = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks?.({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
      const { classifyError, createClient } = await import(${JSON.stringify(pkg)});
      classifyError('503');
      createClient({ apiKey: 'x' });
      console.log(JSON.stringify({ hooked: registerHooks !== undefined, loaded }));`;
    const run = script.replace(
      "import { registerHooks } from 'node:module';",
      "const { registerHooks } = await import('node:module');",
    );
    const told = JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '-e', run], { encoding: 'utf8' }),
    );
    if (!told.hooked) return;
    assert.ok(told.loaded.some((url: string) => url.endsWith('/wasm/inline.js')));
    assert.deepEqual(
      told.loaded.filter((url: string) => /wasm\/guide/.test(url)),
      [],
    );
  });
});

describe('client.diagnose', () => {
  let emulator: Emulator;
  beforeEach(async () => {
    emulator = await createEmulator({ transit: 0, latency: 0, clockOffset: 0 });
  });
  afterEach(() => emulator.close());

  const client = () =>
    createClient({
      apiKey: 'a-key-of-nobody',
      fetch: emulator.fetch,
      models: [PRO],
      retry: { baseDelay: 1, jitter: 0 },
    });

  it('names what this client has seen', async () => {
    const own = client();
    assert.equal((await own.diagnose()).pattern, 'nothing_seen');
    await own.generate(PROMPT);
    const fine = await own.diagnose();
    assert.equal(fine.pattern, 'healthy');
    assert.deepEqual([fine.numbers.attempts, fine.numbers.succeeded], [1, 1]);
    emulator.script(['503']);
    await own.generate(PROMPT);
    const found = await own.diagnose();
    assert.deepEqual(found.models, [PRO]);
    assert.deepEqual([found.numbers.overloaded, found.numbers.succeeded], [1, 2]);
    const outcome = found.seen.outcomes.find(({ kind }) => kind === 'overloaded');
    assert.equal(outcome?.model, PRO);
    assert.ok((outcome?.at?.getTime() ?? 0) <= Date.now());
    assert.equal(found.seen.failingSince, undefined);
    own.close();
  });

  it('counts the attempts of `retry` and what a limit of 0 means', async () => {
    const own = client();
    const zero = Object.assign(new Error('Quota exceeded, limit: 0, model: x'), { status: 429 });
    await assert.rejects(own.retry(() => Promise.reject(zero)));
    const found = await own.diagnose();
    assert.equal(found.pattern, 'free_tier');
    assert.equal(found.numbers.notInTier, 1);
    const planned = await plan({ images: 10, tier: 'tier1', errors: found });
    assert.equal(planned.diagnosis?.pattern, 'free_tier');
    assert.equal(planned.steps[0]?.step, 'billing');
    const again = await plan({ images: 10, tier: 'tier1', errors: found.seen });
    assert.deepEqual(again, planned);
    own.close();
  });

  it('counts an attempt that ran out of our own time', async () => {
    const own = createClient({
      apiKey: 'a-key-of-nobody',
      models: [PRO],
      fetch: (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        }),
    });
    const late = own.generate(PROMPT, { timeout: 5, retry: { maxAttempts: 1 }, deadline: 40 });
    await assert.rejects(late);
    const { numbers, pattern } = await own.diagnose();
    assert.equal(pattern, 'connection');
    assert.ok(numbers.unanswered >= 1);
    own.close();
  });
});

describe('the tables', () => {
  it('limits() has dated rows with their sources', async () => {
    const rows = await limits();
    assert.ok(rows.length > 30 && rows.every(({ date, source }) => date !== '' && source !== ''));
    const pro = rows.find(({ model, tier }) => model === PRO && tier === 'tier1');
    assert.deepEqual([pro?.rpm, pro?.tpm, pro?.rpd, pro?.date], [20, 100_000, 250, '2025-11']);
    const cut = rows.filter(({ model, source }) => model === 'any' && /December/.test(source));
    assert.deepEqual(
      cut.map(({ date, rpd }) => [date, rpd]),
      [
        ['2025-11', 250],
        ['2025-12', [20, 100]],
      ],
    );
  });

  it('peakWindows() are the hours of the guide', async () => {
    const hours = (await peakWindows()).map(({ from, to }) => [from, to]);
    assert.deepEqual(hours, [
      [0, 2],
      [9, 11],
      [20, 23],
    ]);
  });

  it("`limits: 'free'` is known, and warned of", (context) => {
    const warn = context.mock.method(console, 'warn', () => {});
    createClient({ apiKey: 'a-key-of-nobody', limits: 'free' }).close();
    assert.match(String(warn.mock.calls[0]?.arguments[0]), /no image model has a free tier/);
  });
});
