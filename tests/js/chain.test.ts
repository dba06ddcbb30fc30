/** A chain lasts at least as long as one model alone, whatever all of them answer for a while. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import { type Client, createClient, GenerateError } from '../../pkg/index.js';
import { NOON, runThrough, TIMERS } from './support/clock.ts';

const SECOND = 1_000;
const PRO = 'gemini-3-pro-image';
const PROMPT = 'a paper boat on a calm lake';

let clock: FakeTimers.Clock;
let asked: string[];

beforeEach(() => {
  clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
  asked = [];
});
afterEach(() => clock.uninstall());

const bare = (): Response =>
  Response.json(
    { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Resource exhausted.' } },
    { status: 429 },
  );
const overloaded = (): Response =>
  Response.json({ error: { code: 503, status: 'UNAVAILABLE', message: 'busy' } }, { status: 503 });
const reset = (): never => {
  throw Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  });
};
const cut = (): Response => {
  const body = new ReadableStream({
    pull: (stream) => stream.error(new TypeError('terminated')),
  });
  return new Response(body, { headers: { 'content-type': 'application/json' } });
};
const refused = (): never => {
  throw Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  });
};

/** A client of a service that fails like this for so long, whatever it is asked. */
function client(fails: () => Response, ms: number, models?: string[]): Client {
  const fetch = async (input: string | URL | Request): Promise<Response> => {
    asked.push(/models\/([^:]+)/.exec(String(input))?.[1] ?? '');
    if (Date.now() - NOON < ms) return fails();
    const inlineData = { mimeType: 'image/png', data: 'iVBORw0KGgo=' };
    return Response.json({ candidates: [{ content: { parts: [{ inlineData }] } }] });
  };
  return createClient({ apiKey: 'a-key-of-nobody', fetch, ...(models && { models }) });
}

const run = async (work: Promise<unknown>): Promise<string> =>
  runThrough(clock, work).then(
    () => 'delivered',
    (error: unknown) => (error instanceof GenerateError ? error.kind : String(error)),
  );

describe('the default chain', () => {
  const SCENES: [string, () => Response, number][] = [
    ['a bare 429 for 25 s', bare, 25 * SECOND],
    ['a bare 429 for 8 s', bare, 8 * SECOND],
    ['a 503 for 2 min', overloaded, 120 * SECOND],
    ['no connection for a moment', refused, 900],
  ];
  for (const [what, fails, ms] of SCENES) {
    it(`delivers after ${what}, as one model does`, async () => {
      assert.equal(await run(client(fails, ms, [PRO]).generate(PROMPT)), 'delivered');
      const alone = clock.now - NOON;
      clock.setSystemTime(NOON);
      assert.equal(await run(client(fails, ms).generate(PROMPT)), 'delivered');
      const took = clock.now - NOON;
      assert.ok(took <= Math.max(alone, ms) + 60 * SECOND, `${took} beside ${alone}`);
    });
  }

  it('uses the time that it is given', async () => {
    const call = client(bare, 25 * SECOND).generate(PROMPT, { deadline: 90 * SECOND });
    assert.equal(await run(call), 'delivered');
    assert.ok(new Set(asked).size === 3 && asked.length <= 15, asked.join());
  });

  it('goes on where it was at a model that it comes back to', async () => {
    assert.equal(await run(client(bare, 3_600 * SECOND).generate(PROMPT)), 'rate_limited');
    const counts = [...new Set(asked)].map((model) => asked.filter((one) => one === model).length);
    assert.deepEqual(counts, [5, 5, 5]);
    assert.ok(clock.now - NOON >= 30 * SECOND);
  });

  it('does not pay for more than five answers that are cut on their way', async () => {
    const call = client(cut, 3_600 * SECOND).generate(PROMPT, { deadline: 300 * SECOND });
    assert.equal(await run(call), 'network');
    assert.equal(asked.length, 5);
  });

  it('goes on after connections that break at once, which no picture does', async () => {
    assert.equal(await run(client(reset, 3_600 * SECOND).generate(PROMPT)), 'network');
    assert.equal(asked.length, 15);
    clock.setSystemTime(NOON);
    const call = client(reset, 10 * SECOND).generate(PROMPT, { deadline: 90 * SECOND });
    assert.equal(await run(call), 'delivered');
  });
});

describe('generateWithFallback', () => {
  it('keeps the guide’s two tries a model', async () => {
    const call = client(refused, 3_600 * SECOND).generateWithFallback(PROMPT);
    assert.equal(await run(call), 'network');
    assert.equal(asked.length, 6);
  });

  it('uses a deadline', async () => {
    const call = client(bare, 25 * SECOND).generateWithFallback(PROMPT, { deadline: 90 * SECOND });
    assert.equal(await run(call), 'delivered');
  });
});
