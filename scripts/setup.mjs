/**
 * Sets up what a fresh machine lacks. Each function is quick when nothing is missing, says what it
 * does when something is, and throws a `Problem` that says what to do where it cannot.
 *
 * `node scripts/setup.mjs` sets up everything at once.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { capture, main, Problem, ROOT, readJson, run, say, TOOLS, which } from './shell.mjs';

const WASM_PACK = '0.15.1';
const GECKODRIVER = '0.37.1';
const TARGET = 'wasm32-unknown-unknown';

/** Programs that Debian's packages bring, and the package of each. */
const BROWSERS = {
  chromium: 'chromium',
  chromedriver: 'chromium-driver',
  'firefox-esr': 'firefox-esr',
};

const REDIS = { 'redis-server': 'redis-server' };

/** Programs are built once and used a little, so compile time counts for more than their speed. */
const INSTALL_PROFILE = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
};

/** Flags against what `npm ci` inherits where npm runs us by `publish --dry-run`, `-g` or `--omit=dev`. */
const PLAIN = ['--dry-run=false', '--global=false', '--include=dev'];

/** Installs a folder's npm packages where they are not what its lock file names. */
export async function ensureNpm(folder = '.') {
  if (isInstalled(folder)) return;
  say(`setup: installing the npm packages of ${folder === '.' ? 'the build' : folder}`);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const env = { UNEXHAUSTED_SETUP: '1' };
  const cwd = join(ROOT, folder);
  await run(npm, ['ci', '--no-progress', '--loglevel=error', ...PLAIN], { cwd, env });
}

/** Compares the lock file with npm's own list of what is there, which is the last that it writes. */
function isInstalled(folder) {
  const list = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(join(ROOT, list))) return false;
  const there = readJson(list).packages;
  const wanted = Object.entries(readJson(join(folder, 'package-lock.json')).packages);
  // Optional ones are for other systems; what lies elsewhere is linked.
  const needed = wanted.filter(([path, { optional }]) => /^node_modules/.test(path) && !optional);
  return needed.every(([path, { version }]) => there[path]?.version === version && path in there);
}

function hasTarget() {
  const libdir = capture('rustc', ['--print', 'target-libdir', '--target', TARGET]);
  return libdir !== undefined && existsSync(libdir);
}

/** Checks for cargo, and adds the WebAssembly target to the toolchain. */
export async function ensureTarget() {
  if (hasTarget()) return;
  if (which('cargo') === undefined) {
    throw new Problem('Rust is missing: install rustup (https://rustup.rs), then run this again.');
  }
  if (which('rustup') === undefined) {
    throw new Problem(`rustup is missing, and this Rust lacks the ${TARGET} target: add it.`);
  }
  say(`setup: adding the ${TARGET} target`);
  await run('rustup', ['target', 'add', TARGET]);
}

/** The version of wasm-bindgen that Cargo.toml pins; its program must be of the very same. */
export function wasmBindgenVersion() {
  const manifest = readFileSync(join(ROOT, 'Cargo.toml'), 'utf8');
  const version = /^wasm-bindgen = (?:\{ version = )?"=([\d.]+)"/m.exec(manifest)?.[1];
  if (version === undefined) throw new Problem('Cargo.toml does not pin wasm-bindgen with "=".');
  return version;
}

/** Installs wasm-bindgen and its test runner; returns the path of the first. */
export function ensureWasmBindgen() {
  // Without --locked: its lock file can name crates newer than a mirror has.
  return ensureProgram('wasm-bindgen', 'wasm-bindgen-cli', wasmBindgenVersion(), []);
}

/** Installs wasm-pack, which runs the WebAssembly tests. */
export function ensureWasmPack() {
  return ensureProgram('wasm-pack', 'wasm-pack', WASM_PACK, ['--locked']);
}

/** Installs geckodriver, which Debian does not package. */
export function ensureGeckodriver() {
  return ensureProgram('geckodriver', 'geckodriver', GECKODRIVER, ['--locked']);
}

/**
 * Whether a crate's program is there. The stamp of cargo itself is read rather than the program run: that is
 * quicker, and it tells a finished installation from one that was interrupted.
 */
function isBuilt(program, crate, version) {
  const stamp = join(TOOLS, '.crates.toml');
  const isThere = existsSync(join(TOOLS, 'bin', program)) && existsSync(stamp);
  return isThere && readFileSync(stamp, 'utf8').includes(`"${crate} ${version} `);
}

async function ensureProgram(program, crate, version, flags) {
  const path = join(TOOLS, 'bin', program);
  if (isBuilt(program, crate, version)) return path;
  if (which('cargo') === undefined) {
    throw new Problem('Rust is missing: install rustup (https://rustup.rs), then run this again.');
  }
  say(`setup: building ${crate} ${version} (one to two minutes, once)`);
  const target = join(TOOLS, 'target');
  await run(
    'cargo',
    ['install', crate, '--version', version, '--root', TOOLS, '--force', '--quiet', ...flags],
    { env: { ...INSTALL_PROFILE, CARGO_TARGET_DIR: target, RUSTFLAGS: '' } },
  );
  rmSync(target, { recursive: true, force: true });
  return path;
}

/** Installs Chromium and Firefox with Debian's packages; returns the paths by program. */
export async function ensureBrowsers() {
  await ensureDebian(BROWSERS);
  return Object.fromEntries(Object.keys(BROWSERS).map((program) => [program, which(program)]));
}

/** Installs a Redis server with Debian's package, unless that or Valkey is there. */
export async function ensureRedis() {
  if (which('valkey-server') === undefined) await ensureDebian(REDIS);
}

const lacking = (wanted) => Object.keys(wanted).filter((program) => which(program) === undefined);

async function ensureDebian(wanted) {
  const missing = lacking(wanted);
  if (missing.length === 0) return;
  const packages = missing.map((program) => wanted[program]);
  const command = `apt-get install ${packages.join(' ')}`;
  if (which('apt-get') === undefined) {
    throw new Problem(
      `${missing.join(', ')} missing, and this is not Debian: install them, then run this again.`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new Problem(`${missing.join(', ')} missing, and only root may install: ${command}`);
  }
  say(`setup: ${command}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env, quiet: true });
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], {
    env,
    quiet: true,
  });
  const absent = missing.filter((program) => which(program) === undefined);
  if (absent.length > 0) throw new Problem(`${command} did not bring ${absent.join(', ')}.`);
}

/** The needs that a suite may name: what each lacks, in words, and what brings it. */
const NEEDS = {
  build: npmOf('.'),
  tests: npmOf('tests'),
  sdks: npmOf('tests/sdks'),
  runtimes: npmOf('tests/runtimes'),
  target: { lacks: () => (hasTarget() ? [] : [`Rust's target ${TARGET}`]), ensure: ensureTarget },
  'wasm-bindgen': programOf(
    'wasm-bindgen',
    'wasm-bindgen-cli',
    wasmBindgenVersion(),
    ensureWasmBindgen,
  ),
  'wasm-pack': programOf('wasm-pack', 'wasm-pack', WASM_PACK, ensureWasmPack),
  geckodriver: programOf('geckodriver', 'geckodriver', GECKODRIVER, ensureGeckodriver),
  browsers: debianOf(BROWSERS, ensureBrowsers),
  redis: debianOf(which('valkey-server') === undefined ? REDIS : {}, ensureRedis),
};

function npmOf(folder) {
  const name = folder === '.' ? 'the build' : folder;
  const lacks = () => (isInstalled(folder) ? [] : [`the npm packages of ${name}`]);
  return { lacks, ensure: () => ensureNpm(folder) };
}

function programOf(program, crate, version, ensure) {
  const lacks = () =>
    isBuilt(program, crate, version) ? [] : [`${crate} ${version}, built by cargo`];
  return { lacks, ensure };
}

function debianOf(wanted, ensure) {
  const packages = () => lacking(wanted).map((program) => `${wanted[program]}, by apt-get`);
  return { lacks: packages, ensure };
}

/** The missing ones of these needs, in words. */
export function missing(needs) {
  return [...new Set(needs)].flatMap((need) => NEEDS[need].lacks());
}

/** Brings what is missing of these needs. */
export async function ensure(needs) {
  for (const need of needs) await NEEDS[need].ensure();
}

await main(import.meta, async () => {
  await ensure(Object.keys(NEEDS));
  say('setup: everything is there');
});
