/** `unexhausted/ai` around models of the real AI SDK, against the fake service and a scripted one. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createGoogle } from '@ai-sdk/google';
import {
  APICallError,
  generateImage,
  generateText,
  NoImageGeneratedError,
  streamText,
  wrapImageModel,
  wrapLanguageModel,
} from 'ai';
import { type AdapterOptions, imageMiddleware, languageMiddleware } from '../../pkg/adapters/ai.js';
import { type EmulatorServer, startEmulator } from '../../pkg/emulator/index.js';
import { configure, createClient, errorInfo, retryAfterOf } from '../../pkg/index.js';
import {
  fault,
  type ScriptService,
  type Step,
  scriptService,
  text,
} from './support/script-service.ts';

const MODEL = 'gemini-nano-banana-2.1';
const FAST = { baseDelay: 1, maxDelay: 5, jitter: 0 };

let service: EmulatorServer;
let scripted: ScriptService;
before(async () => {
  // It tells of its warnings on the console; the tests read them.
  (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;
  service = await startEmulator({ latency: 0, transit: 0 });
  scripted = await scriptService();
});
after(async () => {
  await service.close();
  await scripted.close();
});
beforeEach(() => service.emulator.reset());

const google = (url: string) =>
  createGoogle({ apiKey: 'a-key-of-nobody', baseURL: `${url}/v1beta` });
const own = (options: AdapterOptions = {}) => ({ ...FAST, client: createClient(), ...options });
const images = (options?: AdapterOptions) =>
  wrapImageModel({
    model: google(service.url).image(MODEL),
    middleware: imageMiddleware(own(options)),
  });
const language = (options?: AdapterOptions) =>
  wrapLanguageModel({
    model: google(scripted.url)('gemini-3-pro'),
    middleware: languageMiddleware(own(options)),
  });
const sent = () => service.emulator.ledger().requests.length;

describe('generateImage', () => {
  it('gives its picture, once a refusal has passed that the SDK alone gives up at', async () => {
    service.emulator.script([{ fault: '503', times: 4 }]);
    const client = createClient();
    const { image, warnings } = await generateImage({
      model: images({ client }),
      prompt: 'a boat',
    });
    assert.match(image.mediaType, /^image\//);
    assert.deepEqual(warnings, []);
    assert.equal(sent(), 5);
    const [report] = (await client.quota()).filter(({ model }) => model === MODEL);
    const used = Object.fromEntries(report?.limits.map((row) => [row.dimension, row.used]) ?? []);
    assert.equal(used['images_per_minute'], 5);
    assert.ok((await client.costs()).spent > 0, 'settled by what the result says');
  });

  for (const [name, kind, requests] of [
    ['429-day', 'daily_quota', 1],
    ['bad-key', 'unauthenticated', 1],
    ['503', 'overloaded', 2],
    ['reset', 'network', 2],
  ] as const) {
    it(`${name} ends the SDK's own retries, after ${requests} requests`, async () => {
      service.emulator.script([{ fault: name, times: 9 }]);
      const model = images({ maxAttempts: 2 });
      await assert.rejects(generateImage({ model, prompt: 'a boat', maxRetries: 5 }), (error) => {
        assert.ok(APICallError.isInstance(error));
        assert.equal(error.isRetryable, false);
        assert.equal(errorInfo(error)?.kind, kind);
        assert.ok(APICallError.isInstance(error.cause));
        assert.notEqual(error.cause, error);
        assert.equal(error.statusCode, error.cause.statusCode);
        assert.equal(error.responseBody, error.cause.responseBody);
        return true;
      });
      assert.equal(sent(), requests);
    });
  }

  it('makes all pictures, each a request in the queue', async () => {
    service.emulator.script([{ fault: '429-detailed', retryDelay: 20 }]);
    const {
      images: made,
      usage,
      ...result
    } = await generateImage({
      model: images(),
      prompt: 'a boat',
      n: 3,
    });
    assert.equal(made.length, 3);
    assert.equal(result.calls.length, 1);
    const { images: told } = result.providerMetadata['google'] as { images: unknown[] };
    assert.equal(told.length, 3);
    assert.ok((usage.outputTokens ?? 0) > 0);
    assert.equal(sent(), 4);
  });

  it('gives those that there are, with a warning, and throws where there is none', async () => {
    service.emulator.script([{ fault: 'ok' }, { fault: 'bad-key', times: 9 }]);
    const some = await generateImage({ model: images(), prompt: 'a boat', n: 3 });
    assert.equal(some.images.length, 1);
    const [warning] = some.warnings as { message: string }[];
    assert.match(warning?.message ?? '', /2 of 3 pictures could not be made: .*API key/);
    await assert.rejects(generateImage({ model: images(), prompt: 'a boat', n: 3 }), {
      name: 'AI_APICallError',
    });
  });

  it('asks once more for a picture that did not come, and not again and again', async () => {
    service.emulator.script([{ fault: 'no-image' }]);
    const { image } = await generateImage({ model: images(), prompt: 'a boat' });
    assert.ok(image);
    service.emulator.reset();
    service.emulator.script([{ fault: 'no-image', times: 9 }]);
    const model = images({ maxAttempts: 2 });
    await assert.rejects(generateImage({ model, prompt: 'a boat', maxRetries: 5 }), (error) =>
      NoImageGeneratedError.isInstance(error),
    );
    assert.equal(sent(), 2);
  });

  it('does not ask again for what was refused', async () => {
    service.emulator.script([{ fault: 'image-safety', times: 9 }]);
    await assert.rejects(generateImage({ model: images(), prompt: 'a boat' }));
    assert.equal(sent(), 1);
  });

  it('ends at once by its signal, with its reason', async () => {
    service.emulator.script([{ fault: 'hang', times: 9 }]);
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('enough')), 30);
    const call = generateImage({
      model: images(),
      prompt: 'a boat',
      n: 2,
      abortSignal: abort.signal,
    });
    await assert.rejects(call, { message: 'enough' });
  });

  it('ends an attempt that takes too long, and its request', async () => {
    service.emulator.script([{ fault: 'hang' }]);
    const { image } = await generateImage({ model: images({ timeout: 200 }), prompt: 'a boat' });
    assert.ok(image);
    assert.equal(sent(), 2);
    assert.notEqual(service.emulator.ledger().requests[0]?.finished, null);
  });

  it('refuses an unknown option by its name', async () => {
    const model = images({ retries: 3 } as AdapterOptions);
    await assert.rejects(generateImage({ model, prompt: 'a boat' }), TypeError);
  });
});

describe('a model that makes several pictures at once', () => {
  /** One of another provider, which fails where `fails` says so. */
  const model = (fails: (call: number) => boolean, most: unknown = 2) => {
    const asked: number[] = [];
    const made = {
      specificationVersion: 'v4' as const,
      provider: 'of-others.image',
      modelId: 'paint-1',
      maxImagesPerCall: most as number,
      doGenerate: async ({ n }: { n: number }) => {
        asked.push(n);
        if (fails(asked.length)) throw Object.assign(new Error('no such key'), { status: 401 });
        return {
          images: Array.from({ length: n }, () => 'AAAA'),
          warnings: [],
          providerMetadata: { others: { images: Array.from({ length: n }, (_, at) => ({ at })) } },
          usage: { inputTokens: 10, outputTokens: undefined, totalTokens: 10 },
          response: { timestamp: new Date(), modelId: 'paint-1', headers: undefined },
        };
      },
    };
    return { asked, wrapped: wrapImageModel({ model: made, middleware: imageMiddleware(FAST) }) };
  };

  for (const [name, most] of [
    ['a number', 2],
    ['a function', async () => 2],
  ] as const) {
    it(`is asked for as many as it makes, told by ${name}`, async () => {
      const { asked, wrapped } = model(() => false, most);
      const { images, usage, providerMetadata } = await generateImage({
        model: wrapped,
        prompt: 'a boat',
        n: 5,
      });
      assert.deepEqual([images.length, asked], [5, [2, 2, 1]]);
      assert.deepEqual([usage.inputTokens, usage.outputTokens], [30, undefined]);
      assert.equal((providerMetadata['others'] as { images: unknown[] }).images.length, 5);
    });
  }

  it('gives what it has made', async () => {
    const { wrapped } = model((call) => call === 2);
    const { images, warnings } = await generateImage({ model: wrapped, prompt: 'a boat', n: 5 });
    assert.equal(images.length, 3);
    assert.match((warnings[0] as { message: string }).message, /2 of 5 .*: no such key/);
  });

  it('goes through no queue of the default client', async () => {
    configure({ models: ['paint-1'], limits: { 'paint-1': { rpm: 1 } } });
    const { images } = await generateImage({
      model: model(() => false).wrapped,
      prompt: 'a boat',
      n: 4,
    });
    assert.equal(images.length, 4);
  });
});

describe('generateText', () => {
  it('is retried as the service says', async () => {
    scripted.script(fault(429, 'RESOURCE_EXHAUSTED', '0.05s'), fault(503, 'UNAVAILABLE'), {
      body: text('fine', 'STOP'),
    });
    const client = createClient();
    const result = await generateText({ model: language({ client }), prompt: 'hi' });
    assert.equal(result.text, 'fine');
    assert.equal(scripted.requests.length, 3);
    const report = (await client.quota()).find(({ model }) => model === 'gemini-3-pro');
    const used = Object.fromEntries(report?.limits.map((row) => [row.dimension, row.used]) ?? []);
    assert.deepEqual([used['requests_per_minute'], used['images_per_minute'] ?? 0], [3, 0]);
  });

  it('throws what the SDK does not try again', async () => {
    scripted.script(fault(503, 'UNAVAILABLE'));
    const call = generateText({ model: language({ maxAttempts: 2 }), prompt: 'hi', maxRetries: 4 });
    await assert.rejects(call, (error) => {
      assert.ok(APICallError.isInstance(error) && !error.isRetryable);
      return true;
    });
    assert.equal(scripted.requests.length, 2);
  });

  it('tells the queue of others when to come back', async () => {
    scripted.script(fault(429, 'RESOURCE_EXHAUSTED', '3000s'));
    const error = await generateText({ model: language(), prompt: 'hi' }).catch((error) => error);
    const wait = retryAfterOf(error) ?? 0;
    assert.ok(wait > 2_990_000 && wait <= 3_000_000, String(wait));
  });

  it('counts a wait that does not fit, by the error of the client', async () => {
    const client = createClient({
      models: ['gemini-3-pro'],
      limits: { 'gemini-3-pro': { rpm: 1 } },
    });
    scripted.script({ body: text('fine', 'STOP') });
    const model = language({ client, deadline: 50 });
    await generateText({ model, prompt: 'hi' });
    await assert.rejects(generateText({ model, prompt: 'hi' }), (error) => {
      assert.ok(APICallError.isInstance(error));
      assert.equal((error.cause as { kind?: string }).kind, 'deadline');
      return true;
    });
    assert.equal(scripted.requests.length, 1);
  });
});

describe('streamText', () => {
  const stream = async (...steps: Step[]) => {
    scripted.script(...steps);
    const errors: unknown[] = [];
    const result = streamText({
      model: language(),
      prompt: 'hi',
      maxRetries: 5,
      onError: ({ error }) => void errors.push(error),
    });
    let said = '';
    for await (const part of result.textStream) said += part;
    return { said, errors, requests: scripted.requests.length };
  };
  const whole: Step = { chunks: [text('a'), text('b', 'STOP')] };

  for (const [name, first] of [
    ['a 503', fault(503, 'UNAVAILABLE')],
    ['an error as the first chunk', { chunks: [fault(503, 'UNAVAILABLE').body] }],
    ['no chunk at all', { chunks: [] }],
    ['a connection that is lost', { chunks: [], ends: 'destroy' }],
  ] as [string, Step][]) {
    it(`is retried after ${name}`, async () => {
      const { said, errors, requests } = await stream(first, whole);
      assert.deepEqual([said, errors, requests], ['ab', [], 2]);
    });
  }

  it('tells of an error after a part, and does not ask again', async () => {
    const broken = { chunks: [text('a'), fault(503, 'UNAVAILABLE').body] };
    const { said, errors, requests } = await stream(broken, whole);
    assert.deepEqual([said, errors.length, requests], ['a', 1, 1]);
  });

  it('lets go of a connection whose reader has gone', async () => {
    scripted.script({ chunks: [text('a')], ends: 'never' });
    const abort = new AbortController();
    const { textStream } = streamText({
      model: language(),
      prompt: 'hi',
      abortSignal: abort.signal,
      onError: () => {},
    });
    for await (const part of textStream) {
      assert.equal(part, 'a');
      abort.abort();
    }
    assert.equal(scripted.requests.length, 1);
  });
});
