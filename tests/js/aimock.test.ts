/**
 * Against `@copilotkit/aimock`, a mock of the Gemini API that others wrote, so that the package and
 * the fake service of this repository cannot agree on a mistake.
 *
 * It supports, as of 1.43: `generateContent` under `v1beta`, matched by the text of the
 * prompt; errors in Google's envelope (`code`, `message`, `status`) with a status of choice, and
 * with Retry-After on a 429. It has no pictures for `generateContent` (its own are those of OpenAI
 * and Imagen), but its audio answers are `inlineData` of any type. It knows no limits, no
 * QuotaFailure or RetryInfo, no block or finish reasons beside STOP, and it reports no tokens.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, it } from 'node:test';
import { LLMock } from '@copilotkit/aimock';
import {
  classifyError,
  createClient,
  GenerateError,
  type GenerateErrorKind,
} from '../../pkg/index.js';

/** One white pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==';
const MODEL = 'gemini-3-pro-image';

const service = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' });
const client = (): ReturnType<typeof createClient> =>
  createClient({
    apiKey: 'a-key-of-nobody',
    baseUrl: service.url,
    models: [MODEL],
    retry: { baseDelay: 1, jitter: 0 },
  });

before(async () => {
  service.onMessage('a paper boat', { audio: { b64Json: PNG, contentType: 'image/png' } });
  service.onMessage('a description', { content: 'A boat, made of paper.' });
  for (const status of [400, 403, 404, 429, 500, 503]) {
    service.onMessage(`status ${status}`, { error: { message: `told ${status}` }, status });
  }
  await service.start();
});
after(() => service.stop());
afterEach(() => service.clearRequests());

it('generate gives its picture', async () => {
  const result = await client().generate('a paper boat');
  assert.deepEqual(
    result.images.map(({ mimeType, data }) => [mimeType, data]),
    [['image/png', PNG]],
  );
  assert.deepEqual([result.model, result.attempts.length], [MODEL, 1]);
  // It reports tokens of zero, or none; the price of the table stands where there are none.
  assert.ok(result.cost === undefined || result.cost >= 0);
  const request = service.getLastRequest();
  assert.equal(request?.path, `/v1beta/models/${MODEL}:generateContent`);
  assert.equal(request?.method, 'POST');
});

it('the drop-in gives the answer as it came', async () => {
  const response = await client().generateWithRetry('a paper boat');
  assert.equal(response.data, PNG);
  assert.equal(response.candidates?.[0]?.content?.parts?.[0]?.inlineData?.data, PNG);
  assert.equal(response.candidates?.[0]?.finishReason, 'STOP');
});

it('a text alone is an answer to the drop-in, and no picture to generate', async () => {
  const response = await client().generateWithRetry('a description');
  assert.equal(response.text, 'A boat, made of paper.');
  assert.equal(response.data, undefined);
  await assert.rejects(client().generate('a description'), { kind: 'no_image' });
  assert.equal(service.getRequests().length, 1 + 2, 'it is asked once more');
});

it('503 is retried until it passes', async () => {
  service.nextRequestError(503, { message: 'The model is overloaded.' });
  const result = await client().generate('a paper boat');
  assert.equal(result.images[0]?.data, PNG);
  assert.deepEqual(
    result.attempts.map(({ kind, status }) => [kind, status]),
    [
      ['overloaded', 503],
      [undefined, undefined],
    ],
  );
});

it('its Retry-After is waited for', async () => {
  const waits: number[] = [];
  service.nextRequestError(429, { message: 'Resource has been exhausted (e.g. check quota).' });
  const started = performance.now();
  const response = await client().generateWithRetry('a paper boat', {
    baseDelay: 0,
    onRetry: ({ delay, info }) => {
      waits.push(delay);
      assert.equal(info.kind, 'rate_limited');
      assert.equal(info.retryAfter, 1_000);
    },
  });
  assert.equal(response.data, PNG);
  assert.equal(waits.length, 1);
  assert.ok(waits[0] && waits[0] >= 1_000 && waits[0] <= 1_200);
  assert.ok(performance.now() - started >= 999);
});

const ENDS: [number, GenerateErrorKind[], number][] = [
  [400, ['invalid_request'], 1],
  [403, ['forbidden'], 1],
  [404, ['model_not_found'], 1],
  [500, ['server_error'], 2],
  [503, ['overloaded'], 2],
];
for (const [status, kinds, requests] of ENDS) {
  it(`${status} ends as it should`, async () => {
    const retry = { maxAttempts: 2, baseDelay: 1, jitter: 0 };
    await assert.rejects(client().generate(`status ${status}`, { retry }), (error) => {
      assert.ok(error instanceof GenerateError);
      assert.equal(error.status, status);
      assert.ok(kinds.includes(error.kind), error.kind);
      assert.match(error.message, new RegExp(`told ${status}`));
      return true;
    });
    assert.equal(service.getRequests().length, requests);
  });
}

it('what it does not know is 404, and told', async () => {
  await assert.rejects(client().generate('an unknown prompt'), { status: 404 });
});

it('its answers are classified from outside as well', async () => {
  const url = `${service.url}/v1beta/models/${MODEL}:generateContent`;
  const contents = [{ role: 'user', parts: [{ text: 'status 429' }] }];
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ contents }),
  });
  const { status, headers } = response;
  const info = classifyError({ status, headers, body: await response.text() });
  assert.deepEqual([info.kind, info.status, info.retryAfter], ['rate_limited', 429, 1_000]);
});
