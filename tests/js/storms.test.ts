/** The tables of storms in `docs/drop-in.md` are what the benchmark measures. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** These modules are plain JavaScript, and not part of the program that is type-checked. */
const load = (name: string): Promise<Record<string, unknown>> =>
  import(new URL(`../../bench/storms/${name}`, import.meta.url).href);

const { summaries } = (await load('summary.mjs')) as { summaries(): Promise<object[]> };
const { short, long } = (await load('markdown.mjs')) as Record<string, (rows: object[]) => string>;

test('docs/drop-in.md tells of storms what a run tells', async () => {
  const page = readFileSync(new URL('../../docs/drop-in.md', import.meta.url), 'utf8');
  const rows = await summaries();
  for (const table of [short?.(rows) ?? '', long?.(rows) ?? '']) {
    // The table that the failure shows belongs in the place of the one on the page.
    assert.ok(
      page.includes(`\n\n${table}\n\n`),
      `docs/drop-in.md has another table than\n\n${table}`,
    );
  }
});
