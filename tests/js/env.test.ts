/** What the environment says, and what goes before it: as `@google/genai` reads it. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { GoogleGenAI } from '@google/genai';
import { type ClientOptions, configure, createClient, generateWithRetry } from '../../pkg/index.js';

const NAMES = ['GOOGLE_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_GEMINI_BASE_URL'] as const;
const GOOGLE = 'https://generativelanguage.googleapis.com';
const PATH = '/v1beta/models/gemini-3-pro-image:generateContent';

const saved = NAMES.map((name) => process.env[name]);

function set(values: Partial<Record<(typeof NAMES)[number], string>>): void {
  for (const name of NAMES) {
    const value = values[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

beforeEach(() => set({}));
afterEach(() => {
  set(Object.fromEntries(NAMES.map((name, index) => [name, saved[index]])));
});

interface Sent {
  url: string;
  key: string | null;
}

const sent: Sent[] = [];
const recording: typeof fetch = async (input, init) => {
  const headers = new Headers(init?.headers);
  sent.push({ url: String(input), key: headers.get('x-goog-api-key') });
  return Response.json({ candidates: [] });
};

async function send(options: ClientOptions = {}): Promise<Sent> {
  sent.length = 0;
  await createClient({ fetch: recording, ...options }).generateWithRetry('a paper boat');
  const [only] = sent;
  assert.ok(only);
  return only;
}

describe('keys', () => {
  it('GOOGLE_API_KEY goes before GEMINI_API_KEY', async () => {
    set({ GOOGLE_API_KEY: 'of-google', GEMINI_API_KEY: 'of-gemini' });
    assert.equal((await send()).key, 'of-google');
  });

  it('GEMINI_API_KEY alone is used', async () => {
    set({ GEMINI_API_KEY: 'of-gemini' });
    assert.equal((await send()).key, 'of-gemini');
  });

  it('an empty GOOGLE_API_KEY is none', async () => {
    set({ GOOGLE_API_KEY: '', GEMINI_API_KEY: 'of-gemini' });
    assert.equal((await send()).key, 'of-gemini');
  });

  it('an option goes before both', async () => {
    set({ GOOGLE_API_KEY: 'of-google', GEMINI_API_KEY: 'of-gemini' });
    assert.equal((await send({ apiKey: 'of-option' })).key, 'of-option');
    assert.equal((await send({ apiKey: undefined })).key, 'of-google');
  });

  it('the key of a target goes before all', async () => {
    set({ GOOGLE_API_KEY: 'of-google' });
    const models = [{ model: 'gemini-3-pro-image', apiKey: 'of-target' }];
    assert.equal((await send({ apiKey: 'of-option', models })).key, 'of-target');
  });

  it('a target elsewhere gets none of the environment', async () => {
    set({ GOOGLE_API_KEY: 'of-google' });
    const models = [{ model: 'gemini-3-pro-image', baseUrl: 'https://elsewhere.example' }];
    assert.equal((await send({ models })).key, null);
  });

  it('are read when a client first asks, not when the package is loaded', async () => {
    configure({ fetch: recording });
    set({ GEMINI_API_KEY: 'set-later' });
    sent.length = 0;
    await generateWithRetry('a paper boat');
    assert.equal(sent[0]?.key, 'set-later');
  });
});

describe('the address', () => {
  beforeEach(() => set({ GEMINI_API_KEY: 'of-gemini' }));

  it("is Google's where nothing is said", async () => {
    assert.equal((await send()).url, GOOGLE + PATH);
  });

  it('is that of GOOGLE_GEMINI_BASE_URL', async () => {
    set({ GEMINI_API_KEY: 'of-gemini', GOOGLE_GEMINI_BASE_URL: 'https://proxy.example/' });
    assert.deepEqual(await send(), { url: `https://proxy.example${PATH}`, key: 'of-gemini' });
  });

  it('is that of the option before it', async () => {
    set({ GEMINI_API_KEY: 'of-gemini', GOOGLE_GEMINI_BASE_URL: 'https://proxy.example' });
    assert.equal(
      (await send({ baseUrl: 'https://option.example' })).url,
      `https://option.example${PATH}`,
    );
  });

  it('needs no key where it is a proxy', async () => {
    set({ GOOGLE_GEMINI_BASE_URL: 'https://proxy.example' });
    assert.deepEqual(await send(), { url: `https://proxy.example${PATH}`, key: null });
  });
});

it('the SDK reads the same', async () => {
  const rows: [Parameters<typeof set>[0], ClientOptions][] = [
    [{ GOOGLE_API_KEY: 'of-google', GEMINI_API_KEY: 'of-gemini' }, {}],
    [{ GEMINI_API_KEY: 'of-gemini', GOOGLE_GEMINI_BASE_URL: 'https://proxy.example' }, {}],
    [{ GEMINI_API_KEY: 'of-gemini' }, { apiKey: 'of-option' }],
    [
      { GOOGLE_API_KEY: 'x', GOOGLE_GEMINI_BASE_URL: 'https://proxy.example' },
      { baseUrl: 'https://option.example' },
    ],
  ];
  const { fetch: real } = globalThis;
  const { warn } = console;
  // It warns of two keys.
  console.warn = () => {};
  globalThis.fetch = recording;
  try {
    for (const [environment, options] of rows) {
      set(environment);
      const { apiKey, baseUrl } = options;
      const ai = new GoogleGenAI({
        ...(apiKey === undefined ? {} : { apiKey }),
        ...(baseUrl === undefined ? {} : { httpOptions: { baseUrl } }),
      });
      sent.length = 0;
      await ai.models.generateContent({ model: 'gemini-3-pro-image', contents: 'a paper boat' });
      const [theirs] = sent;
      const own = await send(options);
      // The version differs on purpose: `imageConfig` is confirmed on `v1beta` alone.
      const host = ({ url }: Sent): string => new URL(url).host;
      assert.ok(theirs);
      assert.deepEqual([host(own), own.key], [host(theirs), theirs.key]);
    }
  } finally {
    globalThis.fetch = real;
    console.warn = warn;
  }
});
