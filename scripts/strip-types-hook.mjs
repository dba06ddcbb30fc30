/** The module hook behind `strip-types.mjs`; Node runs it on a thread of its own. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// amaro is what Node itself uses; it is among the test dependencies only.
const { transformSync } = createRequire(new URL('../tests/package.json', import.meta.url))('amaro');

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const source = await readFile(fileURLToPath(url), 'utf8');
  return {
    format: 'module',
    shortCircuit: true,
    source: transformSync(source, { mode: 'strip-only' }).code,
  };
}
