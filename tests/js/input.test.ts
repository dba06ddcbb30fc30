/** Wrong input and hostile input: a clear error that names the fix, before any request if it can be. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, it, mock } from 'node:test';
import {
  batchGenerate,
  type Client,
  type ClientOptions,
  classifyError,
  configure,
  createClient,
  type ErrorInfo,
  GenerateError,
  generateWithFallback,
  generateWithRetry,
  getRetryDelay,
  isGenerateError,
} from '../../pkg/index.js';
import { NOON } from './support/clock.ts';

const KEY = 'a-key-of-nobody';

let requests = 0;
const count: typeof fetch = async () => {
  requests += 1;
  const part = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } };
  return Response.json({ candidates: [{ content: { parts: [part] } }] });
};

const client = (options: ClientOptions = {}): Client =>
  createClient({ apiKey: KEY, fetch: count, ...options });

/** Calls that must fail with this text and send nothing. */
async function refused(call: () => unknown, pattern: RegExp): Promise<void> {
  requests = 0;
  await assert.rejects(
    async () => call(),
    (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, pattern);
      assert.doesNotMatch(error.message, /undefined|\[object|NaN|is not a function|Cannot read/);
      return true;
    },
  );
  assert.equal(requests, 0, 'something was sent');
}

/** `[what is passed, what the error says]` */
type Refusals = [unknown, RegExp][];

function table(name: string, rows: Refusals, call: (value: never) => unknown): void {
  describe(name, () => {
    for (const [value, pattern] of rows) {
      it(`${show(value)} → ${pattern.source}`, () => refused(() => call(value as never), pattern));
    }
  });
}

function show(value: unknown): string {
  const replace = (_: string, item: unknown): unknown => {
    if (typeof item === 'function') return 'function';
    if (typeof item === 'bigint') return `${item}n`;
    return typeof item === 'number' && !Number.isFinite(item) ? String(item) : item;
  };
  return JSON.stringify(value, replace) ?? String(value);
}

const UNKNOWN = /unknown option `\w+`.*; the known options are /;
const COUNT = /must be a whole number from 1/;
const RETRIES = /`maxRetries` must be a whole number, 0 or more/;
const DURATION = /must be a number of milliseconds, 0 or more/;
const TIMEOUT = /must be a number of milliseconds above 0/;
const DEADLINE = /`deadline` must be milliseconds from now, or a Date/;
const TEXT = /must be a text that is not empty/;
const FUNCTION = /must be a function/;
const OBJECT = /must be an object/;
const LIST = /must be a list that is not empty/;
const SIGNAL = /must be an AbortSignal/;

table(
  'options of a client',
  [
    [{ apikey: 'x' }, /unknown option `apikey`.*known options are apiKey, baseUrl/],
    [{ baseURL: 'http://x' }, /`baseURL`: here it is `baseUrl`/],
    [{ apiKey: 5 }, TEXT],
    [{ apiKey: '' }, TEXT],
    [{ apiKey: null }, TEXT],
    [{ baseUrl: 7 }, TEXT],
    [{ baseUrl: 'nonsense' }, /baseUrl/],
    [{ baseUrl: 'localhost:8080' }, /baseUrl/],
    [{ apiVersion: 1 }, TEXT],
    [{ headers: 'x: y' }, OBJECT],
    [{ headers: [['x', 'y']] }, OBJECT],
    [{ fetch: 'fetch' }, FUNCTION],
    [{ models: 'gemini-3-pro-image' }, LIST],
    [{ models: [] }, LIST],
    [{ models: {} }, LIST],
    [{ models: [5] }, /target in `models`/],
    [{ models: [''] }, /cannot be the id of a model|target in `models`/],
    [{ models: ['../files'] }, /cannot be the id of a model/],
    [{ models: [{}] }, /target in `models` must be the id of a model/],
    [{ models: [{ model: 'x', url: 'http://x' }] }, /unknown option `url`.*baseUrl/],
    [{ models: [{ model: 'x', apiKey: 5 }] }, TEXT],
    [{ retry: 5 }, OBJECT],
    [{ retry: [] }, OBJECT],
    [{ retry: { maxAttempts: 0 } }, COUNT],
    [{ retry: { maxAttempts: 1.5 } }, COUNT],
    [{ retry: { maxAttempts: '3' } }, COUNT],
    [{ retry: { maxAttempts: Number.NaN } }, COUNT],
    [{ retry: { attempts: 3 } }, /`attempts`: here it is `maxAttempts`/],
    [{ retry: { initialDelay: 1 } }, /`initialDelay`: here it is `baseDelay`.*1000/],
    [{ retry: { baseDelay: -1 } }, DURATION],
    [{ retry: { rateLimit: 5 } }, OBJECT],
    [{ retry: { rateLimit: { maxAttempts: 5 } } }, UNKNOWN],
    [{ retry: { overloaded: { jitter: 'full' } } }, DURATION],
    [{ maxServerDelay: '5s' }, DURATION],
    [{ maxServerDelay: Number.NaN }, DURATION],
    [{ maxWaitPerTarget: -5 }, DURATION],
    [{ on: 5 }, OBJECT],
    [{ on: { retry: 5 } }, FUNCTION],
    [{ on: { retries: () => {} } }, /`retries`.*attempt.*retry.*failure/],
    [null, OBJECT],
    [5, OBJECT],
    [[], OBJECT],
  ],
  // What cannot be told by the line that has it is told by the first call.
  (options: never) => createClient(dressed(options)).generate('a paper boat'),
);

function dressed(options: unknown): never {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return options as never;
  }
  return { apiKey: KEY, fetch: count, ...options } as never;
}

const CALL: Refusals = [
  [{ abortSignal: new AbortController().signal }, /`abortSignal`: here it is `signal`/],
  [{ signal: {} }, SIGNAL],
  [{ signal: 'x' }, SIGNAL],
  [{ signal: new AbortController() }, SIGNAL],
  [{ deadline: 'tomorrow' }, DEADLINE],
  [{ deadline: new Date(Number.NaN) }, DEADLINE],
  [{ deadline: -1 }, DEADLINE],
  [{ timeout: '5s' }, TIMEOUT],
  [{ timeout: -1 }, TIMEOUT],
  [{ timeout: 0 }, TIMEOUT],
  [{ maxServerDelay: {} }, DURATION],
  [{ onRetry: 5 }, FUNCTION],
  [{ shouldRetry: true }, FUNCTION],
  [5, OBJECT],
  [[], OBJECT],
  [() => {}, OBJECT],
];

table(
  'options of generate',
  [
    ...CALL,
    [{ retries: 3 }, /`retries`: here it is `maxAttempts`|unknown option `retries`/],
    [{ models: [] }, LIST],
    [{ models: [5] }, /target in `models`/],
    [{ retry: { maxRetries: 3 } }, /here it is `maxAttempts`.*`maxRetries` \+ 1/],
    [{ retry: 5 }, OBJECT],
  ],
  (options: never) => client().generate('a paper boat', options),
);

table(
  'options of the drop-in',
  [
    // What is no object is taken as `maxRetries`.
    ...CALL.filter(([value]) => value !== 5 && typeof value !== 'function'),
    [-1, RETRIES],
    [1.5, RETRIES],
    ['5', RETRIES],
    [Number.NaN, RETRIES],
    [true, RETRIES],
    [{ maxRetries: -1 }, RETRIES],
    [{ log: true }, FUNCTION],
    [{ maxAttempts: 3 }, /unknown option `maxAttempts`.*maxRetries/],
    [{ baseDelay: '2s' }, DURATION],
    [{ models: ['x'] }, UNKNOWN],
  ],
  (options: never) => client().generateWithRetry('a paper boat', options),
);

table(
  'baseDelay',
  [
    [-1, DURATION],
    ['2s', DURATION],
    [null, DURATION],
  ],
  (value: never) => client().generateWithRetry('a paper boat', 3, value),
);

table(
  'options of generateWithFallback',
  [...CALL, [{ maxRetries: 3 }, UNKNOWN], [{ models: 'x' }, LIST]],
  (options: never) => client().generateWithFallback('a paper boat', options),
);

table(
  'options of retry',
  [
    ...CALL,
    [{ retries: 3 }, /`retries`: here it is `maxAttempts`.*`retries` \+ 1/],
    [{ minTimeout: 3 }, /`minTimeout`: here it is `baseDelay`/],
    [{ maxTimeout: 3 }, /`maxTimeout`: here it is `maxDelay`/],
    [{ maxRetries: 3 }, /`maxRetries`: here it is `maxAttempts`.*`maxRetries` \+ 1/],
    [{ initialDelay: 3 }, /`initialDelay`: here it is `baseDelay`/],
    [{ maxAttempts: 0 }, COUNT],
  ],
  (options: never) => client().retry(async () => assert.fail('it was called'), options),
);

table(
  'the function of retry',
  [5, undefined, 'x', {}, Promise.resolve(1)].map((value) => [value, /needs a function/]),
  (value: never) => client().retry(value),
);

table(
  'options of batchGenerate',
  [
    [{ maxRetries: '3' }, RETRIES],
    [{ onError: 'x' }, FUNCTION],
    [{ delay: 'x' }, DURATION],
    [{ delay: -1 }, DURATION],
    [{ pause: 5 }, UNKNOWN],
    [{ signal: 5 }, SIGNAL],
    [-1, DURATION],
    [Number.NaN, DURATION],
  ],
  (options: never) => client().batchGenerate(['a paper boat'], options),
);

table(
  'prompts of batchGenerate',
  [
    ['a paper boat', /needs a list of prompts/],
    [undefined, /needs a list of prompts/],
    [{ length: 1, 0: 'a paper boat' }, /needs a list of prompts/],
  ],
  (prompts: never) => client().batchGenerate(prompts),
);

const EMPTY = /the prompt is empty/;
const PROMPT = /the prompt must be a string, parts, or a request \{ model, contents, config \}/;
const CONTENTS = /`contents` must be a string, a part, a content, or a list of these/;
const MODEL = /`model` must be the id of a model/;

function cyclic(): unknown {
  const part: Record<string, unknown> = { text: 'a paper boat' };
  part['self'] = part;
  return { contents: [{ role: 'user', parts: [part] }] };
}

/** What the drop-in leaves for the service to refuse, as the hand-rolled loop does. */
const BLANK: Refusals = [
  ['', EMPTY],
  [' \n\t', EMPTY],
  [{ contents: '' }, EMPTY],
  [{ contents: [' '] }, EMPTY],
  [[''], EMPTY],
  [{ text: ' ' }, EMPTY],
  [{ contents: { text: '' } }, EMPTY],
  [{ contents: [{ role: 'user', parts: [] }] }, EMPTY],
  [{ contents: [{ role: 'user', parts: [{ text: ' ' }] }] }, EMPTY],
];

const REQUESTS: Refusals = [
  [null, PROMPT],
  [undefined, PROMPT],
  [5, PROMPT],
  [() => 'a paper boat', PROMPT],
  [{}, EMPTY],
  [[], EMPTY],
  [{ contents: [] }, EMPTY],
  [{ contents: null }, EMPTY],
  [[5], CONTENTS],
  [{ text: 'a boat', config: {} }, /unknown key `text` in the request/],
  [{ contents: 5 }, CONTENTS],
  [{ contents: ['x', 5] }, CONTENTS],
  [{ contents: ['x', { role: 'user', parts: [{ text: 'y' }] }] }, /not both in one list/],
  [{ prompt: 'a boat' }, /unknown key `prompt` in the request; the known keys are model, contents/],
  [{ contents: 'x', signal: 5 }, /unknown key `signal` in the request/],
  [
    { contents: 'x', config: { imageSize: '1K' } },
    /unknown key `imageSize` in `config`.*imageConfig/,
  ],
  [{ contents: 'x', config: 5 }, /`config` must be an object/],
  [{ contents: 'x', config: [] }, /`config` must be an object/],
  [{ contents: 'x', config: { httpOptions: 5 } }, /httpOptions/],
  [{ contents: 'x', config: { httpOptions: { timeout: '5s' } } }, /timeout/],
  [{ contents: 'x', config: { abortSignal: 5 } }, /abortSignal|AbortSignal/],
  [{ contents: 'x', config: { imageResolution: 'huge' } }, /must be like '1024x1024'/],
  ...['', '..', '../files', 'a?key=b', 'a&b', 5].map((model): [unknown, RegExp] => [
    { contents: 'x', model },
    MODEL,
  ]),
];

table('requests of generate', [...BLANK, ...REQUESTS], (value: never) => client().generate(value));
table('requests of the drop-in', REQUESTS, (value: never) => client().generateWithRetry(value));
table('requests of generateWithFallback', [...BLANK, ...REQUESTS.slice(0, 5)], (value: never) =>
  client().generateWithFallback(value),
);

describe('a request that cannot be written', () => {
  for (const [name, request, pattern] of [
    ['a cycle', cyclic(), /circular/i],
    ['a BigInt', { contents: 'x', config: { seed: 5n } }, /BigInt/],
  ] as const) {
    it(`${name} is the caller's mistake, told at once`, async () => {
      await refused(() => client().generate(request as never), pattern);
      await client()
        .generate(request as never)
        .catch((error: Error) => {
          const told = error instanceof TypeError || (error as GenerateError).kind;
          assert.ok(told === true || told === 'invalid_request', `its kind is ${told}`);
          assert.equal((error as GenerateError).attempts?.length ?? 0, 0, 'nothing was attempted');
        });
    });
  }
});

describe('a missing key', () => {
  const NAMES = ['GOOGLE_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_GEMINI_BASE_URL'];
  const saved = NAMES.map((name) => process.env[name]);
  before(() => {
    for (const name of NAMES) delete process.env[name];
  });
  after(() => {
    for (const [index, name] of NAMES.entries()) {
      if (saved[index] !== undefined) process.env[name] = saved[index];
    }
  });

  const told = /no API key: pass `apiKey`.*GEMINI_API_KEY or GOOGLE_API_KEY/;
  const noKey = (): Client => createClient({ fetch: count });

  it('is told by every function that asks the service', async () => {
    configure({ fetch: count });
    await refused(() => noKey().generate('a paper boat'), told);
    await refused(() => generateWithRetry('a paper boat'), told);
    await refused(() => generateWithFallback('a paper boat'), told);
  });

  it('is told of an empty variable too', async () => {
    process.env['GEMINI_API_KEY'] = '';
    await refused(() => noKey().generate('a paper boat'), told);
    delete process.env['GEMINI_API_KEY'];
  });

  it('is an error of the kind of a bad key', async () => {
    await assert.rejects(noKey().generate('a paper boat'), (error) => {
      assert.ok(error instanceof GenerateError);
      assert.deepEqual([error.kind, error.isRetryable], ['unauthenticated', false]);
      assert.match(error.advice, /aistudio\.google\.com\/apikey/);
      return true;
    });
  });

  it('fails a batch, rather than giving a list of null', async () => {
    configure({ fetch: count });
    await refused(() => batchGenerate(['a paper boat', 'a kite']), told);
  });

  it('needs none for a proxy, nor for retry', async () => {
    requests = 0;
    const proxied = createClient({ fetch: count, baseUrl: 'http://127.0.0.1:9/proxy' });
    await proxied.generate('a paper boat');
    assert.equal(requests, 1);
    assert.equal(await noKey().retry(async () => 7), 7);
  });
});

describe('imageResolution', () => {
  afterEach(() => mock.restoreAll());

  it('becomes imageConfig, with one warning', async () => {
    const warn = mock.method(console, 'warn', () => {});
    const bodies: { generationConfig: { imageConfig: unknown } }[] = [];
    const recording = client({
      fetch: async (input, init) => {
        bodies.push(JSON.parse(String(init?.body)));
        return count(input, init);
      },
    });
    const ask = (imageResolution: string): Promise<unknown> =>
      recording.generateWithRetry({ contents: 'a paper boat', config: { imageResolution } });
    await ask('1024x1024');
    await ask('1024x1024');
    await ask('1024x1024');
    assert.equal(warn.mock.callCount(), 1);
    assert.match(String(warn.mock.calls[0]?.arguments[0]), /imageResolution.*imageConfig/);
    await ask('4096x2304');
    assert.deepEqual(
      bodies.map(({ generationConfig }) => generationConfig),
      [
        { imageConfig: { imageSize: '1K', aspectRatio: '1:1' } },
        { imageConfig: { imageSize: '1K', aspectRatio: '1:1' } },
        { imageConfig: { imageSize: '1K', aspectRatio: '1:1' } },
        { imageConfig: { imageSize: '4K', aspectRatio: '16:9' } },
      ],
    );
  });
});

describe('no service', () => {
  it('a closed port is named, with what to check', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const offline = createClient({ apiKey: KEY, baseUrl: `http://127.0.0.1:${port}` });
    await assert.rejects(offline.generateWithRetry('a paper boat', 1), (error) => {
      assert.ok(error instanceof GenerateError);
      assert.deepEqual([error.kind, error.status, error.isRetryable], ['network', undefined, true]);
      assert.match(error.message, /ECONNREFUSED/);
      assert.match(error.advice, /connection/);
      return true;
    });
  });
});

describe('a server that is not Gemini', () => {
  let answer: [number, Record<string, string>, string];
  let served = 0;
  const server = createServer((_, response) => {
    served += 1;
    response.writeHead(answer[0], answer[1]);
    response.end(answer[2]);
  });
  let baseUrl: string;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const HTML = { 'content-type': 'text/html; charset=utf-8' };
  const JSON_TYPE = { 'content-type': 'application/json' };
  const welcome = '<!doctype html><html><body><h1>Welcome to nginx!</h1></body></html>';
  const cases: [string, [number, Record<string, string>, string]][] = [
    ['200 in HTML', [200, HTML, welcome]],
    ['404 in HTML', [404, HTML, '<html><body><h1>404 Not Found</h1></body></html>']],
    ['404 of another API', [404, JSON_TYPE, '{"detail":"Not Found"}']],
    ['200 with other JSON', [200, JSON_TYPE, '{"hello":"world"}']],
    ['200 with a list', [200, JSON_TYPE, '[1,2,3]']],
    ['200 with null', [200, JSON_TYPE, 'null']],
    ['204', [204, {}, '']],
  ];
  for (const [name, given] of cases) {
    it(`${name} is told as such, and is not asked again`, async () => {
      answer = given;
      served = 0;
      const retry = { baseDelay: 1, jitter: 0 };
      await assert.rejects(
        createClient({ apiKey: KEY, baseUrl, retry }).generate('a paper boat'),
        (error) => {
          assert.ok(error instanceof GenerateError);
          assert.match(error.message, /baseUrl/, 'the fix is not named');
          assert.equal(error.isRetryable, false, 'no retry can help');
          return true;
        },
      );
      assert.equal(served, 1, 'requests');
    });
  }

  it('a body that never ends is read no further than needed', async () => {
    const endless = createServer((_, response) => {
      response.writeHead(500, { 'content-type': 'text/plain' });
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', write);
      write();
    });
    await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(endless.address() as AddressInfo).port}`;
      await assert.rejects(
        createClient({ apiKey: KEY, baseUrl: url }).generateWithRetry('a paper boat', 1),
        (error) => isGenerateError(error) && error.status === 500 && error.message.length < 2_000,
      );
    } finally {
      endless.closeAllConnections();
      endless.close();
    }
  });
});

describe('hostile errors', () => {
  const trap = (): never => {
    throw new Error('a trap');
  };
  const traps: ProxyHandler<object> = {
    get: trap,
    has: trap,
    ownKeys: trap,
    getOwnPropertyDescriptor: trap,
    getPrototypeOf: trap,
    set: trap,
    isExtensible: trap,
    apply: trap,
    construct: trap,
    defineProperty: trap,
    deleteProperty: trap,
    preventExtensions: trap,
    setPrototypeOf: trap,
  };
  const revoked = (target: object): object => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  const nested = (levels: number, leaf: unknown): unknown => {
    let value = leaf;
    for (let level = 0; level < levels; level += 1) value = { error: value };
    return value;
  };
  const cause = (levels: number): Error => {
    let error = new Error('the first');
    for (let level = 0; level < levels; level += 1)
      error = new Error('a further', { cause: error });
    return error;
  };
  const circle: Record<string, unknown> = { status: 503 };
  circle['cause'] = circle;
  circle['errors'] = [circle, circle];
  const selfish = new Error('429 RESOURCE_EXHAUSTED');
  selfish.cause = selfish;
  const thrower = new Error();
  assert.ok(thrower.stack, 'it is made here, before it cannot be');
  for (const key of ['message', 'name', 'stack', 'status', 'cause', 'code', 'toString']) {
    Object.defineProperty(thrower, key, { enumerable: true, get: trap });
  }
  const getters = {};
  for (let key = 0; key < 100; key += 1) {
    Object.defineProperty(getters, `k${key}`, { enumerable: true, get: trap });
  }
  const wide = Object.fromEntries(Array.from({ length: 200_000 }, (_, key) => [`k${key}`, key]));
  const endless: object = new Proxy(
    {},
    { get: () => endless, has: () => true, ownKeys: () => ['status', 'message', 'cause'] },
  );
  const deepText = `${'{"error":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
  const quoted = (levels: number): string => {
    let text = '{"error":{"code":429}}';
    for (let level = 0; level < levels; level += 1) {
      const next = JSON.stringify({ error: { message: text } });
      if (next.length > 5_000_000) break;
      text = next;
    }
    return text;
  };

  const INPUTS: [string, unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['NaN', Number.NaN],
    ['-0', -0],
    ['a Symbol', Symbol('429')],
    ['a BigInt', 10n ** 400n],
    ['a function', () => 429],
    ['a class', class Failure {}],
    ['a function that throws', trap],
    ['an empty text', ''],
    ['a text of 10 MB', 'x'.repeat(10_000_000)],
    ['a text of 10 MB of brackets', '['.repeat(10_000_000)],
    ['a text of 10 MB of quotes', '"\\'.repeat(5_000_000)],
    ['a text of 10 MB of numbers', '4293'.repeat(2_500_000)],
    ['a text of 10 MB of hints', 'Please retry in 3s. '.repeat(500_000)],
    ['lone surrogates', '\ud800'.repeat(100_000)],
    ['10,000 levels in a text', deepText],
    ['10,000 open levels in a text', '{"a":['.repeat(10_000)],
    ['JSON in JSON in JSON', quoted(40)],
    ['10,000 levels of objects', nested(10_000, { code: 429 })],
    ['10,000 levels in a body', { status: 429, body: nested(10_000, 1) }],
    ['10,000 levels in a message', { message: deepText, status: 429 }],
    ['10,000 causes', cause(10_000)],
    ['a cycle', circle],
    ['an error that causes itself', selfish],
    ['an error whose getters throw', thrower],
    ['an object whose getters throw', getters],
    ['a Proxy that throws in every trap', new Proxy({}, traps)],
    ['a list that throws in every trap', new Proxy([], traps)],
    ['a function that throws in every trap', new Proxy(() => {}, traps)],
    ['an error that throws in every trap', new Proxy(new Error('x'), traps)],
    ['an error with such a cause', new Error('x', { cause: new Proxy({}, traps) })],
    ['such headers', { status: 429, headers: new Proxy({}, traps), body: 'x' }],
    ['headers whose get throws', { status: 429, headers: { get: trap } }],
    ['headers whose get gives nonsense', { status: 429, headers: { get: () => ({}) } }],
    ['a revoked Proxy', revoked({})],
    ['a revoked list', revoked([])],
    ['an error with a revoked cause', new Error('x', { cause: revoked({}) })],
    ['a Proxy that never ends', endless],
    ['a frozen error', Object.freeze(new Error('503 UNAVAILABLE'))],
    ['an object without a prototype', Object.create(null)],
    ['a list of a million', Array(1_000_000).fill({ status: 429 })],
    ['a sparse list', Array(4_294_967_295)],
    ['an object of 200,000 keys', wide],
    ['a list that lies about its length', new Proxy([], { get: () => 2 ** 53 })],
    ['a Buffer of 1 MB', Buffer.alloc(1_000_000)],
    ['a Map', new Map([['status', 429]])],
    ['a Date that is none', new Date(Number.NaN)],
    ['a Promise', Promise.resolve(429)],
    ['a status that is none', { status: Number.NaN, body: Number.POSITIVE_INFINITY }],
    ['a status of text', { status: '429', headers: 'retry-after: 5', body: 5n }],
    ['a status of 10^300', { status: 1e300 }],
    ['a negative status', { status: -429 }],
    ['an endless hint', { status: 429, headers: { 'retry-after': '9'.repeat(400) } }],
    ['a negative hint', { status: 429, headers: { 'retry-after': '-5' } }],
    ['an Error of another realm', { name: 'Error', message: { toString: trap } }],
  ];

  for (const [name, input] of INPUTS) {
    it(`${name}: no throw, and an answer in time`, () => {
      // Time of this process, so that others on a busy machine do not count.
      const started = process.cpuUsage();
      const info = classifyError(input);
      const delay = getRetryDelay(input, 1);
      const { user, system } = process.cpuUsage(started);
      const took = (user + system) / 1_000;
      check(info);
      assert.ok(delay === null || (Number.isFinite(delay) && delay >= 0), `delay ${delay}`);
      assert.equal(delay === null, info.retry !== 'soon', 'the two disagree');
      assert.ok(took < 500, `the two took ${took} ms`);
    });
  }

  const RETRIES = ['soon', 'later', 'never'];
  function check(info: ErrorInfo): void {
    assert.ok(RETRIES.includes(info.retry));
    for (const text of [info.summary, info.advice]) assert.match(text, /^\S[^\n]*\.$/);
    assert.ok(info.message.length <= 1_000);
    for (const value of Object.values(info)) assert.notEqual(value, undefined);
    const number = info.retryAfter ?? 0;
    assert.ok(Number.isFinite(number) && number >= 0, `retryAfter ${number}`);
    if (info.retryAt !== undefined) assert.ok(info.retryAt instanceof Date);
    assert.ok(Array.isArray(info.violations));
  }

  it('what they hold is still found', () => {
    assert.equal(classifyError(selfish).kind, 'rate_limited');
    assert.equal(classifyError(Object.freeze(new Error('503 UNAVAILABLE'))).kind, 'overloaded');
    assert.equal(classifyError(circle).kind, 'overloaded');
    assert.equal(classifyError({ message: deepText, status: 429 }).kind, 'rate_limited');
    assert.equal(classifyError(new Proxy({}, traps)).kind, 'unknown');
    assert.equal(classifyError(thrower).kind, 'unknown');
  });

  it('an attempt that is no number is refused', () => {
    for (const attempt of [0, -1, 1.5, Number.NaN, '1', undefined, null]) {
      assert.throws(() => getRetryDelay('429', attempt as never), {
        name: 'TypeError',
        message: /`attempt` must be a whole number from 1/,
      });
    }
    assert.ok((getRetryDelay('429', 4_000_000_000) ?? 0) <= 30_000);
  });
});

interface Case {
  id: string;
  form: string;
  why: string;
  input: Record<string, unknown>;
  expect: {
    kind: string;
    also: string[];
    retry: string;
    wait_ms: number | null;
    dimension: string | null;
    quota_id: string | null;
    quota_limit: number | null;
    model: string | null;
  };
}

describe('labelled cases', () => {
  // A date in Retry-After counts from the moment that the labels are made for.
  before(() => mock.timers.enable({ apis: ['Date'], now: NOON }));
  after(() => mock.timers.reset());

  // Later cases of the first file leave out what nobody has labelled.
  const isStrict = ({ id }: Case): boolean => !id.startsWith('p') || id < 'p075';

  function check(found: ErrorInfo, one: Case): void {
    const { expect, why } = one;
    assert.ok([expect.kind, ...expect.also].includes(found.kind), `${found.kind}: ${why}`);
    if (found.kind === expect.kind) assert.equal(found.retry, expect.retry, why);
    assert.equal(found.retryAfter ?? null, expect.wait_ms, why);
    for (const [actual, wanted, name] of [
      [found.dimension, expect.dimension, 'dimension'],
      [found.quotaId, expect.quota_id, 'quotaId'],
      [found.quotaLimit, expect.quota_limit, 'quotaLimit'],
      [found.model, expect.model, 'model'],
    ] as const) {
      if (wanted !== null || isStrict(one)) assert.equal(actual ?? null, wanted, `${name}: ${why}`);
    }
  }

  /** The same as code throws it: with a class, a stack, and causes that are errors too. */
  function thrown(input: Record<string, unknown>): Error {
    const { message, cause, ...rest } = input;
    const error = new Error(String(message));
    const isError = typeof cause === 'object' && cause !== null && 'message' in cause;
    if (isError) error.cause = thrown(cause as Record<string, unknown>);
    else if (cause !== undefined) error.cause = cause;
    return Object.assign(error, rest);
  }

  for (const file of ['public', 'extra']) {
    const text = readFileSync(new URL(`../cases/${file}.jsonl`, import.meta.url), 'utf8');
    const cases = text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as Case);
    for (const one of cases) {
      it(`${one.id}: ${one.why}`, () => {
        check(classifyError(one.input), one);
        if (one.form === 'js-error') check(classifyError(thrown(one.input)), one);
        if (one.form === 'text') check(classifyError(one.input['text']), one);
        if (one.form === 'http') {
          const headers = new Headers(one.input['headers'] as Record<string, string>);
          check(classifyError({ ...one.input, headers }), one);
        }
        const delay = getRetryDelay(one.input, 1);
        if (one.expect.retry === 'soon' && one.expect.also.length === 0) {
          assert.ok(delay !== null && delay >= (one.expect.wait_ms ?? 0), `a delay of ${delay}`);
        }
      });
    }
    it(`${file}.jsonl is read`, () => assert.ok(cases.length > 100));
  }
});
