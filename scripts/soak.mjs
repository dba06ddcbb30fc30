/**
 * Runs the package for long: `npm run soak`, or a fiftieth of that with `--short`. It prints what was
 * measured, and fails where memory grows, somebody listens on, or something is paid for unsaid.
 */
import { build } from './build.mjs';
import { ensureNpm } from './setup.mjs';
import { HOOK, main, Problem, ROOT, run, say } from './shell.mjs';

const PARTS = { calls: 200_000, aborts: 10_000, batches: 1_000 };
const SHORT = 50;

await main(import.meta, async (args) => {
  const isShort = args.includes('--short');
  const names = args.filter((arg) => arg !== '--short');
  const unknown = names.find((name) => !(name in PARTS));
  if (unknown !== undefined) {
    throw new Problem(
      `no such part: ${unknown}. npm run soak -- [--short] [calls] [aborts] [batches]`,
    );
  }
  await ensureNpm('tests');
  await build();
  for (const [name, whole] of Object.entries(PARTS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const count = isShort ? whole / SHORT : whole;
    say(`soak: ${count} ${name}`);
    const started = performance.now();
    await run(process.execPath, [...HOOK, 'tests/js/soak/main.ts', name, String(count)], {
      cwd: ROOT,
      out: 1,
    });
    say(`soak: in ${Math.round((performance.now() - started) / 1_000)} s`);
  }
});
