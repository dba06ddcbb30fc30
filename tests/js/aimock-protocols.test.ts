/**
 * The other protocols against `@copilotkit/aimock`, a mock server that others wrote.
 *
 * It speaks these, as of 1.43: OpenAI's images API with `b64_json` or links, its chat API with
 * texts alone (a relay's Markdown among them), Imagen's `:predict`, the addresses of Vertex AI, and
 * OpenAI's errors with a status of choice. Its tokens are those of the texts.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, it } from 'node:test';
import { LLMock } from '@copilotkit/aimock';
import {
  createClient,
  GenerateError,
  type GenerateErrorKind,
  type Target,
} from '../../pkg/index.js';

/** One white pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==';

const service = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' });
const client = (target: Partial<Target>): ReturnType<typeof createClient> =>
  createClient({
    models: [{ model: 'gemini-3-pro-image', apiKey: 'a-key-of-nobody', ...target }],
    retry: { baseDelay: 1, jitter: 0, maxAttempts: 2 },
  });
const images = () => client({ protocol: 'openai-images', baseUrl: `${service.url}/v1` });
const chat = () => client({ protocol: 'openai-chat', baseUrl: `${service.url}/v1` });
const imagen = () => client({ protocol: 'imagen', baseUrl: service.url });

before(async () => {
  service.onImage('a paper boat', { image: { b64Json: PNG } });
  service.onImage('a dead link', { image: { url: 'http://127.0.0.1:9/gone.png' } });
  service.onMessage('a kite', {
    content: `Here it is:\n\n![a kite](data:image/png;base64,${PNG})`,
  });
  service.onMessage('a description', { content: 'A boat, made of paper.' });
  service.onMessage('a vertex', { audio: { b64Json: PNG, contentType: 'image/png' } });
  await service.start();
});
after(() => service.stop());
afterEach(() => service.clearRequests());

it('openai-images: a picture in base64', async () => {
  const result = await images().generate('a paper boat');
  assert.equal(result.images[0]?.data, PNG);
  assert.equal(service.getLastRequest()?.path, '/v1/images/generations');
});

it('openai-images: a link that leads nowhere', async () => {
  await assert.rejects(images().generate('a dead link'), (error) => {
    assert.ok(error instanceof GenerateError);
    assert.equal(error.kind, 'no_image');
    assert.match(error.message, /link leads to no picture/);
    return true;
  });
  assert.equal(service.getRequests().length, 2, 'it is asked once more');
});

it('openai-chat: a picture in the text', async () => {
  const result = await chat().generate('a kite');
  assert.equal(result.images[0]?.data, PNG);
  assert.equal(result.images[0]?.mimeType, 'image/png');
  assert.equal(result.response.modelVersion, 'gemini-3-pro-image');
  assert.match(result.response.responseId ?? '', /^chatcmpl-/);
  assert.equal(service.getLastRequest()?.path, '/v1/chat/completions');
});

it('openai-chat: a text alone is no picture', async () => {
  await assert.rejects(chat().generate('a description'), { kind: 'no_image' });
  const response = await chat().generateWithRetry('a description');
  assert.equal(response.text, 'A boat, made of paper.');
});

it('imagen: a picture', async () => {
  const result = await imagen().generate('a paper boat');
  assert.equal(result.images[0]?.data, PNG);
  assert.match(service.getLastRequest()?.path ?? '', /:predict$/);
});

it('vertex: a picture', async () => {
  const own = client({
    protocol: 'vertex',
    baseUrl: service.url,
    apiVersion: 'v1',
    apiKey: undefined,
    project: 'p',
    accessToken: () => 'ya29.token',
  });
  const result = await own.generate('a vertex');
  assert.equal(result.images[0]?.data, PNG);
  assert.match(service.getLastRequest()?.path ?? '', /^\/v1\/projects\/p\/locations\/global\//);
});

const ERRORS: [number, string, string, GenerateErrorKind][] = [
  [400, 'invalid_request_error', 'content_policy_violation', 'blocked'],
  [400, 'invalid_request_error', 'billing_hard_limit_reached', 'billing'],
  [401, 'invalid_request_error', 'invalid_api_key', 'unauthenticated'],
  [404, 'invalid_request_error', 'model_not_found', 'model_not_found'],
  [429, 'insufficient_quota', 'insufficient_quota', 'billing'],
  [429, 'requests', 'rate_limit_exceeded', 'rate_limited'],
  [500, 'server_error', '', 'server_error'],
  [503, 'server_error', '', 'overloaded'],
];
for (const [status, type, code, kind] of ERRORS) {
  it(`${status} ${code || type} is ${kind}`, async () => {
    const error = { message: 'Told.', type, ...(code === '' ? {} : { code }) };
    const prompt = `a ${status} of ${code}`;
    service.onMessage(prompt, { error, status });
    service.onImage(prompt, { error, status } as never);
    for (const make of [images, chat]) {
      const retry = { maxAttempts: 1 };
      await assert.rejects(make().generate(prompt, { retry }), { kind, status });
    }
  });
}
