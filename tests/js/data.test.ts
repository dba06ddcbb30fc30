/** Requests that are data, and keys that nobody knows. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addAll, createProcessor } from '../../pkg/adapters/bullmq.js';
import {
  batchGenerate,
  type Client,
  type ClientOptions,
  configure,
  createClient,
  type GenerateRequest,
} from '../../pkg/index.js';

const PRO = 'gemini-3-pro-image';
const PICTURE = {
  candidates: [
    { content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo' } }] } },
  ],
};

let asked: [URL, Headers][] = [];
let warnings: string[] = [];
const clients: Client[] = [];

beforeEach(() => {
  asked = [];
  warnings = [];
  mock.method(console, 'warn', (text: string) => warnings.push(text));
});
afterEach(() => {
  mock.restoreAll();
  for (const own of clients.splice(0)) own.close();
});

const answer: typeof fetch = async (input, init) => {
  asked.push([new URL(String(input)), new Headers(init?.headers)]);
  return Response.json(PICTURE);
};

function client(options: ClientOptions = {}): Client {
  const own = createClient({ apiKey: 'a-key-of-nobody', fetch: answer, models: [PRO], ...options });
  clients.push(own);
  return own;
}

const HOSTILE: [string, object][] = [
  ['baseUrl', { baseUrl: 'https://attacker.example' }],
  ['apiVersion', { apiVersion: 'v1' }],
  ['headers', { headers: { 'x-goog-user-project': 'of-somebody-else' } }],
];

for (const [key, httpOptions] of HOSTILE) {
  describe(`\`${key}\` in data is refused`, () => {
    const request: GenerateRequest = { contents: 'a fox', config: { httpOptions } };
    const told = new RegExp(`\`${key}\` is for the client to say`);

    it('in a batch, as the failure of its item, however the batch comes', async () => {
      async function* stream() {
        yield request;
        yield { key: 'b', request };
        yield 'an owl';
      }
      for (const source of [[request, { key: 'b', request }, 'an owl'], stream()]) {
        asked = [];
        const items = [];
        for await (const item of client().batch(source as never, { order: 'input' })) {
          items.push([item.status, item.error?.kind]);
          if (item.error) assert.match(item.error.message, told);
        }
        const failed = ['failed', 'invalid_request'];
        assert.deepEqual(items, [failed, failed, ['done', undefined]]);
        assert.equal(asked.length, 1);
      }
    });

    it('in a job of the service', async () => {
      await assert.rejects(client().jobs.create([request]), /no address, version or headers/);
      assert.equal(asked.length, 0);
    });

    it('in a job of BullMQ, which fails for good, and is not added either', async () => {
      const process = createProcessor(client(), { save: () => assert.fail('it was made') });
      for (const data of [request, { key: 'a', request }]) {
        const job = { data, progress: {}, attemptsMade: 0, attemptsStarted: 1, stalledCounter: 0 };
        const error = await process(job as never).catch((thrown: unknown) => thrown);
        assert.equal((error as Error).name, 'UnrecoverableError');
        assert.match((error as Error).message, told);
        const queue = { addBulk: () => assert.fail('it was added') };
        await assert.rejects(addAll(queue as never, [data]), told);
      }
      assert.equal(asked.length, 0);
    });

    it('in a list of the drop-in, before any request', async () => {
      configure({ apiKey: 'a-key-of-nobody', fetch: answer });
      await assert.rejects(batchGenerate(['an owl', request] as never), told);
      assert.equal(asked.length, 0);
    });

    it('and in code it is not', async () => {
      await client().generate(request);
      await client().generateWithRetry(request);
      assert.equal(asked.length, 2);
    });
  });
}

it('what is no place may be data: a timeout, an `extraBody`', async () => {
  const httpOptions = { timeout: 5_000, extraBody: { labels: { a: 'b' } } };
  const request = { contents: 'a fox', config: { httpOptions } };
  for await (const { status } of client().batch([request])) assert.equal(status, 'done');
});

describe('a version', () => {
  for (const version of [
    'v1/../../x',
    '../v1',
    'v1?key=a',
    'v1#',
    'v1.',
    'V1',
    'beta',
    ' v1',
    '',
  ]) {
    it(`${JSON.stringify(version)} is none`, async () => {
      const http = { contents: 'a fox', config: { httpOptions: { apiVersion: version } } };
      const told = /`apiVersion` must be a text .* such as v1beta/;
      await assert.rejects(client().generate(http), told);
      assert.throws(() => client({ apiVersion: version }), told);
      const target = { model: PRO, apiVersion: version };
      await assert.rejects(client({ models: [target] }).generate('a fox'), told);
      assert.equal(asked.length, 0);
    });
  }

  for (const version of ['v1', 'v1beta', 'v1alpha', 'v1beta1']) {
    it(`${version} is one`, async () => {
      await client({ apiVersion: version }).generate('a fox');
      assert.ok(asked[0]?.[0].pathname.startsWith(`/${version}/models/`));
    });
  }
});

describe('a key that nobody knows', () => {
  const image = (imageConfig: object) => ({ contents: 'a fox', config: { imageConfig } }) as never;

  for (const [slip, meant] of [
    ['image_size', 'imageSize'],
    ['size', 'imageSize'],
    ['aspect_ratio', 'aspectRatio'],
    ['aspectratio', 'aspectRatio'],
  ]) {
    it(`\`${slip}\` in \`imageConfig\` is refused by name`, async () => {
      const told = new RegExp(
        `unknown key \`${slip}\` in \`imageConfig\`: it is called \`${meant}\``,
      );
      await assert.rejects(client().generate(image({ [slip as string]: '1K' })), told);
      const rest = {
        contents: 'a fox',
        generationConfig: { imageConfig: { [slip as string]: '1K' } },
      };
      await assert.rejects(client().generateWithRetry(rest), told);
      assert.equal(asked.length, 0);
    });
  }

  it('in `imageConfig` may be newer than this: it is sent, with one warning', async () => {
    for (let call = 0; call < 2; call += 1) await client().generate(image({ watermark: 'none' }));
    assert.equal(asked.length, 2);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? '',
      /unknown key `watermark` in `imageConfig`: it is sent as it is/,
    );
  });

  it('that the SDK knows is none', async () => {
    const known = { outputMimeType: 'image/png' };
    await client().generate(image({ imageSize: '1K', aspectRatio: '1:1', ...known }));
    assert.equal(warnings.length, 1);
    assert.match(warnings.pop() ?? '', /`outputMimeType` cannot be said .* protocol `gemini`/);
    const people = client().generate(image({ personGeneration: 'ALLOW_NONE' }));
    await assert.rejects(people, /no model of the chain can do .*, personGeneration/);
    const httpOptions = { retryOptions: { attempts: 1 }, baseUrlResourceScope: 'COLLECTION' };
    await client().generate({ contents: 'a fox', config: { httpOptions } } as never);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /`retryOptions`, .* of `config.httpOptions` are left out/);
  });

  it('in `httpOptions` is refused by name', async () => {
    const ask = (httpOptions: object) =>
      client().generate({ contents: 'a fox', config: { httpOptions } } as never);
    await assert.rejects(ask({ baseURL: 'https://a.example' }), /`baseURL`: here it is `baseUrl`/);
    await assert.rejects(
      ask({ proxy: 'x' }),
      /unknown option `proxy`; .* baseUrl, apiVersion, headers/,
    );
    await assert.rejects(ask({ baseUrl: 5 }), /`baseUrl` must be a text/);
    assert.equal(asked.length, 0);
  });

  it('beside `request` ends a batch, since what it says would be lost', async () => {
    const run = client().batch([{ key: 'a', request: 'a fox', model: PRO }] as never);
    const told = /unknown key `model` beside `request`/;
    const read = async () => {
      for await (const _ of run) assert.fail('it was made');
    };
    await assert.rejects(read(), told);
    const entry = { request: 'a fox', size: '1K' } as never;
    await assert.rejects(client().jobs.create([entry]), /unknown key `size` beside `request`/);
    assert.equal(asked.length, 0);
  });

  it('in `limits` is warned of by name', () => {
    const other = { model: 'pro', baseUrl: 'https://a.example', name: 'The Shop' };
    const limits = {
      [PRO]: { rpm: 1 },
      pro: { rpm: 1 },
      'The Shop': { rpm: 1 },
      'gemini-3-pro-imag': { rpm: 1 },
    };
    client({ limits, models: [PRO, other] });
    client({ limits, models: [PRO, other] });
    assert.deepEqual(warnings, [
      'unexhausted: `limits` names `gemini-3-pro-imag`, which no target has',
    ]);
  });
});

it('whatever calls `fetch` in the package follows no redirect by itself', () => {
  // Those that carry no key: the emulator, which is a `fetch`.
  const root = fileURLToPath(new URL('../../js', import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('emulator'),
  );
  const calls: string[] = [];
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const { 0: call, index } of text.matchAll(
      /(?<![.\w])(?:own\(url, init|fetch\(|\(own \?\? fetch\)\()/g,
    )) {
      const line = text.slice(text.lastIndexOf('\n', index) + 1, index + call.length);
      if (/^\s*(\/\/|\*)|async fetch\(/.test(line)) continue;
      calls.push(file);
      // The request's own `init`, or that of the core, is made within the lines around.
      const around = text.slice(Math.max(0, index - 600), index + 300);
      const isManual = around.includes("redirect: 'manual'");
      assert.ok(isManual || file === 'host/downloads.ts', `${file}: ${line.trim()}`);
    }
  }
  assert.deepEqual([...new Set(calls)].sort(), [
    'cli/commands/doctor.ts',
    'host/downloads.ts',
    'jobs/http.ts',
  ]);
});
