/** A crowd that is ended at once by one signal, wherever its calls are: it leaves nothing behind. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { type Client, createClient } from '../../../pkg/index.js';
import { flat, type Sample, sample } from './memory.ts';

const PRO = 'gemini-3-pro-image';
const ROUNDS = 8;

/** Never answers; one that listens to the signal gives up with it. */
const silent = (_: unknown, init?: RequestInit): Promise<Response> =>
  new Promise((_, reject) => {
    init?.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true });
  });

export async function aborts(count: number): Promise<string[]> {
  const shared = { apiKey: 'a-key-of-nobody', models: [PRO] };
  const flying = createClient({ ...shared, limits: 'none', fetch: silent as typeof fetch });
  const queued = createClient({
    ...shared,
    limits: { [PRO]: { rpm: 1 } },
    fetch: silent as typeof fetch,
  });
  // The drop-in's waits are taken from no budget: all of them wait.
  const failing = createClient({
    ...shared,
    limits: 'none',
    fetch: async () => new Response('{"error":{"status":"UNAVAILABLE"}}', { status: 503 }),
  });
  const states: ((client: AbortSignal) => Promise<unknown>)[] = [
    (signal) => flying.generate('a paper boat', { signal }),
    (signal) => queued.generate('a paper boat', { signal }),
    (signal) => flying.generateWithRetry('a paper boat', { signal }),
    (signal) => flying.retry(() => new Promise(() => {}), { signal, timeout: 3_600_000 }),
    (signal) => failing.generateWithRetry('a paper boat', { signal, baseDelay: 3_600_000 }),
  ];
  const samples: Sample[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('enough');
    const all = Promise.allSettled(
      Array.from({ length: count }, (_, index) => states[index % states.length]?.(signal)),
    );
    for (let turns = 0; turns < 20; turns += 1) await turn();
    assert.ok(getEventListeners(signal, 'abort').length <= 1, 'more than one listens');
    controller.abort(reason);
    for (const [index, ended] of (await all).entries()) {
      const said = ended.status === 'rejected' ? ended.reason : 'it was served';
      assert.equal(said, reason, `call ${index} ended otherwise`);
    }
    assert.equal(getEventListeners(signal, 'abort').length, 0, 'somebody still listens');
    assert.deepEqual(await loads(flying, queued), [0, 0, 0, 0], 'some are still there');
    samples.push(await sample());
  }
  assert.equal(await flying.retry(async () => 7), 7);
  for (const client of [flying, queued, failing]) await client.close();
  return [`${count} calls aborted at once, ${ROUNDS} times`, flat('aborted', samples)];
}

/** How many wait, and how many are in flight, of each client. */
async function loads(...clients: Client[]): Promise<number[]> {
  const reports = await Promise.all(clients.map((client) => client.quota()));
  return reports.flatMap((rows) => [
    rows.reduce((sum, { queued }) => sum + queued, 0),
    rows.reduce((sum, { inFlight }) => sum + inFlight, 0),
  ]);
}
