/** The catalogue of a client: its own rows, older names, what is retired. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, it, mock } from 'node:test';
import { createEmulator, type Emulator } from '../../pkg/emulator/index.js';
import {
  type ClientEvents,
  type ClientOptions,
  createClient,
  errorInfo,
  GenerateError,
  models,
} from '../../pkg/index.js';

const KEY = 'a-key-of-nobody';
const PROMPT = 'a paper boat';
const PRO = 'gemini-3-pro-image';
const LITE = 'gemini-3.1-flash-lite-image';
const ULTRA = 'imagen-4.0-ultra-generate-001';
const NEXT = 'gemini-nano-banana-2.1';

let emulator: Emulator;
let warnings: string[];

beforeEach(async () => {
  emulator = await createEmulator({ transit: 0, latency: 0, clockOffset: 0 });
  warnings = [];
  mock.method(console, 'warn', (text: string) => warnings.push(text));
});

afterEach(() => {
  mock.restoreAll();
  emulator.close();
});

/** A client that asks Google's address, which the fake service answers. */
function google(options: ClientOptions) {
  return createClient({ apiKey: KEY, fetch: emulator.fetch, ...options });
}

const sent = () => emulator.ledger().requests.map(({ model }) => model);

it('lists every model with its source, dates and prices', async () => {
  const rows = await models();
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
  for (const row of rows) {
    assert.ok(row.source.length > 0 && /^2\d{3}-\d\d-\d\d$/.test(row.checked ?? ''), row.id);
    assert.equal(row.freeTier, false, row.id);
    for (const { price, batchPrice } of row.sizes) {
      if (batchPrice !== undefined) assert.equal(batchPrice * 2, price, row.id);
    }
    const ends = row.status === 'deprecated' || row.status === 'retired';
    const dated = row.deprecatedSince !== undefined || row.ends?.gemini !== undefined;
    assert.equal(dated && row.successor !== undefined, ends, row.id);
  }
  const pro = rows.find(({ id }) => id === PRO);
  assert.deepEqual(pro?.sizes.at(-1), {
    size: '4K',
    tokens: 2000,
    price: 0.24,
    batchPrice: 0.12,
    flexPrice: 0.12,
    priorityPrice: 0.432,
  });
  const of = (id: string) => rows.find((row) => row.id === id);
  assert.deepEqual(of(ULTRA)?.ends, { gemini: '2026-08-17' });
  assert.deepEqual(of('gemini-3.1-flash-image')?.ends, { vertex: '2027-05-28' });
  const older = of('gemini-2.5-flash-image');
  assert.deepEqual(older?.ends, { gemini: '2027-03-15', vertex: '2027-03-15' });
  assert.deepEqual([older?.deprecatedSince, older?.successor], ['2026-09-18', LITE]);
});

it('asks older names by their name of today, and warns once', async () => {
  const client = google({ models: ['gemini-3-pro-image-preview', 'imagen-4-fast'] });
  const first = await client.generate(PROMPT);
  await client.generate({ model: 'models/imagen-4-fast', contents: PROMPT });
  await client.generate(PROMPT);
  assert.equal(first.model, PRO);
  assert.deepEqual(sent(), [PRO, LITE, PRO]);
  assert.equal(warnings.length, 2, warnings.join('\n'));
  assert.match(warnings[0] ?? '', /`gemini-3-pro-image-preview` is an older name/);
  assert.match(warnings[1] ?? '', /asking for `gemini-3.1-flash-lite-image`/);
});

it('sends an older name as it is where the target is elsewhere or has a row of its own', async () => {
  const urls: string[] = [];
  const fetch = async (url: unknown) => {
    urls.push(String(url));
    return Response.json(
      { error: { code: 404, status: 'NOT_FOUND', message: 'not here' } },
      { status: 404 },
    );
  };
  const older = 'gemini-3-pro-image-preview';
  const target = { model: older, baseUrl: 'https://proxy.example', apiKey: 'theirs' };
  await assert.rejects(createClient({ fetch, models: [target] }).generate(PROMPT));
  const own = { apiKey: KEY, fetch, models: [older], catalog: [{ id: older }] };
  await assert.rejects(createClient(own).generate(PROMPT));
  assert.equal(urls.length, 2);
  assert.ok(
    urls.every((url) => url.includes(`/models/${older}:`)),
    urls.join(' '),
  );
  assert.deepEqual(warnings, []);
});

it('fails for a retired model before any request, and names its successor', async () => {
  for (const call of [
    () => google({ models: [ULTRA] }).generate(PROMPT),
    () => google({ models: [ULTRA] }).generateWithFallback(PROMPT),
    () => google({}).generateWithRetry({ model: ULTRA, contents: PROMPT }),
    () => google({ models: [ULTRA] }).batchGenerate([PROMPT]),
  ]) {
    await assert.rejects(call, (error: unknown) => {
      assert.ok(error instanceof GenerateError);
      assert.equal(error.kind, 'model_not_found');
      assert.equal(error.model, ULTRA);
      assert.match(error.message, /imagen-4.0-ultra-generate-001 is retired/);
      assert.match(error.advice, /Use its successor, gemini-3-pro-image\./);
      assert.equal(errorInfo(error)?.retry, 'never');
      return true;
    });
  }
  assert.deepEqual(sent(), []);
});

it('skips a retired model of a chain, and says why', async () => {
  const picture = await google({ models: [ULTRA, PRO] }).generate(PROMPT);
  assert.equal(picture.model, PRO);
  assert.deepEqual(picture.skipped, [
    { model: ULTRA, reason: 'it is retired; its successor is gemini-3-pro-image' },
  ]);
  const named = await google({}).generate({ model: ULTRA, contents: PROMPT });
  assert.deepEqual([named.model, named.requestedModel], [PRO, ULTRA]);
  assert.deepEqual(sent(), [PRO, PRO]);
});

it('asks a retired model where somebody else may still serve it', async () => {
  const urls: string[] = [];
  const fetch = async (url: unknown) => {
    urls.push(String(url));
    return Response.json(
      { error: { code: 400, status: 'INVALID_ARGUMENT', message: 'no' } },
      { status: 400 },
    );
  };
  const baseUrl = 'https://imagen.example';
  await assert.rejects(
    createClient({ fetch, models: [{ model: ULTRA, baseUrl }] }).generate(PROMPT),
  );
  await assert.rejects(createClient({ fetch, baseUrl, models: [ULTRA] }).generate(PROMPT));
  assert.equal(urls.length, 2);
  assert.ok(
    urls.every((url) => url.endsWith(`/models/${ULTRA}:predict`)),
    urls.join(' '),
  );
});

it('tells once of models that end', async () => {
  const told: ClientEvents['modelRetired'][] = [];
  const client = google({
    models: [PRO, 'gemini-3.1-flash-image', ULTRA],
    on: { modelRetired: (event) => told.push(event) },
  });
  await client.generate(PROMPT);
  await client.generate(PROMPT);
  assert.deepEqual(told, [
    { model: 'gemini-3.1-flash-image', status: 'deprecated', successor: NEXT },
    { model: ULTRA, status: 'retired', successor: PRO },
  ]);
});

it('tells of a model of the catalogue that the service no longer has', async () => {
  const told: ClientEvents['modelRetired'][] = [];
  const client = google({
    models: [LITE, PRO],
    on: { modelRetired: (event) => told.push(event) },
  });
  emulator.script(['retired']);
  await client.generate(PROMPT);
  assert.equal(told[0]?.model, LITE);
  assert.equal(told[0]?.status, 'retired');
  assert.equal(told[0]?.info?.kind, 'model_not_found');
});

it('takes prices and abilities from rows of the caller', async () => {
  const catalog = [
    { id: LITE, name: 'Tiny', sizes: { '1K': 0.01 }, references: 0 },
    { id: 'gemini-9-image', status: 'preview', sizes: { '8K': 1 } } as never,
  ];
  const wrong = () => google({ catalog });
  assert.throws(wrong, /TypeError.*`sizes` in a row of `catalog` must be like/);
  const client = google({ models: [LITE], catalog: catalog.slice(0, 1) });
  const { cost, modelUsed } = await client.generateWithFallback(PROMPT);
  assert.deepEqual([modelUsed, Math.round((cost ?? 0) * 100) / 100], ['Tiny', 0.01]);
  const part = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } };
  await assert.rejects(client.generate({ contents: [PROMPT, part] }), /reference images/);
  const row = (await client.models()).find(({ id }) => id === LITE);
  assert.deepEqual([row?.name, row?.own, row?.sizes[0]?.price], ['Tiny', true, 0.01]);
});

it('sends an id that nobody knows as it is', async () => {
  const client = google({ models: ['gemini-9-image'] });
  await assert.rejects(client.generate(PROMPT), { kind: 'model_not_found' });
  assert.deepEqual(sent(), ['gemini-9-image']);
});

it('refuses wrong rows, naming what is known', async () => {
  for (const [catalog, message] of [
    [[], /option `catalog` must be a list that is not empty/],
    [{}, /option `catalog` must be a list/],
    [[{}], /an object with the `id`/],
    [
      [{ id: 'a', prize: 1 }],
      /unknown option `prize`; the known options are .*\bid, status, successor/,
    ],
    [[{ id: 'a', status: 'gone' }], /one of stable, preview, deprecated, retired/],
    [[{ id: 'a' }, { id: 'a' }], /two rows with the id `a`/],
  ] as const) {
    assert.throws(() => google({ catalog: catalog as never }), message);
  }
});
