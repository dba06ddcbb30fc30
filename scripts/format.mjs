/** Formats everything, and repairs what the linter can: `npm run format`. */
import { join } from 'node:path';
import { ensureNpm } from './setup.mjs';
import { main, ROOT, run } from './shell.mjs';

await main(import.meta, async () => {
  await ensureNpm('tests');
  await run('cargo', ['fmt', '--all']);
  await run(join(ROOT, 'tests', 'node_modules', '.bin', 'biome'), ['check', '--write']);
});
