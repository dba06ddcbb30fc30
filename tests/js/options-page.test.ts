/** `docs/options.md` names every option: those that an unknown one is answered with. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Client, createClient, QuotaTracker, ready } from '../../pkg/index.js';
import { ROOT } from './support/pages.ts';

const NOPE = { nope: 1 } as object;
const client: Client = createClient({ apiKey: 'a-key', baseUrl: 'http://127.0.0.1:1' });

/** The places that take options, each with a call that passes an unknown one. */
const PLACES: Record<string, () => unknown> = {
  createClient: () => createClient(NOPE),
  'the retry of a client': () => createClient({ retry: NOPE }),
  'a row of the catalogue': () => createClient({ catalog: [{ id: 'a', ...NOPE }] }),
  'a target': () => client.generate('a', { models: [{ model: 'a', ...NOPE }] }),
  generate: () => client.generate('a', NOPE),
  retry: () => client.retry(() => 1, NOPE),
  generateWithRetry: () => client.generateWithRetry('a', NOPE),
  batchGenerate: () => client.batchGenerate(['a'], NOPE),
  generateWithFallback: () => client.generateWithFallback('a', NOPE),
  batch: () => client.batch(['a'], NOPE).done,
  QuotaTracker: () => new QuotaTracker(NOPE),
};

const page = readFileSync(join(ROOT, 'docs', 'options.md'), 'utf8');

for (const [place, call] of Object.entries(PLACES)) {
  test(`docs/options.md names the options of ${place}`, async () => {
    await ready();
    const known: string[] = [];
    await assert.rejects(
      async () => call(),
      ({ message }: Error) => {
        const [, list = ''] = /the known options are (.*)/.exec(message) ?? [];
        known.push(...list.split(', '));
        return list !== '';
      },
    );
    for (const name of known) assert.ok(page.includes(`\`${name}\``), name);
  });
}
