/** Answers as relays write them: a picture that was billed is never thrown away, an error in a 200 is
 * read as one. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import { type ClientOptions, createClient, type GenerateResult } from '../../pkg/index.js';
import { NOON, TIMERS } from './support/clock.ts';
import { errorOf } from './support/failing.ts';

const PNG = 'iVBORw0KGgoAAAANSUhEUg';
const inlineData = { mimeType: 'image/png', data: PNG };
const usageMetadata = {
  promptTokenCount: 10,
  candidatesTokenCount: 1120,
  totalTokenCount: 1130,
  candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1120 }],
};
const answer = (...parts: unknown[]) => ({
  candidates: [{ content: { parts }, finishReason: 'STOP' }],
  usageMetadata,
});

let clock: ReturnType<typeof FakeTimers.install>;
beforeEach(() => {
  clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
});
afterEach(() => clock.uninstall());

/** A client whose service answers with these bodies, the last of them again and again. */
function service(bodies: unknown[], options: ClientOptions = {}) {
  const asked: string[] = [];
  const fetch: typeof globalThis.fetch = async (input) => {
    asked.push(String(input));
    const body = bodies[Math.min(asked.length, bodies.length) - 1];
    return body instanceof Response ? body.clone() : Response.json(body);
  };
  const client = createClient({ apiKey: 'k', models: ['gemini-3-pro-image'], fetch, ...options });
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    let done = false;
    const end = () => {
      done = true;
    };
    work.then(end, end);
    while (!done) await clock.tickAsync(1_000);
    return work;
  };
  const generate = (): Promise<GenerateResult> => settled(client.generate('a red kite'));
  return { client, asked, generate, settled };
}

const sse = (...chunks: unknown[]) =>
  new Response(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  });

describe('a picture that was billed is handed over', () => {
  const link = new Response(
    Uint8Array.from(atob(`${PNG}==`), (char) => char.charCodeAt(0)),
    {
      headers: { 'content-type': 'image/png' },
    },
  );
  for (const [how, ...bodies] of [
    ['in a thought alone', answer({ thought: true, inlineData })],
    ['in snake case', answer({ inline_data: { mime_type: 'image/png', data: PNG } })],
    ['as a data URL', answer({ inlineData: { data: `data:image/png;base64,${PNG}` } })],
    ['in a list of chunks', [answer({ text: 'Here:' }), answer({ inlineData })]],
    ['in an event stream', sse(answer({ text: 'Here:' }), answer({ inlineData }))],
    [
      'as the address of a file',
      answer({ fileData: { fileUri: 'https://files.example/a' } }),
      link,
    ],
  ] as [string, ...unknown[]][]) {
    it(how, async () => {
      const { generate, client } = service(bodies);
      const result = await generate();
      assert.equal(result.images.length, 1);
      assert.equal(result.images[0]?.mimeType, 'image/png');
      assert.ok(result.images[0]?.data.startsWith('iVBORw0KGgo'), result.images[0]?.data);
      assert.ok((result.cost ?? 0) > 0.1, `${result.cost}`);
      assert.equal(result.attempts.length, 1);
      assert.ok((await client.costs()).spent > 0.1);
    });
  }

  it('and one beside it that is no thought comes first', async () => {
    const shown = { mimeType: 'image/jpeg', data: '/9j/4AAQSkZJRg' };
    const { generate } = service([answer({ thought: true, inlineData }, { inlineData: shown })]);
    const { images } = await generate();
    assert.deepEqual(
      images.map(({ mimeType }) => mimeType),
      ['image/jpeg'],
    );
  });
});

describe('an error in a 200 is read as one', () => {
  const text = (body: string, type: string) =>
    new Response(body, { headers: { 'content-type': type } });
  const busy = { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } };
  const picture = answer({ inlineData });
  for (const [how, body, kind] of [
    ['behind a chunk of text', sse(answer({ text: 'Here' }), busy), 'overloaded'],
    ['in a list', [answer({ text: 'Here' }), busy], 'overloaded'],
    ['by a code of its own', { error_code: 500, error_msg: 'internal failure' }, 'server_error'],
    ['an empty body', text('', 'application/json'), 'network'],
    ['an empty body of no type', text('', 'text/plain'), 'network'],
    [
      "a gateway's page",
      text('<html><head><title>502 Bad Gateway</title></head></html>', 'text/html'),
      'server_error',
    ],
  ] as [string, unknown, string][]) {
    it(`${how}: ${kind}, and tried again`, async () => {
      const { generate } = service([body, picture]);
      const result = await generate();
      assert.deepEqual(
        result.attempts.map(({ kind }) => kind),
        [kind, undefined],
      );
    });
  }

  it("a page of nobody's is told of and not tried again", async () => {
    const { client, asked, settled } = service([text('<html>Welcome</html>', 'text/html')]);
    const error = await errorOf(settled(client.generate('a red kite')));
    assert.equal(error.kind, 'unknown');
    assert.match(error.message, /baseUrl/);
    assert.equal(asked.length, 1);
  });
});

describe('reasons that are new', () => {
  for (const [reason, kind] of [
    ['PUP_LIMITED_DISABLED', 'forbidden'],
    ['ESCALATION', 'blocked'],
    ['MISSING_THOUGHT_SIGNATURE', 'invalid_request'],
  ] as const) {
    it(`${reason} is ${kind}, and costs one request`, async () => {
      const { client, asked, settled } = service([{ candidates: [{ finishReason: reason }] }]);
      const error = await errorOf(settled(client.generate('a red kite')));
      assert.equal(error.kind, kind);
      assert.equal(asked.length, 1);
    });
  }

  it('an unknown one is no_image, and tried once more', async () => {
    const { client, asked, settled } = service([{ candidates: [{ finishReason: 'NEWLY_MADE' }] }]);
    const error = await errorOf(settled(client.generate('a red kite')));
    assert.equal(error.kind, 'no_image');
    assert.equal(asked.length, 2);
  });

  it('what an answer without a picture took counts as spent', async () => {
    const said = { candidates: [{ finishReason: 'NO_IMAGE' }], usageMetadata };
    const { client, settled } = service([said], { budget: { total: 10 } });
    await errorOf(settled(client.generate('a red kite')));
    const { spent, possible } = await client.costs();
    assert.ok(spent > 0.2 && possible === 0, `two answers: ${spent}`);
  });
});
