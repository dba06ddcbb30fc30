/** `unexhausted/genai` around the real `@google/genai`, against the fake service and a scripted one. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { LLMock } from '@copilotkit/aimock';
import { ApiError, type CallableTool, GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { type AdapterOptions, wrapGenAI } from '../../pkg/adapters/genai.js';
import { type EmulatorServer, startEmulator } from '../../pkg/emulator/index.js';
import { configure, createClient, errorInfo } from '../../pkg/index.js';
import {
  fault,
  type ScriptService,
  type Step,
  scriptService,
  text,
} from './support/script-service.ts';

const MODEL = 'gemini-3-pro-image';
const FAST = { baseDelay: 1, maxDelay: 5, jitter: 0 };

let service: EmulatorServer;
let scripted: ScriptService;
before(async () => {
  service = await startEmulator({ latency: 0, transit: 0 });
  scripted = await scriptService();
});
after(async () => {
  await service.close();
  await scripted.close();
});
beforeEach(() => {
  service.emulator.reset();
  configure({});
});

const sdk = (baseUrl: string, retryOptions?: object): GoogleGenAI =>
  new GoogleGenAI({
    apiKey: 'a-key-of-nobody',
    // The SDK's own default is v1, which aimock has not.
    apiVersion: 'v1beta',
    httpOptions: { baseUrl, ...(retryOptions && { retryOptions }) },
  });
const picture = (ai: GoogleGenAI) =>
  ai.models.generateContent({ model: MODEL, contents: 'a paper boat' });
const sent = () => service.emulator.ledger().requests.length;

describe('generateContent', () => {
  it("gives the SDK's own answer, once a refusal has passed", async () => {
    service.emulator.script([
      { fault: '429-detailed', retryDelay: 40 },
      { fault: '503', times: 2 },
    ]);
    const alone = await picture(sdk(service.url)).catch((error: unknown) => error);
    assert.equal((alone as ApiError).status, 429, 'the SDK alone gives up');
    const before = sent();
    const response = await picture(wrapGenAI(sdk(service.url), FAST));
    assert.equal(sent() - before, 3);
    assert.ok(response instanceof GenerateContentResponse);
    assert.ok(response.candidates?.[0]?.content?.parts?.some(({ inlineData }) => inlineData?.data));
    assert.ok(response.sdkHttpResponse?.headers);
  });

  it('waits as long as the service says', async () => {
    service.emulator.script([{ fault: '429-detailed', retryDelay: 300 }]);
    const started = performance.now();
    await picture(wrapGenAI(sdk(service.url), FAST));
    assert.ok(performance.now() - started >= 299);
  });

  for (const [name, kind, requests] of [
    ['429-day', 'daily_quota', 1],
    ['bad-key', 'unauthenticated', 1],
    ['503', 'overloaded', 3],
  ] as const) {
    it(`${name} throws the SDK's own error after ${requests} requests`, async () => {
      service.emulator.script([{ fault: name, times: 9 }]);
      const ai = wrapGenAI(sdk(service.url), { ...FAST, maxAttempts: 3, client: createClient() });
      await assert.rejects(picture(ai), (error) => {
        assert.ok(error instanceof ApiError);
        assert.equal(errorInfo(error)?.kind, kind);
        return true;
      });
      assert.equal(sent(), requests);
    });
  }

  it("switches the SDK's own retries off, in the client and in a call", async () => {
    service.emulator.script([{ fault: '503', times: 9 }]);
    const own = { attempts: 3, initialDelay: 0.001, maxDelay: 0.001 };
    const options = () => ({ ...FAST, maxAttempts: 2, client: createClient() });
    const ai = wrapGenAI(sdk(service.url, own), options());
    await assert.rejects(picture(ai), { status: 503, message: /overloaded/ });
    assert.equal(sent(), 2);
    const other = wrapGenAI(sdk(service.url), options());
    const config = { httpOptions: { retryOptions: own } };
    await assert.rejects(
      other.models.generateContent({ model: MODEL, contents: 'a boat', config }),
    );
    assert.equal(sent(), 4);
    await assert.rejects(picture(sdk(service.url, own)));
    assert.equal(sent(), 7, 'the client itself stays as it is');
  });

  it('goes through the queue and the ledger of its model', async () => {
    const client = createClient({ limits: { [MODEL]: { rpm: 2 } } });
    const ai = wrapGenAI(sdk(service.url), { client });
    const calls = [picture(ai), picture(ai)];
    await Promise.all(calls);
    const late = wrapGenAI(sdk(service.url), { client, deadline: 50 });
    await assert.rejects(picture(late), { kind: 'deadline' });
    assert.equal(sent(), 2);
    const [report] = await client.quota();
    const used = Object.fromEntries(report?.limits.map((row) => [row.dimension, row.used]) ?? []);
    assert.equal(used['requests_per_minute'], 2);
    assert.equal(used['images_per_minute'], 2);
    assert.ok((await client.costs()).spent > 0.2, 'settled by what the answers said');
  });

  it('counts no pictures of a model that makes texts', async () => {
    const client = createClient();
    scripted.script({ body: text('hi', 'STOP') });
    const ai = wrapGenAI(sdk(scripted.url), { client });
    await ai.models.generateContent({ model: 'models/gemini-3-pro', contents: ['hi', 'there'] });
    const reports = await client.quota();
    const report = reports.find(({ model }) => model === 'gemini-3-pro');
    const used = Object.fromEntries(report?.limits.map((row) => [row.dimension, row.used]) ?? []);
    assert.deepEqual([used['images_per_minute'] ?? 0, used['tokens_per_minute']], [0, 5]);
  });

  it('ends at once by its signal', async () => {
    service.emulator.script([{ fault: 'hang' }]);
    const abort = new AbortController();
    const config = { abortSignal: abort.signal };
    const ai = wrapGenAI(sdk(service.url));
    const call = ai.models.generateContent({ model: MODEL, contents: 'a boat', config });
    setTimeout(() => abort.abort(new Error('enough')), 30);
    await assert.rejects(call, { message: 'enough' });
  });

  it('leaves the parameters as they are', async () => {
    const params = { model: MODEL, contents: 'a boat', config: { temperature: 1 } };
    const copy = structuredClone(params);
    await wrapGenAI(sdk(service.url)).models.generateContent(params);
    assert.deepEqual(params, copy);
  });

  it('calls no tool twice', async () => {
    let calls = 0;
    const tool: CallableTool = {
      tool: async () => ({ functionDeclarations: [{ name: 'paint' }] }),
      callTool: async () => {
        calls += 1;
        return [{ functionResponse: { name: 'paint', response: { ok: true } } }];
      },
    };
    const asks = {
      candidates: [{ content: { role: 'model', parts: [{ functionCall: { name: 'paint' } }] } }],
    };
    const ask = () =>
      wrapGenAI(sdk(scripted.url), { ...FAST, client: createClient() }).models.generateContent({
        model: 'm',
        contents: 'paint',
        config: { tools: [tool] },
      });
    scripted.script(fault(503, 'UNAVAILABLE'), { body: asks }, fault(503, 'UNAVAILABLE'));
    await assert.rejects(ask(), { status: 503 });
    assert.deepEqual([calls, scripted.requests.length], [1, 3], 'retried until it is called');
    scripted.script({ body: asks }, { body: text('done', 'STOP') });
    assert.equal((await ask()).text, 'done');
    assert.equal(calls, 2);
  });

  it('goes through no queue on Vertex AI, but that of a client of its own', async () => {
    const vertex = () =>
      new GoogleGenAI({
        vertexai: true,
        apiKey: 'a-key-of-nobody',
        httpOptions: { baseUrl: scripted.url },
      });
    configure({ models: ['m'], limits: { m: { rpm: 1 } } });
    scripted.script(fault(429, 'RESOURCE_EXHAUSTED', '0.01s'), { body: text('a', 'STOP') });
    const ask = (ai: GoogleGenAI) => ai.models.generateContent({ model: 'm', contents: 'hi' });
    await ask(wrapGenAI(vertex(), FAST));
    await ask(wrapGenAI(vertex(), FAST));
    assert.equal(scripted.requests.length, 3);
    assert.match(scripted.requests[0]?.path ?? '', /publishers\/google\/models\/m:generateContent/);
    const client = createClient({ models: ['m'], limits: { m: { rpm: 1 } } });
    const own = wrapGenAI(vertex(), { ...FAST, client, deadline: 50 });
    await ask(own);
    await assert.rejects(ask(own), { kind: 'deadline' });
  });
});

describe('the view', () => {
  it('is a client of the SDK, and leaves the rest to it', async () => {
    const ai = sdk(service.url);
    const view: GoogleGenAI = wrapGenAI(ai);
    assert.ok(view instanceof GoogleGenAI);
    assert.equal(view.files, ai.files);
    const { totalTokens } = await view.models.countTokens({ model: MODEL, contents: 'a boat' });
    assert.ok(totalTokens);
  });

  it('is not made twice, and takes nothing else', () => {
    const view = wrapGenAI(sdk(service.url));
    assert.equal(wrapGenAI(view), view);
    assert.throws(() => wrapGenAI({ models: {}, chats: {} }), /takes a client of @google\/genai/);
  });

  it('refuses an unknown option by its name', async () => {
    const options = { retries: 3 } as AdapterOptions;
    await assert.rejects(picture(wrapGenAI(sdk(service.url), options)), /`?retries/);
  });
});

describe('generateContentStream', () => {
  const stream = async (steps: Step[], options: AdapterOptions = {}, abort?: AbortSignal) => {
    scripted.script(...steps);
    const got: (string | undefined)[] = [];
    const ai = wrapGenAI(sdk(scripted.url), { ...FAST, client: createClient(), ...options });
    const config = abort === undefined ? {} : { abortSignal: abort };
    const error = await (async () => {
      const chunks = await ai.models.generateContentStream({ model: 'm', contents: 'hi', config });
      for await (const chunk of chunks) got.push(chunk.text);
    })().catch((error: unknown) => error);
    return { got, error, requests: scripted.requests.length };
  };
  const whole: Step = { chunks: [text('a'), text('b', 'STOP')] };
  const bare = { error: { message: 'overloaded', status: 'UNAVAILABLE' } };

  for (const [name, first] of [
    ['a 503', fault(503, 'UNAVAILABLE')],
    ['a 429 with its wait', fault(429, 'RESOURCE_EXHAUSTED', '0.02s')],
    ['an error as the first chunk', { chunks: [fault(503, 'UNAVAILABLE').body] }],
    ['an error that the SDK swallows', { chunks: [bare] }],
    ['no chunk at all', { chunks: [] }],
    ['a connection that is lost', { chunks: [], ends: 'destroy' }],
  ] as [string, Step][]) {
    it(`is retried after ${name}`, async () => {
      const { got, error, requests } = await stream([first, whole]);
      assert.deepEqual([got, error, requests], [['a', 'b'], undefined, 2]);
    });
  }

  for (const [name, broken, kind] of [
    ['an error', { chunks: [text('a'), fault(503, 'UNAVAILABLE').body] }, 'overloaded'],
    ['an error that the SDK swallows', { chunks: [text('a'), bare] }, 'network'],
    ['an end without a finishReason', { chunks: [text('a')] }, 'network'],
    ['a lost connection', { chunks: [text('a')], ends: 'destroy' }, 'network'],
  ] as [string, Step, string][]) {
    it(`throws for ${name} after a chunk, and does not ask again`, async () => {
      const { got, error, requests } = await stream([broken, whole]);
      assert.deepEqual([got[0], requests], ['a', 1]);
      assert.equal(errorInfo(error)?.kind, kind);
    });
  }

  it('takes a block for an answer', async () => {
    const blocked = { promptFeedback: { blockReason: 'SAFETY' } };
    const { error, requests } = await stream([{ chunks: [blocked] }]);
    assert.deepEqual([error, requests], [undefined, 1]);
  });

  it('stays as it was reserved: its letters, its files and a picture', async () => {
    const client = createClient();
    scripted.script(whole);
    const ai = wrapGenAI(sdk(scripted.url), { client });
    const contents = [{ text: 'a boat' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }];
    const config = { systemInstruction: 'of paper' };
    for await (const _ of await ai.models.generateContentStream({
      model: MODEL,
      contents,
      config,
    }));
    const report = (await client.quota()).find(({ model }) => model === MODEL);
    const used = Object.fromEntries(report?.limits.map((row) => [row.dimension, row.used]) ?? []);
    // The ledger allows for an estimate that is too low.
    const tokens = (used['tokens_per_minute'] ?? 0) / (4 + 1_120);
    assert.ok(tokens >= 1 && tokens < 1.2, String(tokens));
    assert.equal(used['images_per_minute'], 1);
    const { spent } = await client.costs();
    assert.ok(spent > 0.134 && spent < 0.15, String(spent));
  });

  it('ends by its signal after it has begun', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('enough')), 60);
    const step: Step = { chunks: [text('a')], ends: 'never' };
    const { got, error } = await stream([step], { timeout: 50 }, abort.signal);
    assert.deepEqual(got, ['a']);
    assert.match(String(error), /abort/, 'of the SDK, which keeps no reason');
  });

  it('is given up by who reads it, and holds no place then', async () => {
    const client = createClient({ concurrency: 1 });
    const ai = wrapGenAI(sdk(scripted.url), { ...FAST, client });
    scripted.script({ chunks: [text('a')], ends: 'never' }, { body: text('b', 'STOP') });
    for await (const _ of await ai.models.generateContentStream({ model: 'm', contents: 'hi' }))
      break;
    const next = await ai.models.generateContent({ model: 'm', contents: 'hi' });
    assert.equal(next.text, 'b');
  });
});

describe('chats', () => {
  const chat = () =>
    wrapGenAI(sdk(scripted.url), { ...FAST, client: createClient(), maxAttempts: 2 }).chats.create({
      model: 'm',
      history: [
        { role: 'user', parts: [{ text: 'hi' }] },
        { role: 'model', parts: [{ text: 'hello' }] },
      ],
    });
  const turns = (history: { role?: string }[]) => history.map(({ role }) => role);
  const drained = async (chunks: AsyncGenerator<unknown>) => {
    for await (const _ of chunks);
  };

  it('keep one turn of a message that was retried', async () => {
    scripted.script(fault(503, 'UNAVAILABLE'), { body: text('fine', 'STOP') });
    const own = chat();
    assert.equal((await own.sendMessage({ message: 'how are you?' })).text, 'fine');
    assert.equal(scripted.requests.length, 2);
    assert.equal(scripted.requests[1]?.body.contents.length, 3);
    assert.deepEqual(turns(own.getHistory()), ['user', 'model', 'user', 'model']);
  });

  it('keep nothing of one that failed, and go on', async () => {
    scripted.script(fault(400, 'INVALID_ARGUMENT'), { body: text('fine', 'STOP') });
    const own = chat();
    await assert.rejects(own.sendMessage({ message: 'how are you?' }), { status: 400 });
    assert.deepEqual(turns(own.getHistory()), ['user', 'model']);
    await own.sendMessage({ message: 'still there?' });
    assert.equal(scripted.requests[1]?.body.contents.length, 3);
    assert.deepEqual(turns(own.getHistory()), ['user', 'model', 'user', 'model']);
  });

  it('keep one turn of a stream that was retried, none of one that broke off', async () => {
    const own = chat();
    const whole = { chunks: [text('fi'), text('ne', 'STOP')] };
    scripted.script(fault(503, 'UNAVAILABLE'), whole, { chunks: [text('fi')] }, whole);
    await drained(await own.sendMessageStream({ message: 'how are you?' }));
    const roles = ['user', 'model', 'user', 'model', 'model'];
    assert.deepEqual(turns(own.getHistory()), roles, 'a content a chunk, as the SDK keeps them');
    await assert.rejects(drained(await own.sendMessageStream({ message: 'and now?' })));
    assert.deepEqual(turns(own.getHistory()), roles);
    await drained(await own.sendMessageStream({ message: 'and now?' }));
    assert.deepEqual(turns(own.getHistory()), [...roles, 'user', 'model', 'model']);
  });
});

describe('against a mock that others wrote', () => {
  const mock = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' });
  before(async () => {
    mock.onMessage('a description', { content: 'A boat, made of paper.' });
    await mock.start();
  });
  after(() => mock.stop());

  it('answers and streams', async () => {
    const ai = wrapGenAI(sdk(mock.url), { ...FAST, client: createClient() });
    const params = { model: 'gemini-3-pro', contents: 'a description' };
    mock.nextRequestError(503, { message: 'The model is overloaded.' });
    assert.equal((await ai.models.generateContent(params)).text, 'A boat, made of paper.');
    mock.nextRequestError(503, { message: 'The model is overloaded.' });
    let said = '';
    for await (const chunk of await ai.models.generateContentStream(params))
      said += chunk.text ?? '';
    assert.equal(said, 'A boat, made of paper.');
    assert.equal(mock.getRequests().length, 4);
  });
});
