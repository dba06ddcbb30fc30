/** No error, event or log holds a key or a prompt, whatever the service says back. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { inspect } from 'node:util';
import {
  type Client,
  type ClientOptions,
  createClient,
  type GenerateRequest,
  type Protocol,
  type Target,
} from '../../pkg/index.js';

const KEY = 'AIzaSyPlanted-0123456789abcdefghijklmnop';
const TOKEN = 'ya29.planted-token-0123456789';
const HEAD = 'ZEBRA-7741-VIOLET';
const TAIL = 'OMEGA-5519-INDIGO';
const PROMPT = `${HEAD}: a paper boat on a calm lake, ${TAIL}`;
/** More than half of a key is as good as all of it. */
const HALVES = [KEY.slice(0, 24), KEY.slice(8, 32), KEY.slice(-24)];
const SECRETS = [KEY, ...HALVES, TOKEN, HEAD, TAIL];

const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;
const EVENTS = [
  'attempt',
  'retry',
  'waiting',
  'fallback',
  'success',
  'failure',
  'limitLearned',
  'quotaAlert',
  'quotaExhausted',
  'storeDown',
] as const;

/** All output of the package, by who hears it. */
interface Told {
  console: unknown[];
  errors: unknown[];
  results: unknown[];
  events: unknown[];
  callbacks: unknown[];
}

let told: Told;

beforeEach(() => {
  told = { console: [], errors: [], results: [], events: [], callbacks: [] };
  for (const method of METHODS) {
    mock.method(console, method, (...args: unknown[]) => {
      told.console.push(args);
    });
  }
});
afterEach(() => mock.restoreAll());

function json(value: unknown): string {
  const seen = new Set<unknown>();
  return (
    JSON.stringify(value, (_, item: unknown) => {
      if (typeof item !== 'object' || item === null) return item;
      if (seen.has(item)) return 'seen';
      seen.add(item);
      // Properties that are not enumerable count too, such as `message`, `stack` and `cause` of an error.
      const names = Array.isArray(item) ? Object.keys(item) : Object.getOwnPropertyNames(item);
      return Object.fromEntries(names.map((name) => [name, (item as never)[name]]));
    }) ?? ''
  );
}

/** Looks for secrets in all that was said, in every notation that a log may use. */
function scan(): void {
  const leaks = new Set<string>();
  for (const [channel, values] of Object.entries(told)) {
    for (const value of values as unknown[]) {
      const shown = inspect(value, { showHidden: true, depth: Infinity });
      for (const text of [json(value), shown, `${value}`]) {
        for (const secret of SECRETS) {
          const at = text.indexOf(secret);
          if (at !== -1) leaks.add(`${channel}: …${text.slice(Math.max(0, at - 40), at + 20)}…`);
        }
      }
    }
  }
  assert.deepEqual([...leaks], []);
}

type Service = (prompt: string) => Response | Promise<Response>;

/** Calls a client that is listened to, in every way, and gives all that it said. */
async function provoke(
  service: Service,
  request: string | GenerateRequest = PROMPT,
  options: ClientOptions = {},
  said = typeof request === 'string' ? request : PROMPT,
): Promise<void> {
  const record = (event: unknown): void => {
    told.events.push(event);
  };
  const watching = {
    onRetry: (event: unknown) => void told.callbacks.push(event),
    shouldRetry: (context: unknown) => {
      told.callbacks.push(context);
      return undefined;
    },
  };
  const drop = { ...watching, maxRetries: 1 };
  const calls: ((own: Client) => Promise<unknown>)[] = [
    (own) => own.generate(request, watching),
    (own) => own.generateWithRetry(request, drop),
    (own) => own.generateWithFallback(request, { ...watching, deadline: 200 }),
    (own) => own.generate(request, { ...watching, deadline: 1 }),
  ];
  for (const call of calls) {
    // A client for each, since several refusals of one client hold its next call back.
    const own = createClient({
      apiKey: KEY,
      models: ['gemini-3-pro-image', 'gemini-nano-banana-2.1'],
      retry: { maxAttempts: 2, baseDelay: 0, jitter: 0 },
      maxWaitPerTarget: 0,
      fetch: async (input) => {
        assert.ok(!String(input).includes(KEY), 'the key is in the URL');
        return service(said);
      },
      on: Object.fromEntries(EVENTS.map((name) => [name, record])),
      ...options,
    });
    try {
      const result = (await call(own)) as {
        response?: unknown;
        result?: unknown;
        attempts?: unknown;
      };
      // The answer itself is the caller's.
      const { response: _, result: __, ...rest } = result;
      told.results.push(result.attempts === undefined ? {} : rest);
    } catch (error) {
      told.errors.push(error, (error as Error).cause);
    }
    own.close();
  }
  assert.ok(told.errors.length + told.results.length >= 4, 'nothing was said');
  scan();
}

function echo(status: number, make: (prompt: string) => unknown, type = 'application/json') {
  return (prompt: string): Response => {
    const body = make(prompt);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
      status,
      headers: { 'content-type': type, 'retry-after': '0', 'x-echo': KEY },
    });
  };
}

const google = (code: number, status: string) => (prompt: string) => ({
  error: {
    code,
    message: `Refused for key ${KEY} and prompt ${prompt}.`,
    status,
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'SOME_REASON',
        metadata: { consumer: `api_key:${KEY}`, prompt },
      },
      { '@type': 'type.googleapis.com/google.rpc.DebugInfo', detail: `${KEY} ${prompt}` },
    ],
  },
});

describe('an answer that echoes both', () => {
  const statuses: [number, string][] = [
    [400, 'INVALID_ARGUMENT'],
    [400, 'FAILED_PRECONDITION'],
    [401, 'UNAUTHENTICATED'],
    [402, 'RESOURCE_EXHAUSTED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'NOT_FOUND'],
    [408, 'DEADLINE_EXCEEDED'],
    [413, 'INVALID_ARGUMENT'],
    [418, 'UNKNOWN'],
    [429, 'RESOURCE_EXHAUSTED'],
    [499, 'CANCELLED'],
    [500, 'INTERNAL'],
    [502, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [504, 'DEADLINE_EXCEEDED'],
  ];
  for (const [code, status] of statuses) {
    it(`${code} ${status}`, () => provoke(echo(code, google(code, status))));
    it(`${code} in text`, () =>
      provoke(echo(code, (prompt) => `key ${KEY}, prompt ${prompt}`, 'text/plain')));
  }

  it('HTML', () =>
    provoke(echo(502, (prompt) => `<html><p>${KEY}</p><p>${prompt}</p></html>`, 'text/html')));

  it('a URL with the key', () =>
    provoke(echo(400, () => ({ error: { message: `GET https://host/v1?key=${KEY}&alt=json` } }))));

  it('JSON in JSON', () =>
    provoke(
      echo(400, (prompt) => {
        const inner = JSON.stringify(google(400, 'INVALID_ARGUMENT')(prompt));
        return { error: { message: inner, code: 400 } };
      }),
    ));

  it('many times', () =>
    provoke(echo(429, (prompt) => ({ error: { message: `${KEY} ${prompt} `.repeat(500) } }))));

  for (const name of ['quotaId', 'quotaMetric'] as const) {
    for (const said of [KEY, `${KEY}/limit`, `for ${KEY} and ${PROMPT}`, PROMPT, HEAD]) {
      it(`a limit whose ${name} is ${said}`, () => {
        const violations = [
          { quotaId: 'RequestsPerDay', quotaMetric: 'requests_per_day', [name]: said },
        ];
        const details = [{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations }];
        const error = { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'over', details };
        return provoke(echo(429, () => ({ error })));
      });
    }
  }

  it('parts of the key', () =>
    provoke(echo(401, () => `No key ${HALVES[0]}…, ${HALVES[1]} or …${HALVES[2]}`)));

  it('far down a long text', () =>
    provoke(echo(400, (prompt) => `${'x'.repeat(100_000)} ${KEY} ${prompt}`, 'text/plain')));

  for (const [reason, make] of [
    ['a text', (prompt: string) => ({ content: { parts: [{ text: `${KEY} ${prompt}` }] } })],
    ['a reason', (prompt: string) => ({ finishReason: 'NO_IMAGE', finishMessage: prompt + KEY })],
    ['safety', (prompt: string) => ({ finishReason: 'IMAGE_SAFETY', finishMessage: prompt + KEY })],
  ] as const) {
    it(`200 with ${reason} and no picture`, () =>
      provoke(echo(200, (prompt) => ({ candidates: [make(prompt)], modelVersion: KEY }))));
  }

  it('200 that is blocked', () =>
    provoke(
      echo(200, (prompt) => ({
        promptFeedback: { blockReason: 'OTHER', blockReasonMessage: `${prompt} ${KEY}` },
      })),
    ));

  it('200 that is no JSON', () => provoke(echo(200, (prompt) => `${KEY} ${prompt}`, 'text/html')));
  it('200 that is broken', () => provoke(echo(200, (prompt) => `{"x":"${KEY} ${prompt}`)));

  it('200 with an error inside', () =>
    provoke(echo(200, (prompt) => [google(429, 'RESOURCE_EXHAUSTED')(prompt)][0])));
});

describe('what others are told of a model that fails', () => {
  const ENDS: [string, number, string][] = [
    ['an outage', 503, 'UNAVAILABLE'],
    ['a tier without it', 429, 'RESOURCE_EXHAUSTED'],
    ['a limit with their names', 429, 'RESOURCE_EXHAUSTED'],
  ];
  const LATER = 'an innocent prompt of somebody else';
  for (const [name, code, status] of ENDS) {
    it(name, async () => {
      const record = (event: unknown): void => {
        told.events.push(event);
      };
      const names = [...EVENTS, 'circuitOpened', 'circuitClosed'] as const;
      const own = createClient({
        apiKey: KEY,
        models: ['gemini-3-pro-image'],
        retry: { maxAttempts: 2, baseDelay: 0, jitter: 0 },
        fetch: async (_, init) => {
          const said = JSON.parse(String(init?.body)).contents[0].parts[0].text;
          const body = google(code, status)(said);
          if (code === 429) body.error.message = `limit: 0. ${body.error.message}`;
          if (name.startsWith('a limit')) {
            const violations = [
              { quotaId: KEY, quotaMetric: HEAD, quotaDimensions: { model: HEAD } },
            ];
            const type = 'type.googleapis.com/google.rpc.QuotaFailure';
            body.error.details.unshift({ '@type': type, violations } as never);
          }
          return Response.json(body, { status: code });
        },
        on: Object.fromEntries(names.map((event) => [event, record])),
      });
      for (const prompt of [PROMPT, PROMPT, LATER, LATER]) {
        await own.generate(prompt, { deadline: 100 }).catch((error) => told.errors.push(error));
      }
      own.close();
      assert.equal(told.errors.length, 4);
      scan();
    });
  }
});

describe('a fetch that throws', () => {
  it('an error that holds both, down its causes', () =>
    provoke(
      (prompt) => {
        const cause = Object.assign(new Error(`ECONNRESET ${KEY}`), { code: 'ECONNRESET', prompt });
        throw Object.assign(new TypeError(`fetch failed ${prompt}`, { cause }), {
          url: `https://host/?key=${KEY}`,
          request: { headers: { 'x-goog-api-key': KEY, authorization: `Bearer ${TOKEN}` } },
          [KEY]: prompt,
        });
      },
      undefined,
      { headers: { authorization: `Bearer ${TOKEN}` } },
    ));

  it('a text that holds both', () => provoke((prompt) => Promise.reject(`${KEY} ${prompt}`)));

  it('an error whose stack holds both', () =>
    provoke((prompt) => {
      const error = new Error('fetch failed');
      error.stack = `Error: ${KEY} ${prompt}`;
      throw error;
    }));
});

describe('a prompt', () => {
  const refusing = echo(400, google(400, 'INVALID_ARGUMENT'));
  const unlike: Record<string, string | GenerateRequest> = {
    'in a request': { contents: PROMPT },
    'in a list': { contents: [PROMPT] },
    'in a part': { contents: { text: PROMPT } },
    'in a content': { contents: { role: 'user', parts: [{ text: PROMPT }] } },
    'in a body of the REST API': {
      contents: [
        { role: 'user', parts: [{ text: 'Draw this.' }] },
        { role: 'model', parts: [{ text: 'What shall I draw?' }] },
        { role: 'user', parts: [{ text: PROMPT }] },
      ],
      generationConfig: { responseModalities: ['IMAGE'] },
    },
    'in the instruction': { contents: 'Draw it now.', config: { systemInstruction: PROMPT } },
    'in the instruction of the REST API': {
      contents: 'Draw it now.',
      systemInstruction: { parts: [{ text: PROMPT }] },
    },
    'in a label': { contents: 'Draw it now.', labels: { campaign: PROMPT } } as GenerateRequest,
    'in the description of a tool': {
      contents: 'Draw it now.',
      config: { tools: [{ functionDeclarations: [{ name: 'draw', description: PROMPT }] }] },
    },
    'in extraBody': {
      contents: 'Draw it now.',
      config: { httpOptions: { extraBody: { note: { for: [PROMPT] } } } },
    },
  };
  for (const [where, request] of Object.entries(unlike)) {
    it(where, () => provoke(refusing, request));
  }

  it('that is longer than what is kept of a message', () =>
    provoke(refusing, `${HEAD} ${'and a further wave '.repeat(400)} ${TAIL}`));

  it('that is cut by the service', () =>
    provoke(
      echo(400, (prompt) => ({ error: { message: `Bad prompt: "${prompt.slice(0, 40)}…"` } })),
      `${HEAD} ${'and a further wave '.repeat(20)} ${TAIL}`,
    ));

  it('with quotes, lines and other scripts, as JSON writes them', () =>
    provoke(refusing, `${HEAD} says "a boat",\nthen\t'a kite' \\ 紙の船 🛶 ${TAIL}`));

  it('with spaces around it', () => provoke(refusing, `  ${PROMPT} \n`));

  it('that is a part of an address', () =>
    provoke(
      echo(400, (prompt) => `Bad address: /v1?q=${encodeURIComponent(prompt)}&key=${KEY}`),
      `${HEAD} & "a boat" (紙の船 🛶), ${TAIL}`,
    ));

  it('whose letters are escaped', () =>
    provoke(
      echo(400, (prompt) =>
        JSON.stringify({ error: { message: prompt } }).replace(
          /[\u0080-\uffff]/g,
          (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
        ),
      ),
      `${HEAD} 紙の船 🛶 été ${TAIL}`,
    ));

  it('that is written by Python', () =>
    provoke(
      echo(500, (prompt) => `{'error': {'message': '${prompt.replaceAll("'", "\\'")}'}}`),
      `${HEAD} isn't a boat, ${TAIL}`,
    ));

  it('that is written in HTML', () =>
    provoke(
      echo(
        400,
        (prompt) => `<p>${prompt.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}</p>`,
        'text/html',
      ),
      `${HEAD} "a boat" & a kite ${TAIL}`,
    ));
});

describe('a key', () => {
  const refusing = echo(401, () => ({
    error: { code: 401, message: `Bad credentials ${TOKEN} or ${KEY}`, status: 'UNAUTHENTICATED' },
  }));

  it('of a target', () =>
    provoke(refusing, PROMPT, {
      apiKey: 'another-key-of-nobody',
      models: [{ model: 'gemini-3-pro-image', apiKey: KEY }],
      headers: { authorization: `Bearer ${TOKEN}` },
    }));

  it('in a header of the client, without its scheme', () =>
    provoke(refusing, PROMPT, { headers: { Authorization: `Bearer ${TOKEN}` } }));

  it('in a header of the request', () =>
    provoke(refusing, {
      contents: PROMPT,
      config: { httpOptions: { headers: { 'X-Goog-Api-Key': TOKEN } } },
    }));

  it('of the environment', async () => {
    const saved = process.env['GOOGLE_API_KEY'];
    process.env['GOOGLE_API_KEY'] = KEY;
    try {
      await provoke(
        echo(401, () => `Bad key ${KEY}`),
        PROMPT,
        { apiKey: undefined },
      );
    } finally {
      if (saved === undefined) delete process.env['GOOGLE_API_KEY'];
      else process.env['GOOGLE_API_KEY'] = saved;
    }
  });

  it('in the address of a proxy', async () => {
    const baseUrl = `http://user:${TOKEN}@127.0.0.1:9`;
    const own = createClient({ apiKey: KEY, baseUrl });
    const error = await own.generateWithRetry(PROMPT, 1).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Error);
    told.errors.push(error, error.cause);
    scan();
  });
});

describe('a target of another protocol', () => {
  const PROTOCOLS: Protocol[] = ['vertex', 'imagen', 'openai-images', 'openai-chat'];
  const target = (protocol: Protocol, more: Partial<Target> = {}): Target => ({
    model: 'gemini-3-pro-image',
    protocol,
    baseUrl: 'http://proxy.test/v1',
    ...more,
  });
  const said = (prompt: string): string => `Refused for ${KEY}, Bearer ${TOKEN} and: ${prompt}`;
  const openai = (prompt: string) => ({
    error: { message: said(prompt), type: 'invalid_request_error', code: said(prompt), param: KEY },
  });
  const ANSWERS: [string, Service][] = [
    ...[400, 401, 402, 404, 429, 500, 503].map((code): [string, Service] => [
      `${code}`,
      echo(code, openai),
    ]),
    ['502 in HTML', echo(502, (prompt) => `<p>${said(prompt)}</p>`, 'text/html')],
    ['200 with an error', echo(200, openai)],
    ['200 in HTML', echo(200, said, 'text/html')],
    ['200 of nobody', echo(200, (prompt) => ({ [KEY]: said(prompt), [TOKEN]: KEY }))],
    [
      '200 without a picture',
      echo(200, (prompt) => ({
        id: KEY,
        model: TOKEN,
        choices: [
          { message: { content: said(prompt), refusal: said(prompt) }, finish_reason: KEY },
        ],
        data: [{ url: `ftp://${KEY}/${TOKEN}` }],
        predictions: [{ raiFilteredReason: said(prompt) }],
        candidates: [{ finishReason: 'NO_IMAGE', finishMessage: said(prompt) }],
      })),
    ],
    [
      'a link that echoes',
      (prompt) => {
        const link = 'https://cdn.test/a.png';
        const body = {
          choices: [{ message: { content: `![${said(prompt)}](${link})` } }],
          data: [{ url: link }],
        };
        return Response.json(body, { headers: { 'x-echo': TOKEN } });
      },
    ],
  ];
  for (const protocol of PROTOCOLS) {
    for (const [name, service] of ANSWERS) {
      it(`${protocol}: ${name}`, async () => {
        // Both are sent, so that both may come back.
        const more = { apiKey: KEY, accessToken: () => TOKEN, ...place(protocol) };
        await provoke(service, PROMPT, { models: [target(protocol, more)] });
      });
    }
  }

  function place(protocol: Protocol): Partial<Target> {
    return protocol === 'vertex' ? { project: 'p' } : {};
  }

  it('a token that takes the place of another', async () => {
    let count = 0;
    const accessToken = () => {
      count += 1;
      return count % 2 === 0 ? TOKEN : KEY;
    };
    const models = [target('vertex', { accessToken, project: 'p' })];
    await provoke(echo(401, openai), PROMPT, { models });
    assert.ok(count > 1);
  });

  it('a callback that fails with the token it gave before', async () => {
    let count = 0;
    const accessToken = () => {
      count += 1;
      if (count % 2 === 1) return TOKEN;
      const data = `refresh_token=${KEY}`;
      throw Object.assign(new Error(`invalid_grant for ${TOKEN}`), { config: { data } });
    };
    const models = [target('vertex', { accessToken, project: 'p' })];
    await provoke(echo(401, openai), PROMPT, { models });
  });

  it('gets neither the key nor the headers of the client, and no link gets any', async () => {
    const seen: [string, Headers][] = [];
    for (const protocol of PROTOCOLS) {
      const own = createClient({
        apiKey: KEY,
        headers: { authorization: `Bearer ${TOKEN}` },
        models: [target(protocol)],
        fetch: async (input, init) => {
          seen.push([String(input), new Headers(init?.headers)]);
          return Response.json({ data: [{ url: 'https://cdn.test/a.png' }] });
        },
      });
      const options = { retry: { maxAttempts: 1 } };
      await own.generate(PROMPT, options).catch((error) => told.errors.push(error));
      own.close();
    }
    assert.ok(seen.some(([url]) => url === 'https://cdn.test/a.png'));
    for (const [, headers] of seen) {
      for (const [, value] of headers) assert.ok(!value.includes(KEY) && !value.includes(TOKEN));
    }
    scan();
  });
});
