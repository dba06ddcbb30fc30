/** The README's tables of storms are what the benchmark measures. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** These modules are plain JavaScript, and not part of the program that is type-checked. */
const load = (name: string): Promise<Record<string, unknown>> =>
  import(new URL(`../../bench/storms/${name}`, import.meta.url).href);

const { summaries } = (await load('summary.mjs')) as { summaries(): Promise<object[]> };
const { short, long } = (await load('markdown.mjs')) as Record<string, (rows: object[]) => string>;

test('the README tells of storms what a run tells', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const rows = await summaries();
  for (const table of [short?.(rows) ?? '', long?.(rows) ?? '']) {
    // Whoever reads the failure puts this in the place of what is there.
    assert.ok(readme.includes(`\n\n${table}\n\n`), `the README has another table than\n\n${table}`);
  }
});
