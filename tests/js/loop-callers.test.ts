/**
 * Callers of the hand-rolled loop around the SDK find again what they relied on: the prompts that it
 * took, its lines on the console, and the fields of its answers and errors.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it, mock } from 'node:test';
import { GoogleGenAI } from '@google/genai';
import { type EmulatorServer, startEmulator } from '../../pkg/emulator/index.js';
import {
  type BatchGenerateFailure,
  batchGenerate,
  configure,
  createClient,
  GenerateError,
  generateWithFallback,
  generateWithRetry,
  type Prompt,
} from '../../pkg/index.js';
import { installJumpingClock, type JumpingClock } from './support/clock.ts';

const MODEL = 'gemini-3-pro-image';
const KEY = 'a-key-of-nobody-0123456789';
const PICTURE = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } };
const IMAGES = { responseModalities: ['IMAGE'], imageConfig: { imageSize: '1K' } };
const HEADERS = { 'content-type': 'application/json', 'x-request-id': 'r-17' };

interface Sent {
  contents: unknown;
  generationConfig?: unknown;
}

/** The requests and the outcome of one side where the service gives this reply. */
async function asked<T>(
  reply: { status?: number; body: string },
  call: () => Promise<T>,
): Promise<{ sent: Sent[]; answer?: T; error?: Error }> {
  const sent: Sent[] = [];
  const own = globalThis.fetch;
  globalThis.fetch = async (_, init) => {
    sent.push(JSON.parse(String(init?.body)));
    return new Response(reply.body, { status: reply.status ?? 200, headers: HEADERS });
  };
  try {
    return { sent, answer: await call() };
  } catch (error) {
    return { sent, error: error as Error };
  } finally {
    globalThis.fetch = own;
  }
}

const ANSWER = { body: '{"candidates":[{"content":{"parts":[{"text":"no"}]}}]}' };

const bySdk = (contents: unknown) => () =>
  new GoogleGenAI({ apiKey: KEY }).models.generateContent({
    model: MODEL,
    contents: contents as string,
    config: { responseModalities: ['IMAGE'] },
  });
const byUs = (prompt: unknown) => () =>
  createClient({ apiKey: KEY, limits: 'none' }).generateWithRetry(prompt as Prompt, 2, 1);

describe('prompts', () => {
  const prompts: unknown[] = [
    'a paper boat',
    '',
    ' ',
    ['a paper boat', 'on a calm lake'],
    ['a paper boat'],
    [{ text: 'as a drawing' }, PICTURE],
    ['as a drawing', PICTURE],
    [''],
    { text: 'a paper boat' },
    PICTURE,
    { role: 'user', parts: [{ text: 'a paper boat' }] },
    [
      { role: 'user', parts: [{ text: 'a paper boat' }] },
      { role: 'model', parts: [{ ...PICTURE, thoughtSignature: 'c2lnbg==' }] },
      { role: 'user', parts: [{ text: 'now a red one' }] },
    ],
  ];
  for (const prompt of prompts) {
    it(`${JSON.stringify(prompt).slice(0, 60)} is sent as the SDK sends it`, async () => {
      const [theirs, ours] = [
        await asked(ANSWER, bySdk(prompt)),
        await asked(ANSWER, byUs(prompt)),
      ];
      assert.deepEqual([theirs.error, ours.error], [undefined, undefined]);
      assert.deepEqual(ours.sent[0]?.contents, theirs.sent[0]?.contents);
      assert.deepEqual(ours.sent[0]?.generationConfig, IMAGES);
    });
  }

  for (const prompt of [[], ['a boat', { role: 'user', parts: [{ text: 'x' }] }]]) {
    it(`${JSON.stringify(prompt)} is refused by both before any request`, async () => {
      const [theirs, ours] = [
        await asked(ANSWER, bySdk(prompt)),
        await asked(ANSWER, byUs(prompt)),
      ];
      assert.ok(theirs.error !== undefined && ours.error instanceof TypeError);
      assert.deepEqual([theirs.sent, ours.sent], [[], []]);
    });
  }

  it('a model that knows no size is sent none with parts either', async () => {
    const models = [{ model: 'a-model-of-nobody' }];
    const client = createClient({ apiKey: KEY, models });
    const { sent } = await asked(ANSWER, () => client.generateWithRetry(['a', 'boat'], 1));
    assert.deepEqual(sent[0]?.generationConfig, { responseModalities: ['IMAGE'] });
  });

  it('a list of parts reaches `generate` and the fallback too', async () => {
    const client = createClient({ apiKey: KEY, models: [MODEL] });
    const prompt = ['a boat', PICTURE];
    const calls = [() => client.generate(prompt), () => client.generateWithFallback(prompt)];
    for (const call of calls) {
      const { sent } = await asked<unknown>(ANSWER, call);
      assert.deepEqual(sent[0]?.contents, [{ role: 'user', parts: [{ text: 'a boat' }, PICTURE] }]);
    }
  });
});

describe('answers and errors', () => {
  it('an answer has the headers that the SDK gives', async () => {
    const [theirs, ours] = [await asked(ANSWER, bySdk('a')), await asked(ANSWER, byUs('a'))];
    assert.deepEqual(
      ours.answer?.sdkHttpResponse?.headers,
      theirs.answer?.sdkHttpResponse?.headers,
    );
    assert.equal(ours.answer?.sdkHttpResponse?.headers['x-request-id'], 'r-17');
    assert.equal(JSON.stringify(ours.answer), ANSWER.body, 'the answer itself stays as it came');
  });

  it('`error.body` is what was read by JSON.parse(error.message)', async () => {
    const error = {
      code: 400,
      message: 'Invalid value at generation_config',
      status: 'INVALID_ARGUMENT',
      details: [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{}] }],
    };
    const reply = { status: 400, body: JSON.stringify({ error }) };
    const [theirs, ours] = [await asked(reply, bySdk('a')), await asked(reply, byUs('a'))];
    assert.ok(ours.error instanceof GenerateError);
    assert.deepEqual(ours.error.body, JSON.parse(theirs.error?.message ?? ''));
    assert.deepEqual(ours.error.body, { error });
  });

  it('what is cut of it leaves its form whole', async () => {
    const prompt = 'error code 400 and a message of mine';
    const message = `${KEY} may not draw ${prompt}`;
    const body = JSON.stringify({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } });
    const { error } = await asked({ status: 400, body }, byUs(prompt));
    assert.deepEqual((error as GenerateError).body, {
      error: {
        code: 400,
        message: '[redacted] may not draw [redacted]',
        status: 'INVALID_ARGUMENT',
      },
    });
  });

  it('a body that is no JSON is its text, and what never came has none', async () => {
    const page = '<html><body>502 Bad Gateway</body></html>';
    const { error } = await asked({ status: 502, body: page }, byUs('a'));
    assert.equal((error as GenerateError).body, page);
    const fetch = () => Promise.reject(new TypeError('fetch failed'));
    const client = createClient({ apiKey: KEY, fetch });
    const lost = await client.generateWithRetry('a', 1).catch((thrown) => thrown);
    assert.equal(lost.body, undefined);
  });
});

describe('over HTTP', () => {
  let server: EmulatorServer;
  let clock: JumpingClock;
  before(async () => {
    server = await startEmulator({ transit: 0, latency: 0, clockOffset: 0 });
    clock = installJumpingClock(100_000);
  });
  after(async () => {
    clock.uninstall();
    await server.close();
  });
  beforeEach(() => {
    server.emulator.reset();
    configure({ apiKey: KEY, baseUrl: server.url, limits: 'none' });
  });
  afterEach(() => mock.restoreAll());

  const requests = (): number => server.emulator.ledger().requests.length;

  it('no retry is one request', async () => {
    for (const options of [0, 1, { maxRetries: 0 }]) {
      server.emulator.reset();
      server.emulator.script([{ fault: '503', times: 9 }]);
      await assert.rejects(generateWithRetry('a', options as number, 1), { status: 503 });
      assert.equal(requests(), 1);
    }
  });

  it('`maxAttempts: 1` is one request', async () => {
    server.emulator.script([{ fault: '503', times: 9 }]);
    const client = createClient({ apiKey: KEY, baseUrl: server.url, models: [MODEL] });
    await assert.rejects(client.generate('a', { retry: { maxAttempts: 1 } }), { status: 503 });
    assert.equal(requests(), 1);
  });

  it('a line for each retry, in the words of the loop', async () => {
    const lines: string[] = [];
    const delays: number[] = [];
    const options = {
      maxRetries: 4,
      baseDelay: 1,
      log: (line: string) => lines.push(line),
      onRetry: ({ delay }: { delay: number }) => delays.push(delay),
    };
    server.emulator.script(['503', '429-bare', '500']);
    await generateWithRetry('a', options);
    const seconds = delays.map((delay) => (delay / 1_000).toFixed(1));
    assert.deepEqual(lines, [
      `Attempt 1/4 failed (503). Retrying in ${seconds[0]}s...`,
      `Attempt 2/4 failed (429). Retrying in ${seconds[1]}s...`,
      `Attempt 3/4 failed (500). Retrying in ${seconds[2]}s...`,
    ]);
  });

  it('the `log` of a client is for every call that has none', async () => {
    const lines: string[] = [];
    const log = (line: string) => lines.push(line.replace(/[\d.]+s/, 'ns'));
    configure({ apiKey: KEY, baseUrl: server.url, limits: 'none', log });
    const client = createClient({
      ...{ apiKey: KEY, baseUrl: server.url, limits: 'none', log },
      models: [MODEL],
      retry: { baseDelay: 1, jitter: 0 },
    });
    const thrown = () => Promise.reject(new TypeError('fetch failed'));
    const calls: [() => Promise<unknown>, string[]][] = [
      [() => generateWithRetry('a', 3, 1), ['Attempt 1/3 failed (503). Retrying in ns...']],
      [() => generateWithRetry('a', undefined, 1), ['Attempt 1/5 failed (503). Retrying in ns...']],
      [
        () => batchGenerate(['a'], { baseDelay: 1 }),
        ['Attempt 1/5 failed (503). Retrying in ns...'],
      ],
      [() => client.generate('a'), ['Attempt 1 failed (503). Retrying in ns...']],
      [
        () => client.retry(thrown, { maxAttempts: 2 }),
        ['Attempt 1 failed (network). Retrying in ns...'],
      ],
      [() => generateWithRetry('a', { baseDelay: 1, log: () => {} }), []],
    ];
    for (const [call, expected] of calls) {
      lines.length = 0;
      server.emulator.reset();
      server.emulator.script(['503']);
      await call().catch(() => {});
      assert.deepEqual(lines, expected);
    }
  });

  it('a `log` that throws ends nothing, and nothing is printed where nobody asks', async () => {
    const printed = ['log', 'info', 'warn', 'error'].map((name) =>
      mock.method(console, name as 'log', () => {}),
    );
    server.emulator.script(['503']);
    const log = () => {
      throw new Error('a broken pipe');
    };
    await generateWithRetry('a', { baseDelay: 1, log });
    assert.deepEqual(
      printed.map(({ mock: { calls } }) => calls.length),
      [0, 0, 0, 1],
    );
    server.emulator.script(['503']);
    await generateWithRetry('a', { baseDelay: 1 });
    await generateWithFallback('a');
    assert.equal(printed.flatMap(({ mock: { calls } }) => calls).length, 1);
  });

  it('`batchGenerate` tells of each item that failed', async () => {
    const told: BatchGenerateFailure[] = [];
    server.emulator.script(['ok', '400', 'no-key']);
    const onError = (failure: BatchGenerateFailure) => told.push(failure);
    const results = await batchGenerate(['a', 'b', ['c', 'd']], { delay: 0, onError });
    assert.deepEqual(
      results.map((result) => result === null),
      [false, true, true],
    );
    assert.deepEqual(
      told.map(({ index, prompt, error }) => [index, prompt, (error as GenerateError).status]),
      [
        [1, 'b', 400],
        [2, ['c', 'd'], 403],
      ],
    );
  });

  it('`batchGenerate` says so as the loop does where nobody listens', async () => {
    const printed = mock.method(console, 'error', () => {});
    server.emulator.script(['400']);
    await batchGenerate(['a', 'b'], 0);
    assert.deepEqual(
      printed.mock.calls.map(({ arguments: [line] }) => String(line).slice(0, 26)),
      ['Failed: GenerateError: 400'],
    );
  });

  it('a batch that is aborted or closed tells its caller alone', async () => {
    const printed = mock.method(console, 'error', () => {});
    for (const end of ['abort', 'close'] as const) {
      server.emulator.script([{ fault: '503', times: 9 }]);
      const told: unknown[] = [];
      const client = createClient({ apiKey: KEY, baseUrl: server.url, limits: 'none' });
      const abort = new AbortController();
      const onRetry = () => void (end === 'abort' ? abort.abort() : client.close());
      const options = { signal: abort.signal, onRetry, onError: (one: unknown) => told.push(one) };
      await assert.rejects(client.batchGenerate(['a', 'b'], options));
      await new Promise(setImmediate);
      assert.deepEqual(told, []);
    }
    assert.equal(printed.mock.callCount(), 0);
  });
});
