/**
 * The suites of `npm test`, in the order in which they run: what is quickest to fail comes first,
 * and what uses a build comes after it. `setup` brings what a suite needs; where it cannot, the
 * suite is skipped with the reason.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { fuzz } from './fuzz.mjs';
import {
  ensureBrowsers,
  ensureGeckodriver,
  ensureNpm,
  ensureRedis,
  ensureTarget,
  ensureWasmBindgen,
  ensureWasmPack,
} from './setup.mjs';
import { capture, filesUnder, HOOK, Problem, ROOT, run, say, which } from './shell.mjs';

const WASM32 = ['--target', 'wasm32-unknown-unknown'];
const DENY_WARNINGS = ['--', '-D', 'warnings'];
export const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const TOOL = (name) => join(ROOT, 'tests', 'node_modules', '.bin', name);

/** Biome does not notice by itself that nobody will see its colors. */
const COLORS = `--colors=${process.stdout.isTTY ? 'force' : 'off'}`;

/** Machines that run this may be small, and browsers run beside the compiler. */
const CARGO = { CARGO_BUILD_JOBS: process.env.CARGO_BUILD_JOBS ?? '2' };

const SIMULATION = ['test', '--locked', '--release', '--test', 'simulation'];
const cargo = (args, env = {}) => run('cargo', args, { env: { ...CARGO, ...env }, out: 1 });
const node = (args, env = {}) => run(process.execPath, args, { env, out: 1 });
const nodeTest = (files, env) => {
  if (files.length === 0) throw new Problem('there are no test files');
  return node(['--test', '--test-reporter=spec', ...files], env);
};

export const SUITES = [
  {
    name: 'fmt',
    run: () => cargo(['fmt', '--all', '--check']),
  },
  {
    name: 'clippy',
    setup: ensureTarget,
    async run() {
      await cargo(['clippy', '--locked', '--workspace', '--all-targets', ...DENY_WARNINGS]);
      await cargo(['clippy', '--locked', '--workspace', '--lib', ...WASM32, ...DENY_WARNINGS]);
    },
  },
  {
    name: 'doc',
    run: () =>
      cargo(['doc', '--locked', '--workspace', '--no-deps', '--document-private-items'], {
        RUSTDOCFLAGS: '-D warnings',
      }),
  },
  {
    name: 'native',
    run: () => cargo(['test', '--locked', '--workspace']),
  },
  {
    name: 'canaries',
    // Each checker of the simulation finds the mistake that it is there for.
    run: () => cargo([...SIMULATION, '--features', 'canary', 'canaries']),
  },
  {
    name: 'wasm-node',
    setup: setupWasmTests,
    run: () => wasmPack(['--node']),
  },
  {
    name: 'wasm-chrome',
    async setup() {
      await setupWasmTests();
      await ensureBrowsers();
    },
    run: () => wasmPack(['--headless', '--chrome']),
  },
  {
    name: 'wasm-firefox',
    async setup() {
      await setupWasmTests();
      await ensureBrowsers();
      await ensureGeckodriver();
    },
    run: () => wasmPack(['--headless', '--firefox']),
  },
  {
    name: 'build',
    run: () => build(),
  },
  {
    name: 'lint',
    setup: setupTests,
    run: () => run(TOOL('biome'), ['ci', '--error-on-warnings', COLORS], { out: 1 }),
  },
  {
    name: 'types',
    setup: setupTests,
    run: () => node([TSC, '--project', '.']),
  },
  {
    name: 'house',
    setup: setupTests,
    run: () => nodeTest(['house', 'pages', 'glue'].map((name) => `tests/pack/${name}.test.mjs`)),
  },
  {
    name: 'js',
    async setup() {
      await setupTests();
      await setupRedis();
    },
    run: () => nodeTestTypes(testsOf('js').filter((file) => !testsOf('processes').includes(file))),
  },
  {
    name: 'fuzz',
    setup: setupTests,
    // The same cases each time; `npm run fuzz` takes others.
    run: () => fuzz({ count: 10_000, seed: 1 }),
  },
  {
    name: 'processes',
    async setup() {
      await setupTests();
      await ensureRedis();
    },
    // Alone, since these count by the clock: whoever is kept waiting for a processor sends late.
    run: () => nodeTestTypes(testsOf('processes')),
  },
  {
    name: 'sdks',
    async setup() {
      await setupTests();
      await ensureNpm('tests/sdks');
    },
    // The clients of others: some live, the rest as they were recorded; `npm run sdks` has all live.
    async run() {
      await node([TSC, '--project', 'tests/sdks']);
      await nodeTestTypes(['tests/sdks/sdks.test.ts', 'tests/sdks/records.test.ts']);
    },
  },
  {
    name: 'pack',
    setup: setupTests,
    run: async () =>
      nodeTest(['tests/pack/tarball.test.mjs', 'tests/pack/quick-start.test.mjs'], await packed()),
  },
  {
    name: 'clone',
    async setup() {
      await setupTests();
      await setupWasmTests();
    },
    run: async () => nodeTest(['tests/pack/clone.test.mjs'], await packed()),
  },
  {
    name: 'publint',
    setup: setupTests,
    run: async () => run(TOOL('publint'), ['--strict', (await packed()).TARBALL], { out: 1 }),
  },
  {
    name: 'attw',
    setup: setupTests,
    // The raw module is no JavaScript, so it has no types to be wrong.
    run: async () =>
      run(
        TOOL('attw'),
        [(await packed()).TARBALL, '--profile', 'esm-only', '--exclude-entrypoints', './wasm'],
        { out: 1 },
      ),
  },
  {
    name: 'runtimes',
    async setup() {
      await setupTests();
      await ensureNpm('tests/runtimes');
      await ensureBrowsers();
    },
    // A host is a process of its own, and most of its time is spent waiting for it.
    run: async () =>
      nodeTest(
        filesUnder('tests/runtimes', (file) => file.endsWith('.test.mjs')),
        { ...(await packed()), CHROMIUM: which('chromium') ?? '' },
      ),
  },
];

function testsOf(folder) {
  const root = folder === 'js' ? 'tests/js' : `tests/js/${folder}`;
  return filesUnder(root, (file) => file.endsWith('.test.ts'));
}

/** Removes what the suites shared. */
export function cleanUp() {
  if (tarball !== undefined) rmSync(tarball.folder, { recursive: true, force: true });
}

async function setupTests() {
  await ensureNpm('tests');
  // Quick when the build is up to date, and needed where only some suites were asked for.
  await build();
}

/** Most of the suite does without Redis: where there is none, the tests that use it say so. */
async function setupRedis() {
  try {
    await ensureRedis();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(`the tests that use Redis cannot run: ${error.message}`);
  }
}

async function setupWasmTests() {
  await ensureTarget();
  await ensureWasmBindgen();
  await ensureWasmPack();
}

/**
 * Runs the tests that are written for WebAssembly, by the command that anyone would type. It succeeds
 * where it skips them all, hence the look at what it said.
 */
function wasmPack(host) {
  return run('wasm-pack', ['test', ...host], {
    env: CARGO,
    expect: /test result: ok\. [1-9]/,
    out: 1,
  });
}

function nodeTestTypes(files) {
  if (files.length === 0) throw new Problem('there are no test files');
  return node([...HOOK, '--test', '--test-reporter=spec', ...files]);
}

let tarball;

/** What npm would publish, packed once. */
async function packed() {
  if (tarball === undefined) {
    await build();
    const folder = mkdtempSync(join(tmpdir(), 'unexhausted-pack-'));
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    // It was built just now, and whatever a script prints would be in the way of the JSON.
    const flags = ['--json', '--ignore-scripts', '--pack-destination', folder];
    const json = capture(npm, ['pack', ...flags]);
    if (json === undefined) throw new Problem('npm pack failed');
    const [{ filename }] = Object.values(JSON.parse(json));
    tarball = { folder, file: join(folder, filename) };
  }
  return { TARBALL: tarball.file };
}
