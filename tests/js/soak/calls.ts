/** Calls one after the other, of clients that stay: they leave nothing behind. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { type Client, createClient, type GenerateError, memoryStore } from '../../../pkg/index.js';
import { flat, type Sample, sample } from './memory.ts';

const PRO = 'gemini-3-pro-image';
const NEXT = 'gemini-nano-banana-2.1';
const WINDOWS = 20;

const PICTURE = JSON.stringify({
  candidates: [
    { content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }] } },
  ],
  usageMetadata: { promptTokenCount: 8, totalTokenCount: 1_128 },
});
const refusal = (code: number, status: string): string =>
  JSON.stringify({ error: { code, status, message: `${status} of the soak` } });

/** Pictures, and now and then a 503 or a refusal. */
function serve(): typeof fetch {
  let asked = 0;
  return async () => {
    asked += 1;
    const headers = { 'content-type': 'application/json' };
    if (asked % 10 === 0)
      return new Response(refusal(503, 'UNAVAILABLE'), { status: 503, headers });
    if (asked % 77 === 0) {
      return new Response(refusal(400, 'INVALID_ARGUMENT'), { status: 400, headers });
    }
    return new Response(PICTURE, { headers });
  };
}

const counts = { served: 0, failed: 0 };

/** Counts how a call ended, and keeps nothing of it, since results that are kept would look like a leak. */
async function ends(call: Promise<unknown>): Promise<void> {
  await call.then(
    () => {
      counts.served += 1;
    },
    (error: GenerateError) => {
      assert.match(error.message, /of the soak/);
      counts.failed += 1;
    },
  );
}

export async function calls(count: number): Promise<string[]> {
  const retry = { baseDelay: 0, jitter: 0 };
  const shared = { apiKey: 'a-key-of-nobody', models: [PRO, NEXT], retry };
  let heard = 0;
  const free = createClient({ ...shared, limits: 'none', fetch: serve() });
  for (const name of ['attempt', 'retry', 'waiting', 'fallback', 'success', 'failure'] as const) {
    free.on(name, () => {
      heard += 1;
    });
  }
  // One that counts a quota asks pictures alone: two 503 within a minute are an outage.
  const limits = { [PRO]: { rpm: 10_000_000 }, [NEXT]: { rpm: 10_000_000 } };
  const good = async (): Promise<Response> => new Response(PICTURE);
  const counting = createClient({ ...shared, limits, fetch: good });
  const sharing = createClient({
    ...shared,
    limits,
    fetch: good,
    store: memoryStore(),
    project: 'p',
  });
  const { signal } = new AbortController();
  const own = Object.assign(new Error('503 UNAVAILABLE of the soak'), { status: 503 });
  const ways: ((index: number) => Promise<unknown>)[] = [
    () => free.generate('a paper boat', { signal }),
    () => free.generateWithRetry('a paper boat', { maxRetries: 3, baseDelay: 0, signal }),
    () => free.generateWithFallback('a paper boat', { signal, deadline: 60_000 }),
    () => counting.generate('a paper boat', { signal, deadline: 60_000 }),
    () => counting.retry(async () => 1, { model: PRO, signal }),
    () => sharing.generate('a paper boat', { signal }),
    (index) =>
      free.retry(
        async ({ attempt }) => {
          if (attempt === 1 && index % 3 === 0) throw own;
          return attempt;
        },
        { signal, timeout: 60_000, baseDelay: 0, jitter: 0 },
      ),
    () => once(good),
  ];
  const told = process.eventNames().map((name) => process.listenerCount(name));
  const samples: Sample[] = [];
  for (let done = 0; done < count; done += 1) {
    await ends((ways[done % ways.length] as (index: number) => Promise<unknown>)(done));
    if (done % Math.floor(count / WINDOWS) === 0) samples.push(await sample());
  }
  assert.equal(
    getEventListeners(signal, 'abort').length,
    0,
    'somebody still listens to the signal',
  );
  assert.deepEqual(
    process.eventNames().map((name) => process.listenerCount(name)),
    told,
  );
  assert.ok(heard > count / 4 && counts.failed > 0, 'nothing was heard, or nothing failed');
  for (const client of [free, counting, sharing]) await client.close();
  return [
    `${count} calls in sequence: ${counts.served} served, ${counts.failed} failed, ${heard} events`,
    flat('in sequence', samples),
  ];
}

/** A client that is made for one call, and closed. */
async function once(fetch: () => Promise<Response>): Promise<unknown> {
  const client: Client = createClient({ apiKey: 'a-key-of-nobody', models: [PRO], fetch });
  client.on('success', () => void client.costs());
  try {
    return await client.generate('a paper boat');
  } finally {
    await client.close();
  }
}
