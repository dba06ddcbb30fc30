/** The table of `docs/adapters.md` is what the benchmark measures. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** This module is plain JavaScript, and not part of the program that is type-checked. */
const { adaptersTable } = (await import(
  new URL('../../bench/storms/adapters.mjs', import.meta.url).href
)) as { adaptersTable(): Promise<string> };

test('docs/adapters.md tells what a run tells', async () => {
  const page = readFileSync(new URL('../../docs/adapters.md', import.meta.url), 'utf8');
  const table = await adaptersTable();
  // The table that the failure shows belongs in the place of the one on the page.
  assert.ok(
    page.includes(`\n\n${table}\n\n`),
    `docs/adapters.md has another table than\n\n${table}`,
  );
});
