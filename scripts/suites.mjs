/**
 * The suites of `npm test`, in the order in which they run: what is quickest to fail comes first,
 * and what uses a build comes after it. `needs` are set up before a suite runs; where they cannot be,
 * it is skipped with the reason. `wishes` may be missing: the tests that use them say so.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { fuzz } from './fuzz.mjs';
import { capture, filesUnder, HOOK, Problem, ROOT, run, which } from './shell.mjs';

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
/** Test files wait more than they compute, so that two at a time are right for any machine. */
const BESIDE = `--test-concurrency=${Math.max(2, availableParallelism())}`;
const nodeTest = (files, env, flags = [BESIDE]) => {
  if (files.length === 0) throw new Problem('there are no test files');
  return node([...flags, '--test', '--test-reporter=spec', ...files], env);
};

const BUILD = ['build', 'target', 'wasm-bindgen'];
const WASM_TESTS = ['target', 'wasm-bindgen', 'wasm-pack'];
/** The tests of the built package, which is built first where it is not up to date. */
const TESTS = [...BUILD, 'tests'];

export const SUITES = [
  {
    name: 'fmt',
    run: () => cargo(['fmt', '--all', '--check']),
  },
  {
    name: 'clippy',
    needs: ['target'],
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
    name: 'mutants',
    // Each checker of the simulation finds the mistake that it is there for.
    run: () => cargo([...SIMULATION, '--features', 'mutants', 'mutants']),
  },
  {
    name: 'wasm-node',
    needs: WASM_TESTS,
    run: () => wasmPack(['--node']),
  },
  {
    name: 'wasm-chrome',
    needs: [...WASM_TESTS, 'browsers'],
    run: () => wasmPack(['--headless', '--chrome']),
  },
  {
    name: 'wasm-firefox',
    needs: [...WASM_TESTS, 'browsers', 'geckodriver'],
    run: () => wasmPack(['--headless', '--firefox']),
  },
  {
    name: 'build',
    needs: BUILD,
    run: () => build(),
  },
  {
    name: 'lint',
    needs: TESTS,
    run: () => run(TOOL('biome'), ['ci', '--error-on-warnings', COLORS], { out: 1 }),
  },
  {
    name: 'types',
    needs: TESTS,
    run: async () => {
      await node([TSC, '--project', '.']);
      await node([TSC, '--project', 'tests/types/ai']);
    },
  },
  {
    name: 'house',
    needs: TESTS,
    run: () => {
      const names = ['house', 'structure', 'pages', 'glue'];
      return nodeTest(names.map((name) => `tests/pack/${name}.test.mjs`));
    },
  },
  {
    name: 'js',
    needs: TESTS,
    wishes: ['redis'],
    run: () => nodeTestTypes(testsOfJs().filter((file) => !ALONE.test(file))),
    quick: () => nodeTestTypes(testsOfJs().filter((file) => !ALONE.test(file) && !SLOW.test(file))),
  },
  {
    name: 'fuzz',
    needs: TESTS,
    // The same cases each time; `npm run fuzz` takes others.
    run: () => fuzz({ count: 10_000, seed: 1 }),
  },
  {
    name: 'processes',
    needs: [...TESTS, 'redis'],
    // One after the other: several processes each, which send late or give up where they wait for a
    // processor.
    run: () =>
      nodeTestTypes(
        testsOfJs().filter((file) => ALONE.test(file)),
        [],
      ),
  },
  {
    name: 'sdks',
    needs: [...TESTS, 'sdks'],
    // The clients of others: some live, the rest as they were recorded; `npm run sdks` has all live.
    async run() {
      await node([TSC, '--project', 'tests/sdks']);
      await nodeTestTypes(['tests/sdks/sdks.test.ts', 'tests/sdks/records.test.ts']);
    },
  },
  {
    name: 'pack',
    needs: TESTS,
    run: async () =>
      nodeTest(['tests/pack/tarball.test.mjs', 'tests/pack/quick-start.test.mjs'], await packed()),
  },
  {
    name: 'clone',
    needs: [...TESTS, ...WASM_TESTS],
    run: async () => nodeTest(['tests/pack/clone.test.mjs'], await packed()),
  },
  {
    name: 'publint',
    needs: TESTS,
    run: async () => run(TOOL('publint'), ['--strict', (await packed()).TARBALL], { out: 1 }),
  },
  {
    name: 'attw',
    needs: TESTS,
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
    needs: [...TESTS, 'runtimes', 'browsers'],
    // A host is a process of its own, and most of its time is spent waiting for it.
    run: async () =>
      nodeTest(
        filesUnder('tests/runtimes', (file) => file.endsWith('.test.mjs')),
        { ...(await packed()), CHROMIUM: which('chromium') ?? '' },
      ),
  },
];

/** Tests of several processes each, which count by the clock. */
const ALONE = /\b(?:processes|stores)\b/;

/** Tests that start programs or rounds of thousands of calls: seconds each. */
const SLOW = /\b(?:batch-(?:foreign|jobs|journal)|cli\S*|load|readme|robust|storms|trap)\b/;

/** The suites of `npm run test:quick`, which need no browser and nothing of the system's. */
export const QUICK = ['fmt', 'clippy', 'native', 'lint', 'types', 'house', 'js'];

function testsOfJs() {
  return filesUnder('tests/js', (file) => file.endsWith('.test.ts'));
}

/** Removes what the suites shared. */
export function cleanUp() {
  if (tarball !== undefined) rmSync(tarball.folder, { recursive: true, force: true });
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

function nodeTestTypes(files, flags = [BESIDE]) {
  return nodeTest(files, {}, [...HOOK, ...flags]);
}

let tarball;

/** The tarball that npm would publish, packed once for all suites. */
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
