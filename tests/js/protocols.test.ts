/** Targets that speak another protocol, over HTTP: requests, answers, usage, errors, wrong answers. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, it, mock } from 'node:test';
import {
  type EmulatorConfig,
  type EmulatorServer,
  type FaultName,
  startEmulator,
} from '../../pkg/emulator/index.js';
import {
  type Client,
  type ClientOptions,
  createClient,
  type GenerateError,
  type GenerateErrorKind,
  type GenerateRequest,
  type Protocol,
  type Target,
} from '../../pkg/index.js';
import { errorOf } from './support/failing.ts';

const PRO = 'gemini-3-pro-image';
const IMAGEN = 'imagen-4.0-fast-generate-001';
const PROMPT = 'a paper boat on a calm lake';
const KEY = 'a-key-of-nobody';
const SIGNATURE = 'iVBORw0KGgo';

let server: EmulatorServer;

before(async () => {
  server = await startEmulator({});
});
after(() => server.close());

const QUICK = { transit: 0, latency: 0, clockOffset: 0, models: { [IMAGEN]: PRO } } as const;
const clients: Client[] = [];

afterEach(() => {
  mock.restoreAll();
  for (const own of clients.splice(0)) own.close();
});

/** A fresh service. */
function serve(config: EmulatorConfig = {}): void {
  const wanted = { tokens: null, pictureAs: null, limits: null, ...QUICK, ...config };
  server.emulator.reset();
  server.emulator.configure(wanted);
}

const token = (): string => 'ya29.good';

/** A target of each protocol at the fake service. */
function targetOf(protocol: Protocol, more: Partial<Target> = {}): Target {
  const openai = protocol.startsWith('openai');
  return {
    model: protocol === 'imagen' ? IMAGEN : PRO,
    protocol,
    baseUrl: openai ? `${server.url}/v1` : server.url,
    ...(protocol === 'vertex' ? { accessToken: token, project: 'my-project' } : { apiKey: KEY }),
    ...more,
  };
}

function client(models: (string | Target)[], options: ClientOptions = {}): Client {
  const retry = { baseDelay: 1, jitter: 0, maxAttempts: 2 };
  const own = createClient({ models, retry, ...options });
  clients.push(own);
  return own;
}

async function fails(work: Promise<unknown>, kind: GenerateErrorKind): Promise<GenerateError> {
  const error = await errorOf(work);
  assert.equal(error.kind, kind, error.message);
  return error;
}

const close = (actual: number | undefined, expected: number): void => {
  assert.ok(actual !== undefined && Math.abs(actual - expected) < 1e-9, `${actual} ≠ ${expected}`);
};

const PROTOCOLS: Protocol[] = ['gemini', 'vertex', 'imagen', 'openai-images', 'openai-chat'];
const OPENAI: Protocol[] = ['openai-images', 'openai-chat'];

for (const protocol of PROTOCOLS) {
  describe(protocol, () => {
    it('makes a picture, in the shape of the Gemini API', async () => {
      serve();
      const result = await client([targetOf(protocol)]).generate(PROMPT);
      assert.equal(result.images.length, 1);
      assert.equal(result.images[0]?.mimeType, 'image/png');
      assert.ok(result.images[0]?.data.startsWith(SIGNATURE));
      const { candidates, data } = result.response;
      assert.equal(candidates?.[0]?.finishReason, 'STOP');
      assert.equal(candidates?.[0]?.content?.role, 'model');
      assert.equal(data, result.images[0]?.data);
      assert.deepEqual([result.model, result.attempts.length], [targetOf(protocol).model, 1]);
      const [request] = server.emulator.ledger().requests;
      assert.equal(request?.outcome, 'served');
      assert.equal(request?.model, result.model);
    });

    it('gives the drop-in its answer', async () => {
      serve();
      const response = await client([targetOf(protocol)]).generateWithRetry(PROMPT);
      assert.ok(response.data?.startsWith(SIGNATURE));
      assert.equal(response.candidates?.length, 1);
    });

    it('costs what the target says, by name', async () => {
      serve();
      const price = { '1K': 0.05, '4K': 0.2 };
      const own = client([targetOf(protocol, { price, name: 'The Other Shop' })]);
      const { cost, modelUsed, model } = await own.generateWithFallback(PROMPT);
      assert.deepEqual([modelUsed, model], ['The Other Shop', targetOf(protocol).model]);
      close(cost, 0.05);
    });

    it('is retried through its outages', async () => {
      serve({ script: ['503'] });
      const result = await client([targetOf(protocol)]).generate(PROMPT);
      assert.deepEqual(
        result.attempts.map(({ kind, status }) => [kind, status]),
        [
          ['overloaded', 503],
          [undefined, undefined],
        ],
      );
    });

    it('is left where it speaks in HTML', async () => {
      serve({ script: ['html'] });
      const error = await fails(client([targetOf(protocol)]).generate(PROMPT), 'unknown');
      assert.equal(error.attempts.length, 1);
      assert.match(error.message, /answer is not one of/);
      assert.match(error.advice, /`baseUrl`/);
    });

    it('gives way to another account where it speaks in HTML', async () => {
      serve({ script: [{ fault: 'html', times: 1 }] });
      // The same server under another name is another account.
      const other = targetOf(protocol);
      other.baseUrl = other.baseUrl?.replace('127.0.0.1', 'localhost');
      const result = await client([targetOf(protocol), other]).generate(PROMPT);
      assert.equal(result.switches[0]?.kind, 'unknown');
      assert.equal(result.images.length, 1);
    });

    it('tells a refusal from a picture that is missing', async () => {
      serve({ script: ['image-safety'] });
      await fails(client([targetOf(protocol)]).generate(PROMPT), 'blocked');
      serve({ script: [{ fault: 'no-image', times: 2 }] });
      const error = await fails(client([targetOf(protocol)]).generate(PROMPT), 'no_image');
      assert.equal(error.attempts.length, 2, 'it is asked once more');
    });

    const REFUSALS: [FaultName, GenerateErrorKind][] = [
      ['429-day', 'daily_quota'],
      ['402', 'billing'],
      ['bad-key', 'unauthenticated'],
      ['model-not-found', 'model_not_found'],
      ['400', 'invalid_request'],
    ];
    for (const [fault, kind] of REFUSALS) {
      it(`knows ${fault} as ${kind}`, async () => {
        // A bad key is a 401 on Vertex, and asked for anew there.
        serve({ script: [{ fault, times: 2 }] });
        await fails(client([targetOf(protocol)]).generate(PROMPT), kind);
      });
    }

    it('is waited for as its refusal says', async () => {
      serve({ script: [{ fault: '429-detailed', retryDelay: protocol === 'gemini' ? 20 : '0s' }] });
      const result = await client([targetOf(protocol)]).generate(PROMPT);
      assert.equal(result.attempts[0]?.kind, 'rate_limited');
      assert.equal(result.attempts.length, 2);
      if (OPENAI.includes(protocol)) assert.ok(result.waited >= 1_000, 'its Retry-After');
    });
  });
}

describe('what is sent', () => {
  interface Seen {
    method: string | undefined;
    url: string | undefined;
    headers: IncomingHttpHeaders;
    body: Record<string, unknown>;
  }
  let seen: Seen[];
  let answer: unknown;
  let listener: Server;
  let url: string;

  before(async () => {
    listener = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const { method, url, headers } = request;
      seen.push({ method, url, headers, body: text === '' ? {} : JSON.parse(text) });
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  });
  after(() => listener.close());

  const EDIT: GenerateRequest = {
    contents: [{ text: 'Make it red.' }, { inlineData: { mimeType: 'image/jpeg', data: '/9j/' } }],
    config: {
      systemInstruction: 'You paint.',
      imageConfig: { imageSize: '2K', aspectRatio: '16:9' },
      temperature: 0.5,
    },
  };
  const DATA = `${SIGNATURE}AAAA`;
  const ask = async (target: Target, request: string | GenerateRequest, gives: unknown) => {
    seen = [];
    answer = gives;
    return client([target], { headers: { 'x-mine': 'yes' } }).generate(request);
  };
  const CHAT = {
    choices: [{ message: { images: [{ image_url: { url: `data:image/png;base64,${DATA}` } }] } }],
  };

  it('to a chat: the instruction, the texts, the pictures as data URLs, the shape', async () => {
    const result = await ask(
      { model: 'google/pro', protocol: 'openai-chat', baseUrl: `${url}/api/v1/`, apiKey: KEY },
      EDIT,
      { ...CHAT, model: 'google/pro-1', id: 'gen-1' },
    );
    assert.deepEqual(seen[0]?.body, {
      model: 'google/pro',
      messages: [
        { role: 'system', content: 'You paint.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Make it red.' },
            { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/' } },
          ],
        },
      ],
      modalities: ['image', 'text'],
      image_config: { aspect_ratio: '16:9', image_size: '2K' },
      temperature: 0.5,
      stream: false,
    });
    const { method, headers } = seen[0] as Seen;
    assert.deepEqual([method, seen[0]?.url], ['POST', '/api/v1/chat/completions']);
    assert.equal(headers.authorization, `Bearer ${KEY}`);
    assert.equal(headers['x-goog-api-key'], undefined);
    assert.equal(headers['x-server-timeout'], undefined);
    assert.equal(headers['x-mine'], undefined, 'the headers of the client are for the client');
    assert.equal(result.response.modelVersion, 'google/pro-1');
    assert.equal(result.response.responseId, 'gen-1');
    assert.equal(result.images[0]?.data, DATA);
    assert.equal(result.cost, undefined, 'nobody has said what it costs');
  });

  it('to a chat: several turns', async () => {
    const contents = [
      { role: 'user', parts: [{ text: 'Draw.' }] },
      { role: 'model', parts: [{ text: 'What?' }] },
      { role: 'user', parts: [{ text: 'A boat.' }] },
    ];
    const target: Target = { model: 'pro', protocol: 'openai-chat', baseUrl: url };
    await ask(target, { contents }, CHAT);
    assert.deepEqual(seen[0]?.body['messages'], [
      { role: 'user', content: 'Draw.' },
      { role: 'assistant', content: 'What?' },
      { role: 'user', content: 'A boat.' },
    ]);
    assert.equal(seen[0]?.headers.authorization, undefined, 'no key, no header');
  });

  it('to an images API: the prompt and pixels', async () => {
    const target: Target = { model: 'pro', protocol: 'openai-images', baseUrl: url, apiKey: KEY };
    const request: GenerateRequest = {
      contents: ['A boat.', 'On a lake.'],
      config: {
        systemInstruction: 'You paint.',
        imageConfig: { imageSize: '2K', aspectRatio: '16:9' },
      },
    };
    const result = await ask(target, request, {
      data: [{ b64_json: DATA }, { b64_json: `data:image/webp;base64,UklGRAAA` }],
      usage: { input_tokens: 5, output_tokens: 1_130, total_tokens: 1_135 },
    });
    assert.equal(seen[0]?.url, '/images/generations');
    assert.deepEqual(seen[0]?.body, {
      model: 'pro',
      prompt: 'You paint.\n\nA boat.\nOn a lake.',
      size: '2752x1536',
    });
    assert.deepEqual(
      result.images.map(({ mimeType, data }) => [mimeType, data]),
      [
        ['image/png', DATA],
        ['image/webp', 'UklGRAAA'],
      ],
    );
    assert.deepEqual(result.response.usageMetadata, {
      promptTokenCount: 5,
      candidatesTokenCount: 1_130,
      totalTokenCount: 1_135,
    });
  });

  it('two pictures are paid for twice, also where no tokens are told', async () => {
    const target: Target = { model: 'pro', protocol: 'openai-images', baseUrl: url, price: 0.05 };
    seen = [];
    answer = { data: [{ b64_json: DATA }, { b64_json: DATA }] };
    const own = client([target], { spendPer10Min: 1 });
    const { cost, usage } = await own.generate(PROMPT);
    close(cost, 0.1);
    assert.equal(usage, undefined);
    const [report] = await own.quota();
    close(report?.limits.find(({ dimension }) => dimension === 'spend')?.used, 0.1);
  });

  it('to Imagen: one instance and its parameters', async () => {
    const target: Target = { model: IMAGEN, protocol: 'imagen', baseUrl: url, apiKey: KEY };
    const request: GenerateRequest = {
      contents: 'A boat.',
      config: { imageConfig: { aspectRatio: '16:9' }, seed: 7, candidateCount: 2 },
    };
    await ask(target, request, { predictions: [{ bytesBase64Encoded: DATA }] });
    assert.equal(seen[0]?.url, `/v1beta/models/${IMAGEN}:predict`);
    assert.equal(seen[0]?.headers['x-goog-api-key'], KEY);
    assert.deepEqual(seen[0]?.body, {
      instances: [{ prompt: 'A boat.' }],
      parameters: { sampleCount: 2, seed: 7, aspectRatio: '16:9' },
    });
  });

  it('to Vertex AI: the request of the Gemini API without what is not known there', async () => {
    const warn = mock.method(console, 'warn', () => {});
    const target = targetOf('vertex', { baseUrl: url, location: 'europe-west4' });
    await ask(
      target,
      { contents: 'A boat.', config: { store: false, labels: undefined } as never },
      { candidates: [{ content: { parts: [{ inlineData: { data: DATA } }] } }] },
    );
    assert.equal(
      seen[0]?.url,
      `/v1beta1/projects/my-project/locations/europe-west4/publishers/google/models/${PRO}:generateContent`,
    );
    assert.equal(seen[0]?.headers.authorization, 'Bearer ya29.good');
    assert.deepEqual(Object.keys(seen[0]?.body ?? {}), ['contents']);
    assert.match(String(warn.mock.calls[0]?.arguments[0]), /`store` cannot be said .*`vertex`/);
  });

  it('what has no word there is left out, with one warning', async () => {
    const warn = mock.method(console, 'warn', () => {});
    const target: Target = { model: 'pro', protocol: 'openai-images', baseUrl: url };
    const request: GenerateRequest = {
      contents: 'A boat.',
      config: { thinkingConfig: { thinkingLevel: 'high' }, safetySettings: [], candidateCount: 1 },
    };
    for (let call = 0; call < 2; call += 1) {
      await ask(target, request, { data: [{ b64_json: DATA }] });
      assert.deepEqual(seen[0]?.body, { model: 'pro', prompt: 'A boat.', n: 1 });
    }
    assert.equal(warn.mock.calls.length, 1);
    assert.match(
      String(warn.mock.calls[0]?.arguments[0]),
      /`thinkingConfig, safetySettings` cannot be said to a target of protocol `openai-images`/,
    );
  });

  it('what a server of Imagen leaves out is a picture that is missing, and no more than that', async () => {
    const target: Target = { model: IMAGEN, protocol: 'imagen', baseUrl: url, apiKey: KEY };
    const once = { retry: { maxAttempts: 1 } };
    seen = [];
    answer = {};
    await fails(client([target]).generate(PROMPT, once), 'no_image');
    answer = { ok: true };
    await fails(client([target]).generate(PROMPT, once), 'unknown');
  });

  const PLACES: [string, unknown][] = [
    ['an image_url that is a text', [{ image_url: `data:image/png;base64,${DATA}` }]],
    ['a url', [{ url: `data:image/png;base64,${DATA}` }]],
    ['b64_json', [{ type: 'output_image', b64_json: DATA }]],
    ['an image with base64', [{ type: 'image', image: { base64: DATA } }]],
  ];
  for (const [name, content] of PLACES) {
    it(`finds a picture in ${name}`, async () => {
      const target: Target = { model: 'pro', protocol: 'openai-chat', baseUrl: url };
      const result = await ask(target, PROMPT, { choices: [{ message: { content } }] });
      assert.equal(result.images[0]?.data, DATA);
    });
  }

  it('keeps the text around a picture, and not the picture in the text', async () => {
    const target: Target = { model: 'pro', protocol: 'openai-chat', baseUrl: url };
    const content = `Here: ![x](data:image/png;base64,${DATA}) Enjoy.`;
    const result = await ask(target, PROMPT, { choices: [{ message: { content } }] });
    assert.equal(result.images.length, 1);
    assert.equal(result.images[0]?.data, DATA);
    assert.equal(result.text, 'Here: ![x]() Enjoy.');
  });

  const ERRORS: [string, unknown, GenerateErrorKind][] = [
    [
      'an error at the top',
      { error: { message: 'Rate limit reached', code: 429 } },
      'rate_limited',
    ],
    [
      'an error in a choice',
      { choices: [{ error: { code: 503, message: 'The model is overloaded.' }, message: {} }] },
      'overloaded',
    ],
    ['nothing that is known', { ok: true }, 'unknown'],
    ['a list', [], 'unknown'],
    ['null', null, 'unknown'],
  ];
  for (const [name, body, kind] of ERRORS) {
    it(`200 with ${name} is no answer, to the drop-in either`, async () => {
      seen = [];
      answer = body;
      const target: Target = { model: 'pro', protocol: 'openai-chat', baseUrl: url };
      const own = client([target], { maxServerDelay: 0 });
      await fails(own.generate(PROMPT, { retry: { maxAttempts: 1 } }), kind);
      await fails(own.generateWithRetry(PROMPT, 1), kind);
    });
  }
});

describe('what a protocol cannot say', () => {
  const reference = { inlineData: { mimeType: 'image/png', data: SIGNATURE } };
  const turn = (role: string, ...parts: object[]) => ({ role, parts });
  const ROWS: [string, Protocol[], GenerateRequest][] = [
    [
      'reference images',
      ['imagen', 'openai-images'],
      { contents: [{ text: 'Make it red.' }, reference] },
    ],
    [
      'several turns',
      ['imagen', 'openai-images'],
      { contents: [turn('user', { text: 'Draw.' }), turn('user', { text: 'A boat.' })] },
    ],
    [
      'earlier pictures',
      ['imagen', 'openai-images', 'openai-chat'],
      { contents: [turn('user', { text: 'Draw.' }), turn('model', reference)] },
    ],
    [
      'files',
      ['openai-chat'],
      {
        contents: [{ text: 'Edit.' }, { fileData: { mimeType: 'image/png', fileUri: 'files/1' } }],
      },
    ],
    ['tools', ['openai-chat'], { contents: PROMPT, config: { tools: [{ googleSearch: {} }] } }],
    ['size', ['imagen'], { contents: PROMPT, config: { imageConfig: { imageSize: '4K' } } }],
    [
      'aspect ratio',
      ['imagen'],
      { contents: PROMPT, config: { imageConfig: { aspectRatio: '21:9' } } },
    ],
  ];
  for (const [lacks, protocols, request] of ROWS) {
    it(`${lacks}: the target is skipped and the result says so`, async () => {
      serve();
      for (const protocol of protocols) {
        const models = [targetOf(protocol), targetOf('gemini')];
        const result = await client(models).generate(request);
        const named =
          lacks === 'several turns' || lacks === 'reference images' || protocols.length === 1;
        assert.equal(result.skipped.length, 1, `${protocol}: ${lacks}`);
        assert.equal(result.skipped[0]?.model, models[0]?.model);
        if (named) assert.equal(result.skipped[0]?.lacks, lacks);
        assert.equal(server.emulator.ledger().requests.at(-1)?.call, 'generateContent');
        await assert.rejects(client([targetOf(protocol)]).generateWithRetry(request), TypeError);
      }
    });
  }
});

describe('a link', () => {
  for (const protocol of OPENAI) {
    it(`${protocol}: is fetched, without credentials`, async () => {
      serve({ pictureAs: 'link' });
      const seen: [string, RequestInit | undefined][] = [];
      const own = client([targetOf(protocol)], {
        fetch: (input, init) => {
          seen.push([String(input), init]);
          return fetch(input, init);
        },
      });
      const result = await own.generate(PROMPT);
      assert.equal(result.images[0]?.mimeType, 'image/png');
      assert.ok(result.images[0]?.data.startsWith(SIGNATURE));
      assert.deepEqual([...(result.images[0]?.bytes().subarray(0, 4) ?? [])], [137, 80, 78, 71]);
      const [, link] = seen;
      assert.match(link?.[0] ?? '', /\/pictures\//);
      assert.equal(link?.[1]?.headers, undefined);
      assert.equal(link?.[1]?.method, undefined);
      assert.equal(result.possibleCost, 0);
    });

    for (const fault of ['dead-link', 'html-link'] as const) {
      it(`${protocol}: ${fault} is a picture that is lost, and the next target is asked`, async () => {
        serve({ script: [{ fault, times: 2 }] });
        const models = [targetOf(protocol, { price: 0.05 }), targetOf('gemini')];
        const own = client(models);
        const result = await own.generate(PROMPT);
        assert.deepEqual(
          result.attempts.map(({ kind }) => kind),
          ['no_image', 'no_image', undefined],
        );
        close(result.possibleCost, 0.1);
        serve({ script: [{ fault, times: 2 }] });
        const error = await fails(client([targetOf(protocol)]).generate(PROMPT), 'no_image');
        assert.match(
          error.message,
          fault === 'dead-link'
            ? /link leads to no picture, but to a 404/
            : /link leads to no picture/,
        );
        assert.match(error.advice, /likely billed/);
      });
    }
  }

  it('may lead to a large picture', async () => {
    serve({ pictureAs: 'link', imageBytes: 3_000_001 });
    const result = await client([targetOf('openai-images')]).generate(PROMPT);
    assert.equal(result.images[0]?.bytes().length, 3_000_001);
  });

  it('is fetched within the time of its attempt', async () => {
    serve({ pictureAs: 'link' });
    let asked = 0;
    const own = client([targetOf('openai-images')], {
      fetch: (input, init) => {
        if (!String(input).includes('/pictures/')) return fetch(input, init);
        asked += 1;
        return new Promise((_, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        });
      },
    });
    await fails(own.generate(PROMPT, { timeout: 30 }), 'timeout');
    assert.equal(asked, 2, 'once in each attempt');
  });

  it('that is no http is not followed', async () => {
    const asked: string[] = [];
    const own = client([targetOf('openai-images')], {
      fetch: async (input) => {
        asked.push(String(input));
        return Response.json({ data: [{ url: 'file:///etc/passwd' }] });
      },
    });
    await fails(own.generate(PROMPT, { retry: { maxAttempts: 1 } }), 'no_image');
    assert.equal(asked.length, 1);
  });
});

describe('a token', () => {
  it('is asked for once by calls at the same time, and kept', async () => {
    serve({ tokens: { 'ya29.good': null } });
    let asked = 0;
    const accessToken = async () => {
      asked += 1;
      return { token: 'ya29.good', expiresAt: Date.now() + 3_600_000 };
    };
    const own = client([targetOf('vertex', { accessToken })]);
    assert.equal(asked, 0, 'not before it is needed');
    await Promise.all([1, 2, 3].map(() => own.generate(PROMPT)));
    await own.generate(PROMPT);
    assert.equal(asked, 1);
  });

  it('is asked for anew a minute before its end', async () => {
    serve({ tokens: { first: null, second: null } });
    const given: string[] = [];
    const accessToken = () => {
      const token = given.length === 0 ? 'first' : 'second';
      given.push(token);
      return { token, expiresAt: new Date(Date.now() + (token === 'first' ? 59_000 : 3_600_000)) };
    };
    const own = client([targetOf('vertex', { accessToken })]);
    for (let call = 0; call < 3; call += 1) await own.generate(PROMPT);
    assert.deepEqual(given, ['first', 'second']);
  });

  it('that ends in the middle is replaced within the attempt', async () => {
    const end = Date.now() + 300;
    serve({ tokens: { 'ya29.short': end, 'ya29.long': null } });
    let asked = 0;
    const accessToken = () => {
      asked += 1;
      return asked === 1 ? 'ya29.short' : 'ya29.long';
    };
    const own = client([targetOf('vertex', { accessToken })]);
    await own.generate(PROMPT);
    await new Promise((resolve) => setTimeout(resolve, end - Date.now() + 5));
    const results = await Promise.all([own.generate(PROMPT), own.generate(PROMPT)]);
    assert.equal(asked, 2, 'once for both');
    for (const { attempts } of results) assert.equal(attempts.length, 1);
    const refused = server.emulator.ledger().requests.filter(({ status }) => status === 401);
    assert.equal(refused.length, 2);
  });

  it('that is refused twice ends the target', async () => {
    serve({ tokens: { other: null } });
    let asked = 0;
    const accessToken = () => {
      asked += 1;
      return `ya29.${asked}`;
    };
    const own = client([targetOf('vertex', { accessToken }), targetOf('gemini')]);
    const result = await own.generate(PROMPT);
    assert.deepEqual(
      result.attempts.map(({ kind, status }) => [kind, status]),
      [
        ['unauthenticated', 401],
        [undefined, undefined],
      ],
    );
    assert.equal(asked, 2);
  });

  const BROKEN: [string, () => never][] = [
    [
      'throws',
      () => {
        throw new Error('invalid_grant');
      },
    ],
    ['rejects', () => Promise.reject(new Error('invalid_grant')) as never],
    ['gives nothing', () => undefined as never],
    ['gives a line', () => 'a\nb' as never],
  ];
  for (const [name, accessToken] of BROKEN) {
    it(`whose callback ${name} is no token, and nothing is sent`, async () => {
      serve();
      const own = client([targetOf('vertex', { accessToken })]);
      const error = await fails(own.generate(PROMPT), 'unauthenticated');
      assert.match(error.message, /accessToken|invalid_grant/);
      assert.match(error.advice, /callback/);
      assert.equal(server.emulator.ledger().requests.length, 0);
    });
  }

  it('whose callback cannot reach anybody is tried again', async () => {
    serve();
    let asked = 0;
    const accessToken = () => {
      asked += 1;
      if (asked > 1) return 'ya29.good';
      throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
    };
    const result = await client([targetOf('vertex', { accessToken })]).generate(PROMPT);
    assert.deepEqual(
      result.attempts.map(({ kind }) => kind),
      ['network', undefined],
    );
    assert.equal(result.possibleCost, 0, 'nothing was sent');
  });

  it('goes to any protocol as a bearer', async () => {
    serve({ unknownKeys: 'reject', keys: { rotating: 'p' } });
    const target = targetOf('openai-chat', { apiKey: undefined, accessToken: () => 'rotating' });
    await client([target]).generate(PROMPT);
    serve({ unknownKeys: null, keys: null });
  });
});

describe('overflow to a proxy', () => {
  it('serves within the first one’s turn, at its own price', async () => {
    serve({
      projectLimits: { google: { [PRO]: { rpm: 3 } } },
      keys: { [KEY]: 'google', other: 'proxy' },
    });
    const proxy = targetOf('openai-chat', { apiKey: 'other', price: 0.05, name: 'Reseller' });
    const own = createClient({
      apiKey: KEY,
      baseUrl: server.url,
      models: [PRO, { ...proxy, model: 'gemini-nano-banana-2.1' }],
      limits: { [PRO]: { rpm: 3 } },
    });
    clients.push(own);
    const started = performance.now();
    const results = await Promise.all(Array.from({ length: 6 }, () => own.generate(PROMPT)));
    assert.ok(performance.now() - started < 5_000, 'nobody waits for the minute');
    const served = results.filter(({ model }) => model === PRO);
    const over = results.filter(({ model }) => model === 'gemini-nano-banana-2.1');
    assert.ok(served.length >= 2 && over.length >= 3, `${served.length} and ${over.length}`);
    for (const { cost, requestedModel, attempts } of over) {
      close(cost, 0.05);
      assert.equal(requestedModel, PRO);
      assert.equal(attempts.length, 1);
    }
    const { totals, requests } = server.emulator.ledger();
    assert.equal(totals.rejected, 0, 'the first one is not overrun');
    // The proxy never sees the client's key, nor Google the proxy's.
    for (const { call, project } of requests) {
      assert.equal(project, call === 'chat' ? 'proxy' : 'google');
    }
    serve({ projectLimits: null, keys: null });
  });

  it('is not held to the tier of a billing account of Google’s', async () => {
    serve();
    const own = createClient({
      apiKey: KEY,
      baseUrl: server.url,
      models: [PRO, targetOf('openai-chat')],
      limits: 'tier1',
    });
    clients.push(own);
    await own.generate(PROMPT, { models: [targetOf('openai-chat')] });
    const [here, elsewhere] = await own.quota();
    const sources = (report: typeof here) => report?.limits.map(({ source }) => source);
    assert.ok(sources(elsewhere)?.includes('tier'), 'its own account has one');
    assert.ok(!sources(here)?.includes('tier'), 'the proxy was asked first');
  });
});

describe('a wrong target', () => {
  const ROWS: [Target, RegExp][] = [
    [{ model: PRO, protocol: 'openai' as Protocol }, /`protocol` must be 'gemini', 'vertex'/],
    [{ model: PRO, protocol: 'openai-chat', apiKey: KEY }, /needs a `baseUrl`/],
    [{ model: PRO, protocol: 'vertex' }, /needs `accessToken` and `project`/],
    [{ model: PRO, protocol: 'vertex', accessToken: token }, /needs `project`/],
    [{ model: PRO, project: 'p' }, /`project` is for targets of protocol `vertex`/],
    [{ model: PRO, location: 'us' }, /`location` is for targets of protocol `vertex`/],
    [
      { model: PRO, protocol: 'vertex', accessToken: token, project: 'p', location: 'x/../y' },
      /must be names/,
    ],
    [{ model: PRO, price: -1 }, /`price` must be USD per picture/],
    [{ model: PRO, price: { '3K': 1 } as never }, /`price` must be USD per picture/],
    [{ model: PRO, accessToken: 'a' as never }, /`accessToken` must be a function/],
  ];
  for (const [target, message] of ROWS) {
    it(`${message}`, async () => {
      const own = client([target], { apiKey: KEY });
      await assert.rejects(own.generate(PROMPT), (error) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
