/**
 * The drop-in beside the loop that it replaces: the same scripted faults over HTTP, and what each of
 * the two sends, waits, gives and throws. A difference is one that a row below asks for.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { GoogleGenAI } from '@google/genai';
import FakeTimers from '@sinonjs/fake-timers';
import {
  createEmulator,
  type Emulator,
  type EmulatorServer,
  type FaultName,
  type ScriptedFault,
  startEmulator,
} from '../../pkg/emulator/index.js';
import {
  batchGenerate,
  configure,
  createClient,
  type DropInOptions,
  GenerateError,
  type GenerateRequest,
  generateWithRetry,
} from '../../pkg/index.js';
import { installJumpingClock, type JumpingClock, NOON, TIMERS } from './support/clock.ts';

const PROMPT = 'a paper boat on a calm lake';
const MODEL = 'gemini-3-pro-image';
const BASE_DELAY = 20;
const JITTER = 1_000;

/** The loop that everyone writes, over the SDK, as the guides print it. */
async function handRolled(
  client: GoogleGenAI,
  sleep: (ms: number) => Promise<void>,
  prompt: string,
  maxRetries = 5,
  baseDelay = 2_000,
): Promise<unknown> {
  for (let attempt = 1; attempt <= maxRetries; attempt += 1) {
    try {
      return await client.models.generateContent({
        model: MODEL,
        contents: prompt,
        // The SDK sends no `imageResolution`, whatever the guides say.
        config: { responseModalities: ['IMAGE'], imageResolution: '1024x1024' } as never,
      });
    } catch (error) {
      const { status, code } = error as { status?: number; code?: number };
      const known = status || code;
      if (known !== 429 && known !== 503) throw error;
      if (attempt === maxRetries) throw error;
      const delay = Math.min(baseDelay * 2 ** (attempt - 1), 60_000);
      await sleep(delay + Math.random() * 1_000);
    }
  }
  return undefined;
}

/** The fields of an answer that callers read. */
interface Answer {
  candidates?: {
    finishMessage?: string;
    content?: { parts?: { inlineData?: { data?: string } }[] };
  }[];
  text?: string | undefined;
  data?: string | undefined;
}

/** The requests and the outcome of one side. */
interface Seen {
  requests: number;
  /** From an answer to the next request, as the service saw it. */
  waits: number[];
  answer?: Answer;
  error?: Error & { status?: number };
}

/** The expectation of one side. */
interface Want {
  requests: number;
  /** The status that `error.status` has; absent where there is an answer. */
  status?: number | 'none';
  /** The least and the most of each wait; absent for the curve of the loop. */
  waits?: [number, number][];
}

interface Row {
  name: string;
  script: (ScriptedFault | FaultName)[];
  /** The expectation of both, or of the loop alone where there is a difference. */
  loop: Want;
  /** The expectation of the drop-in where it differs, and why. */
  ours?: Want & { because: string };
}

const times = (fault: FaultName, count: number, more: Partial<ScriptedFault> = {}): ScriptedFault =>
  ({ fault, times: count, ...more }) as ScriptedFault;

const PASSES = 'it can pass, and the loop gives up on it';
const NEVER = 'no retry can help, and each counts against the limit';

const ROWS: Row[] = [
  { name: 'success', script: [], loop: { requests: 1 } },
  { name: 'one 503', script: ['503'], loop: { requests: 2 } },
  { name: 'a 503 in a list', script: ['503-array'], loop: { requests: 2 } },
  { name: 'a 503 of high demand', script: ['503-high-demand'], loop: { requests: 2 } },
  { name: 'a 503 that names a deadline', script: ['503-deadline'], loop: { requests: 2 } },
  { name: 'two bare 429', script: [times('429-bare', 2)], loop: { requests: 3 } },
  { name: '429 and 503 in turns', script: ['429-bare', '503', '429-bare'], loop: { requests: 4 } },
  { name: 'five 503', script: [times('503', 5)], loop: { requests: 5, status: 503 } },
  { name: 'five bare 429', script: [times('429-bare', 5)], loop: { requests: 5, status: 429 } },
  { name: 'four 503', script: [times('503', 4)], loop: { requests: 5 } },
  { name: '400', script: ['400'], loop: { requests: 1, status: 400 } },
  { name: 'a bad key', script: ['bad-key'], loop: { requests: 1, status: 400 } },
  { name: 'a region that is not served', script: ['region'], loop: { requests: 1, status: 400 } },
  { name: '403 without a key', script: ['no-key'], loop: { requests: 1, status: 403 } },
  { name: '403 of a leaked key', script: ['leaked-key'], loop: { requests: 1, status: 403 } },
  { name: '403 of the API', script: ['service-disabled'], loop: { requests: 1, status: 403 } },
  { name: '404', script: ['model-not-found'], loop: { requests: 1, status: 404 } },
  { name: '404 of a retired model', script: ['retired'], loop: { requests: 1, status: 404 } },
  { name: '402', script: ['402'], loop: { requests: 1, status: 402 } },
  { name: '413', script: ['413'], loop: { requests: 1, status: 413 } },
  { name: '200 without a picture', script: ['no-image'], loop: { requests: 1 } },
  { name: '200 that is blocked', script: ['blocked'], loop: { requests: 1 } },
  { name: '200 that is unsafe', script: ['image-safety'], loop: { requests: 1 } },
  { name: '200 with a text alone', script: ['text-only'], loop: { requests: 1 } },
  { name: '200 without candidates', script: ['empty'], loop: { requests: 1 } },
  {
    name: '429 with a hint',
    script: [{ fault: '429-detailed', retryDelay: '2.5s' }],
    loop: { requests: 2 },
    ours: {
      requests: 2,
      waits: [[2_500, 3_000]],
      because: 'before that the service refuses again, and may count it',
    },
  },
  {
    name: '429 of a gateway with Retry-After',
    script: [{ fault: '429-gateway', retryAfter: '3' }],
    loop: { requests: 2 },
    ours: { requests: 2, waits: [[3_000, 3_600]], because: 'the header is a hint as well' },
  },
  {
    name: '503 with Retry-After',
    script: [{ fault: '503', retryAfter: '4' }],
    loop: { requests: 2 },
    ours: { requests: 2, waits: [[4_000, 4_800]], because: 'the header is a hint as well' },
  },
  {
    name: 'a spent day',
    script: [times('429-day', 5)],
    loop: { requests: 5, status: 429 },
    ours: { requests: 1, status: 429, because: NEVER },
  },
  {
    name: 'limit 0',
    script: [times('429-limit-zero', 5)],
    loop: { requests: 5, status: 429 },
    ours: { requests: 1, status: 429, because: NEVER },
  },
  {
    name: 'the monthly cap',
    script: [times('429-monthly-cap', 5)],
    loop: { requests: 5, status: 429 },
    ours: { requests: 1, status: 429, because: NEVER },
  },
  {
    name: 'an empty balance as 429',
    script: [times('429-prepaid', 5)],
    loop: { requests: 5, status: 429 },
    ours: { requests: 1, status: 429, because: NEVER },
  },
  {
    name: 'three limits at once, one of them the day',
    script: [times('429-several', 5)],
    loop: { requests: 5, status: 429 },
    ours: { requests: 1, status: 429, because: 'the strictest of them decides' },
  },
  {
    name: 'a 429 without a body',
    script: ['429-empty'],
    loop: { requests: 1, status: 'none' },
    ours: { requests: 2, because: 'the SDK fails to read it, and so hides the status' },
  },
  {
    name: '408 without a body',
    script: ['408'],
    loop: { requests: 1, status: 'none' },
    ours: { requests: 2, because: PASSES },
  },
  {
    name: '499',
    script: ['499'],
    loop: { requests: 1, status: 499 },
    ours: { requests: 2, because: 'it was the service that cancelled, not the caller' },
  },
  ...(['500', '502', '504'] as const).map(
    (fault): Row => ({
      name: fault,
      script: [{ fault, after: 0, ...(fault === '502' ? { body: 'Bad Gateway' } : {}) }],
      loop: { requests: 1, status: Number(fault) },
      ours: { requests: 2, because: PASSES },
    }),
  ),
  {
    name: 'five 500',
    script: [times('500', 5)],
    loop: { requests: 1, status: 500 },
    ours: { requests: 5, status: 500, because: PASSES },
  },
  {
    name: 'a reset connection',
    script: ['reset'],
    loop: { requests: 1, status: 'none' },
    ours: { requests: 2, because: PASSES },
  },
  {
    name: 'five reset connections',
    script: [times('reset', 5)],
    loop: { requests: 1, status: 'none' },
    ours: { requests: 5, status: 'none', because: PASSES },
  },
  {
    name: 'an answer that is cut',
    script: ['cut'],
    loop: { requests: 1, status: 'none' },
    ours: { requests: 2, because: PASSES },
  },
];

describe('beside the hand-rolled loop', () => {
  let server: EmulatorServer;
  let clock: JumpingClock;

  before(async () => {
    server = await startEmulator({ transit: 0, latency: 0, clockOffset: 0 });
    // One clock for all: to a client, time that begins anew would be time that stands still.
    clock = installJumpingClock();
  });
  after(async () => {
    clock.uninstall();
    await server.close();
  });

  async function observe(script: Row['script'], call: () => Promise<unknown>): Promise<Seen> {
    server.emulator.reset();
    server.emulator.script(script);
    // A new client has learned no limits from the service of the last scenario.
    configure({ apiKey: 'a-key-of-nobody', baseUrl: server.url });
    let answer: Answer | undefined;
    let error: Seen['error'];
    try {
      answer = (await call()) as Answer;
    } catch (thrown) {
      error = thrown as Error;
    }
    const { requests } = server.emulator.ledger();
    const waits = requests
      .slice(1)
      .map((request, index) => request.sent - (requests[index]?.finished ?? 0));
    return {
      requests: requests.length,
      waits,
      ...(answer === undefined ? {} : { answer }),
      ...(error === undefined ? {} : { error }),
    };
  }

  const loop = (script: Row['script']): Promise<Seen> => {
    const { url } = server;
    const ai = new GoogleGenAI({ apiKey: 'a-key-of-nobody', httpOptions: { baseUrl: url } });
    return observe(script, () => handRolled(ai, clock.sleep, PROMPT, 5, BASE_DELAY));
  };
  const ours = (script: Row['script']): Promise<Seen> =>
    observe(script, () => generateWithRetry(PROMPT, 5, BASE_DELAY));

  function check(side: string, seen: Seen, want: Want): void {
    assert.equal(seen.requests, want.requests, `${side}: requests`);
    for (const [index, wait] of seen.waits.entries()) {
      const curve = Math.min(BASE_DELAY * 2 ** index, 60_000);
      const [least, most] = want.waits?.[index] ?? [curve, curve + JITTER];
      // Timers count whole milliseconds.
      const fits = wait >= least && wait <= most + 1;
      assert.ok(fits, `${side}: wait ${index + 1} is ${wait}, not ${least} to ${most}`);
    }
    if (want.status === undefined) {
      assert.equal(seen.error, undefined, `${side}: it fails`);
    } else {
      assert.ok(seen.error instanceof Error, `${side}: it does not fail`);
      const status = want.status === 'none' ? undefined : want.status;
      assert.equal(seen.error.status, status, `${side}: status`);
    }
  }

  for (const row of ROWS) {
    const title = row.ours === undefined ? row.name : `${row.name} (${row.ours.because})`;
    it(title, async () => {
      const [theirs, own] = [await loop(row.script), await ours(row.script)];
      check('the loop', theirs, row.loop);
      check('ours', own, row.ours ?? row.loop);
      if (own.error !== undefined) {
        assert.ok(own.error instanceof GenerateError);
        assert.equal(own.error.code, own.error.status, 'for those who read `code`');
        assert.equal(own.error.attempts.length, own.requests);
      }
      if (theirs.answer !== undefined && own.answer !== undefined) {
        // The SDK drops what it does not know, as `finishMessage`; ours gives the answer as it came.
        const known = own.answer.candidates?.map(({ finishMessage: _, ...rest }) => rest);
        assert.deepEqual(known, theirs.answer.candidates);
        assert.equal(own.answer.text, theirs.answer.text);
        assert.equal(own.answer.data, theirs.answer.data);
      }
      if (row.name === 'success') {
        const data = own.answer?.candidates?.[0]?.content?.parts?.[0]?.inlineData?.data ?? '';
        assert.equal(Buffer.from(data, 'base64').subarray(1, 4).toString(), 'PNG');
        assert.equal(own.answer?.data, data);
      }
    });
  }

  it('an answer with an interim picture (the SDK joins both, which no decoder reads)', async () => {
    const [theirs, own] = [await loop(['thoughts']), await ours(['thoughts'])];
    assert.deepEqual(own.answer?.candidates, theirs.answer?.candidates);
    const parts = own.answer?.candidates?.[0]?.content?.parts ?? [];
    const pictures = parts.flatMap((part) => part.inlineData?.data ?? []);
    assert.equal(pictures.length, 2);
    assert.equal(own.answer?.data, pictures[1]);
    const joined = Buffer.concat(pictures.map((data) => Buffer.from(data, 'base64')));
    assert.equal(theirs.answer?.data, joined.toString('base64'));
  });

  it('a page in HTML under 200 (both give up at once; ours says what is wrong)', async () => {
    const [theirs, own] = [await loop(['html']), await ours(['html'])];
    assert.deepEqual([theirs.requests, own.requests], [1, 1]);
    assert.equal(theirs.error?.name, 'SyntaxError');
    assert.match(own.error?.message ?? '', /not (from|one of) the Gemini API.*[Cc]heck `baseUrl`/);
  });

  it('throws after one request where one is allowed', async () => {
    const [theirs, own] = [
      await observe(['503'], () => {
        const httpOptions = { baseUrl: server.url };
        return handRolled(new GoogleGenAI({ apiKey: 'k', httpOptions }), clock.sleep, PROMPT, 1);
      }),
      await observe(['503'], () => generateWithRetry(PROMPT, 1)),
    ];
    assert.deepEqual([theirs.requests, own.requests], [1, 1]);
    assert.deepEqual([theirs.error?.status, own.error?.status], [503, 503]);
  });

  it('waits from 2 s up to 60 s where nothing is said', async () => {
    const seen = await observe([times('503', 8)], () => generateWithRetry(PROMPT, 8));
    assert.equal(seen.requests, 8);
    for (const [index, wait] of seen.waits.entries()) {
      const delay = Math.min(2_000 * 2 ** index, 60_000);
      assert.ok(wait >= delay && wait <= delay + JITTER + 1, `wait ${index + 1} is ${wait}`);
    }
    assert.equal(seen.waits.filter((wait) => wait >= 60_000).length, 2, 'the cap was reached');
  });

  it('never sends more than it is allowed', async () => {
    for (const most of [1, 2, 3, 7]) {
      const seen = await observe([times('429-bare', 20)], () =>
        generateWithRetry(PROMPT, { maxRetries: most, baseDelay: 1 }),
      );
      assert.equal(seen.requests, most);
      // A limit per minute uses up an attempt here, unlike in `generate`.
      const minute = await observe([times('429-detailed', 20, { retryDelay: '1s' })], () =>
        generateWithRetry(PROMPT, most, 1),
      );
      assert.equal(minute.requests, most);
    }
  });

  it('does not run out of a retry budget, as the loop does not', async () => {
    const options = { apiKey: 'a-key-of-nobody', baseUrl: server.url };
    const client = createClient({ ...options, limits: 'none' });
    for (let call = 0; call < 6; call += 1) {
      const seen = await observe([times('503', 4)], () => client.generateWithRetry(PROMPT, 5, 1));
      assert.deepEqual([seen.requests, seen.error], [5, undefined]);
    }
  });

  it('takes options in the place of numbers', async () => {
    const told: number[] = [];
    const options: DropInOptions = {
      maxRetries: 3,
      baseDelay: 5_000,
      onRetry: ({ attempt, delay, info, model, retryAt }) => {
        told.push(delay);
        assert.deepEqual(
          [attempt, info.kind, info.status, model],
          [told.length, 'overloaded', 503, MODEL],
        );
        assert.equal(retryAt.getTime(), Date.now() + delay);
      },
    };
    const seen = await observe([times('503', 3)], () => generateWithRetry(PROMPT, options));
    assert.equal(seen.requests, 3);
    assert.deepEqual(seen.waits, told);
    assert.ok(told[0] && told[0] >= 5_000 && told[0] <= 6_000, String(told));
    assert.ok(told[1] && told[1] >= 10_000 && told[1] <= 11_000, String(told));
  });

  it('asks one model and never another', async () => {
    for (const fault of [
      '503',
      '429-day',
      'model-not-found',
      'no-key',
      '429-limit-zero',
    ] as const) {
      await observe([times(fault, 9)], () => generateWithRetry(PROMPT, 5, 1));
      const models = new Set(server.emulator.ledger().requests.map(({ model }) => model));
      assert.deepEqual([...models], [MODEL], fault);
    }
    const request: GenerateRequest = { model: 'gemini-nano-banana-2.1', contents: PROMPT };
    await observe([times('503', 9)], () => generateWithRetry(request, 3, 1));
    const models = server.emulator.ledger().requests.map(({ model }) => model);
    assert.deepEqual(models, Array(3).fill('gemini-nano-banana-2.1'));
  });

  it('waits no hint that is longer than it may be, and says when', async () => {
    const seen = await observe([times('429-detailed', 5, { retryDelay: '300s' })], () =>
      generateWithRetry(PROMPT),
    );
    assert.equal(seen.requests, 1);
    const error = seen.error as GenerateError;
    assert.equal(error.status, 429);
    assert.ok((error.retryAfter ?? 0) >= 300_000, String(error.retryAfter));
    assert.ok((error.retryAt?.getTime() ?? 0) >= Date.now() + 300_000 - 1);
    assert.match(error.message, /maxServerDelay/);
  });
});

describe('what is sent', () => {
  interface Sent {
    url: string;
    headers: Headers;
    body: {
      contents?: { role?: string; parts?: { text?: string }[] }[];
      generationConfig?: {
        responseModalities?: string[];
        imageConfig?: { imageSize?: string; aspectRatio?: string };
      };
      [key: string]: unknown;
    };
  }

  async function sent(
    prompt: string | GenerateRequest,
    models?: string[],
  ): Promise<{ own: Sent; all: Sent[] }> {
    const emulator = await createEmulator({ transit: 0, latency: 0 });
    const all: Sent[] = [];
    const client = createClient({
      apiKey: 'a-key-of-nobody',
      ...(models === undefined ? {} : { models }),
      fetch: (input, init) => {
        const headers = new Headers(init?.headers);
        all.push({ url: String(input), headers, body: JSON.parse(String(init?.body)) });
        return emulator.fetch(input, init);
      },
    });
    try {
      await client.generateWithRetry(prompt, 2, 1);
    } finally {
      emulator.close();
    }
    const [own] = all;
    assert.ok(own);
    return { own, all };
  }

  it('a text asks for a picture of 1K', async () => {
    const { own } = await sent(PROMPT);
    assert.deepEqual(own.body, {
      contents: [{ role: 'user', parts: [{ text: PROMPT }] }],
      generationConfig: { responseModalities: ['IMAGE'], imageConfig: { imageSize: '1K' } },
    });
    const base = 'https://generativelanguage.googleapis.com/v1beta/models';
    assert.equal(own.url, `${base}/${MODEL}:generateContent`);
    assert.equal(own.headers.get('x-goog-api-key'), 'a-key-of-nobody');
    assert.equal(own.headers.get('content-type'), 'application/json');
    assert.equal(own.headers.has('x-server-timeout'), false, 'the drop-in has no timeout');
  });

  it('a model that knows no size is sent none', async () => {
    const { own } = await sent(PROMPT, ['gemini-2.5-flash-image']);
    assert.match(own.url, /gemini-2\.5-flash-image/);
    assert.deepEqual(own.body.generationConfig, { responseModalities: ['IMAGE'] });
  });

  it('a request of the SDK becomes what the SDK sends', async () => {
    const request = {
      model: MODEL,
      contents: [PROMPT, { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }],
      config: {
        responseModalities: ['TEXT', 'IMAGE'],
        imageConfig: { aspectRatio: '16:9', imageSize: '2K' },
        systemInstruction: 'Draw with ink.',
        temperature: 0.4,
        seed: 7,
        safetySettings: [
          { category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_ONLY_HIGH' },
        ] as never[],
        tools: [{ googleSearch: {} }],
      },
    };
    const { own } = await sent(request);
    const bodies: unknown[] = [];
    const realFetch = globalThis.fetch;
    globalThis.fetch = (async (_: unknown, init?: RequestInit) => {
      bodies.push(JSON.parse(String(init?.body)));
      return new Response('{"candidates":[]}', {
        headers: { 'content-type': 'application/json' },
      });
    }) as typeof fetch;
    try {
      await new GoogleGenAI({ apiKey: 'a-key-of-nobody' }).models.generateContent(request as never);
    } finally {
      globalThis.fetch = realFetch;
    }
    assert.deepEqual(own.body, bodies[0]);
  });

  it('a body of the REST API is sent as it is', async () => {
    const body = {
      contents: [{ role: 'user', parts: [{ text: PROMPT }] }],
      generationConfig: { responseModalities: ['IMAGE'], imageConfig: { aspectRatio: '1:1' } },
    };
    const { own } = await sent({ model: `models/${MODEL}`, ...body });
    assert.deepEqual(own.body, body);
    assert.match(own.url, new RegExp(`/models/${MODEL}:generateContent$`));
  });
});

describe('batchGenerate', () => {
  let clock: FakeTimers.Clock;
  let emulator: Emulator;

  beforeEach(async () => {
    clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
    emulator = await createEmulator({ transit: 0, latency: 0, clockOffset: 0 });
    configure({ apiKey: 'a-key-of-nobody', fetch: emulator.fetch });
  });
  afterEach(() => {
    emulator.close();
    clock.uninstall();
  });

  async function run<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    work.then(end, end);
    while (!ended) {
      // Node reads a response in turns of the real loop.
      await new Promise((resolve) => setImmediate(resolve));
      await clock.nextAsync();
    }
    return work;
  }

  const gaps = (): number[] => {
    const { requests } = emulator.ledger();
    return requests.slice(1).map(({ sent }, index) => sent - (requests[index]?.finished ?? 0));
  };

  it('keeps the order, gives null for a failure, and pauses after a success only', async () => {
    emulator.script(['ok', '400', 'ok', 'ok']);
    const prompts = ['a red kite', 'a green kite', 'a blue kite', 'a grey kite'];
    const results = await run(batchGenerate(prompts));
    assert.equal(results.length, 4);
    assert.equal(results[1], null);
    const datas = results.map((result) => result?.candidates?.[0]?.content?.parts?.[0]?.inlineData);
    for (const [index, prompt] of prompts.entries()) {
      if (index === 1) continue;
      const alone = await run(generateWithRetry(prompt));
      assert.equal(datas[index]?.data, alone.data, `${prompt} is in its place`);
    }
    const [first, second, third] = gaps();
    assert.ok(first !== undefined && first >= 1_000 && first <= 1_501, `pause ${first}`);
    assert.ok(second !== undefined && second <= 1, `a pause of ${second} after a failure`);
    assert.ok(third !== undefined && third >= 1_000 && third <= 1_501, `pause ${third}`);
  });

  it('ends with the last answer and not with a pause', async () => {
    const start = Date.now();
    await run(batchGenerate(['a red kite', 'a blue kite'], 10_000));
    const took = Date.now() - start;
    assert.ok(took >= 10_000 && took <= 10_502, `it took ${took}`);
  });

  it('sends one at a time', async () => {
    emulator.configure({ latency: 3_000 });
    await run(batchGenerate(['a red kite', 'a green kite', 'a blue kite'], 0));
    assert.equal(emulator.ledger().totals.maxInFlight, 1);
    assert.equal(emulator.ledger().totals.served, 3);
  });

  it('retries each as the drop-in does', async () => {
    emulator.script(['503', 'ok', '429-bare', 'ok']);
    const options = { delay: 100, maxRetries: 2, baseDelay: 7_000 };
    const results = await run(batchGenerate(['a red kite', 'a blue kite'], options));
    assert.ok(results.every((result) => result?.data));
    const [retry, pause, second] = gaps();
    assert.ok(retry !== undefined && retry >= 7_000 && retry <= 8_001, `retry ${retry}`);
    assert.ok(pause !== undefined && pause >= 100 && pause <= 601, `pause ${pause}`);
    assert.ok(second !== undefined && second >= 7_000 && second <= 8_001, `retry ${second}`);
  });

  it('takes an empty list', async () => {
    assert.deepEqual(await batchGenerate([]), []);
  });

  it('ends at once on abort, with the reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const options = { delay: 60_000, signal: controller.signal };
    const work = batchGenerate(['a red kite', 'a blue kite'], options);
    work.catch(() => {});
    while (emulator.ledger().totals.served === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    controller.abort(reason);
    await assert.rejects(work, (error) => error === reason);
    await clock.runAllAsync();
    assert.equal(emulator.ledger().totals.requests, 1, 'nothing is sent afterwards');
    assert.equal(clock.countTimers(), 0, 'no timer is left');
  });
});
