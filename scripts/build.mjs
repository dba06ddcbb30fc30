/**
 * Builds the package into `pkg/`, setting up what that needs. Steps whose inputs have not changed
 * are skipped, so that a second run is quick. `--step wasm` stops before TypeScript, for work on
 * the Rust side; `--force` forgets what was built.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCli } from './cli.mjs';
import { crateNotices } from './licenses.mjs';
import {
  exclusively,
  filesUnder,
  fingerprint,
  isMade,
  main,
  Problem,
  ROOT,
  run,
  say,
  setMade,
} from './shell.mjs';
import { buildWasm, CRATES, copyWasm } from './wasm.mjs';

const PKG = join(ROOT, 'pkg');
const ABOUT = `# pkg/

What npm publishes, put here by \`npm run build\` (scripts/build.mjs) and not committed but for this page.

- \`*.js\` and \`*.d.ts\`: \`js/\` by tsc, file for file.
- \`boundary/\`: \`js/boundary/\`, which the modules call, as it stands.
- \`wasm/\`: \`src/\` (unexhausted), \`crates/guide\`, \`crates/bulk\` and \`crates/emulator\` by cargo, wasm-bindgen
  and wasm-opt; \`*inline.js\` hold a module as text, for hosts that carry no file beside the code; notices of
  the crates that are compiled in.
- \`cli/\`: the command line with its libraries, in one file.
`;
const STAMP = join(ROOT, 'target', 'wasm-build', 'pkg-stamp');

/** Builds what has changed; everything that uses `pkg/` calls this first. */
export function build(options = {}) {
  return exclusively('build', () => buildAlone(options));
}

async function buildAlone({ step, force = false }) {
  if (force) rmSync(join(ROOT, 'target', 'wasm-build'), { recursive: true, force: true });
  await buildWasm();
  if (step === 'wasm') return;
  await buildPackage();
}

async function buildPackage() {
  const configs = ['Cargo.lock', 'package.json', 'package-lock.json', 'tsconfig.json'];
  const scripts = ['scripts/build.mjs', 'scripts/cli.mjs', 'scripts/licenses.mjs'];
  const inputs = [...configs, ...scripts, ...filesUnder('js')];
  const wanted = fingerprint(inputs);
  if (isMade(PKG, STAMP, wanted)) return;
  rmSync(STAMP, { force: true });
  rmSync(PKG, { recursive: true, force: true });
  mkdirSync(PKG);
  writeFileSync(join(PKG, 'README.md'), ABOUT);
  say('build: tsc');
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, '--project', 'js']);
  copyWasm(join(PKG, 'wasm'));
  // No TypeScript: the tests of the boundary take them as they stand.
  cpSync(join(ROOT, 'js', 'boundary'), join(PKG, 'boundary'), { recursive: true });
  writeFileSync(join(PKG, 'wasm', 'THIRD-PARTY.txt'), crateNotices(CRATES));
  await bundleCli(join(PKG, 'cli'));
  checkExports();
  setMade(PKG, STAMP, wanted);
  say('build: pkg/ is ready');
}

/** Every file that the manifest names must be there, or an import fails only at a user's. */
function checkExports() {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const named = (value) =>
    typeof value === 'string' ? [value] : Object.values(value).flatMap(named);
  const missing = named({ exports: manifest.exports, bin: manifest.bin ?? {} }).filter(
    (file) => !existsSync(join(ROOT, file)),
  );
  if (missing.length > 0) {
    throw new Problem(
      `package.json names files that the build did not make: ${missing.join(', ')}`,
    );
  }
}

await main(import.meta, async (args) => {
  const at = args.indexOf('--step');
  const step = at === -1 ? undefined : args[at + 1];
  if (at !== -1 && step !== 'wasm') throw new Problem('--step takes `wasm`');
  await build({ step, force: args.includes('--force') });
});
