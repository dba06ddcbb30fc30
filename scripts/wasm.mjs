/**
 * From Rust to the WebAssembly that the package carries: cargo, wasm-bindgen, the glue patch,
 * wasm-opt, and the checks on the result. Everything lands in `js/wasm/` (git-ignored), where the
 * TypeScript imports it from; the build copies it on to `pkg/wasm/`.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { patchDeclarations, patchGlue } from './glue.mjs';
import { ensureNpm, ensureTarget, ensureWasmBindgen } from './setup.mjs';
import {
  capture,
  filesUnder,
  fingerprint,
  isMade,
  Problem,
  ROOT,
  run,
  say,
  setMade,
} from './shell.mjs';

const TARGET = 'wasm32-unknown-unknown';
const OUT = join(ROOT, 'js', 'wasm');
const WORK = join(ROOT, 'target', 'wasm-build');
const NEXT = join(WORK, 'next');
const STAMP = join(WORK, 'stamp');

/**
 * The modules: the package itself, where every byte counts; the guide, and batches, which are loaded
 * on use from scripts of their own; and the fake service, which is read from a file and where the
 * seconds of a build count for more. `inline` is the script that carries a module.
 */
const MODULES = [
  { crate: 'unexhausted', name: 'unexhausted', effort: '-Oz', inline: 'inline' },
  { crate: 'unexhausted-guide', name: 'guide', effort: '-Oz', inline: 'guide-inline' },
  { crate: 'unexhausted-bulk', name: 'bulk', effort: '-Oz', inline: 'bulk-inline' },
  { crate: 'unexhausted-emulator', name: 'emulator', effort: '-O1' },
];

export const CRATES = MODULES.map(({ crate }) => crate);

/**
 * The features that rustc uses for this target by default. Never `--all-features`: wasm-opt then
 * writes things that no engine loads yet.
 */
const FEATURES = [
  '--mvp-features',
  '--enable-mutable-globals',
  '--enable-sign-ext',
  '--enable-nontrapping-float-to-int',
  '--enable-bulk-memory',
  '--enable-bulk-memory-opt',
  '--enable-reference-types',
  '--enable-multivalue',
];

const BINDGEN_FLAGS = [
  ...['--target', 'web', '--omit-default-module-path', '--experimental-reset-state-function'],
  ...['--remove-name-section', '--remove-producers-section'],
];

const SCRIPTS = ['scripts/wasm.mjs', 'scripts/glue.mjs'];
const INPUTS = ['Cargo.toml', 'Cargo.lock', 'src', 'crates', ...SCRIPTS];

/** Builds all modules, unless nothing they are made of has changed. */
export async function buildWasm() {
  // First what only the user can install.
  await ensureTarget();
  await ensureNpm('.');
  const bindgen = await ensureWasmBindgen();
  // Not the tests beside the code: they are in the same files, and cargo knows better than we.
  const inputs = INPUTS.flatMap((path) => filesUnder(path));
  const wanted = fingerprint(inputs, capture('rustc', ['-vV']), capture(bindgen, ['--version']));
  if (isMade(OUT, STAMP, wanted)) return false;
  mkdirSync(WORK, { recursive: true });
  await compile();
  // Made beside and moved in when complete: a build that fails leaves the last good one in place.
  rmSync(NEXT, { recursive: true, force: true });
  mkdirSync(NEXT, { recursive: true });
  for (const module of MODULES) {
    cpSync(await bind(bindgen, module), NEXT, { recursive: true });
  }
  writeFileSync(join(NEXT, 'modules.d.ts'), AMBIENT);
  rmSync(STAMP, { force: true });
  rmSync(OUT, { recursive: true, force: true });
  renameSync(NEXT, OUT);
  setMade(OUT, STAMP, wanted);
  return true;
}

async function compile() {
  say('build: cargo build --release for wasm32');
  // The crates must be there before their folders can be listed below.
  await run('cargo', ['fetch', '--locked', '--target', TARGET], { quiet: true });
  const env = { CARGO_ENCODED_RUSTFLAGS: rustFlags().join('\x1f'), CARGO_TARGET_DIR: targetDir() };
  const build = ['build', '--locked', '--release', '--lib', '--target', TARGET];
  // One at a time: together, each would get the features that the other wants of a shared crate.
  for (const { crate } of MODULES) await run('cargo', [...build, '--package', crate], { env });
}

function targetDir() {
  return process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
}

/**
 * Keeps this machine's folders out of the published file, which also makes two builds in two places
 * the same bytes. Of several prefixes that fit rustc takes the last, so the narrow ones come last:
 * the folder of a registry's crates is named for its host.
 */
function rustFlags() {
  const cargo = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  const rustup = process.env.RUSTUP_HOME ?? join(homedir(), '.rustup');
  const registry = join(cargo, 'registry', 'src');
  const crates = existsSync(registry) ? readdirSync(registry) : [];
  const prefixes = [
    [cargo, '/cargo'],
    [rustup, '/rustup'],
    [capture('rustc', ['--print', 'sysroot']) ?? rustup, '/rust'],
    [ROOT, '/unexhausted'],
    ...crates.map((host) => [join(registry, host), '/crates']),
  ];
  const given = (process.env.RUSTFLAGS ?? '').split(' ').filter((flag) => flag !== '');
  return [...given, ...prefixes.map(([from, to]) => `--remap-path-prefix=${from}=${to}`)];
}

/** Makes what is published of one module; returns the folder, which is kept while cargo's output is. */
async function bind(bindgen, { crate, name, effort, inline }) {
  const compiled = join(targetDir(), TARGET, 'release', `${crate.replaceAll('-', '_')}.wasm`);
  const work = join(WORK, name);
  const out = join(work, 'out');
  const stamp = join(work, 'stamp');
  const wanted = fingerprint([...SCRIPTS, 'package-lock.json'], readFileSync(compiled));
  if (isMade(out, stamp, wanted)) return out;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  say(`build: wasm-bindgen and wasm-opt for ${name}`);
  await run(bindgen, [...BINDGEN_FLAGS, '--out-name', name, '--out-dir', work, compiled]);

  const file = join(out, `${name}_bg.wasm`);
  optimize(join(work, `${name}_bg.wasm`), file, effort);
  const bytes = readFileSync(file);
  check(name, bytes);

  const glue = readFileSync(join(work, `${name}.js`), 'utf8');
  const declarations = readFileSync(join(work, `${name}.d.ts`), 'utf8');
  // The others never wait and call nobody back, so their glue has nothing to patch.
  const patch = name === 'unexhausted' || glue.includes('__wbindgen_destroy_closure');
  writeFileSync(join(out, `${name}.js`), patch ? patchGlue(glue) : glue);
  writeFileSync(join(out, `${name}.d.ts`), patch ? patchDeclarations(declarations) : declarations);
  writeFileSync(join(out, `${name}_bg.d.wasm.ts`), MODULE_DECLARATION);
  if (inline !== undefined) await writeInline(out, inline, bytes);
  report(name, bytes);
  setMade(out, stamp, wanted);
  return out;
}

/** Runs npm's binaryen, which is itself WebAssembly and therefore the same on every machine. */
function optimize(from, to, effort) {
  const wasmOpt = join(ROOT, 'node_modules', 'binaryen', 'bin', 'wasm-opt');
  const flags = [...FEATURES, effort, '--strip-producers', '--strip-target-features'];
  // Functions inlined into their only caller make the file smaller raw, and larger compressed.
  if (effort === '-Oz') flags.push('--one-caller-inline-max-function-size=20');
  try {
    execFileSync(process.execPath, [wasmOpt, from, '-o', to, ...flags], {
      stdio: ['ignore', 2, 2],
    });
  } catch (error) {
    throw new Problem(`wasm-opt failed: ${error.message}`);
  }
}

/** The conditions that every published file meets. */
function check(name, bytes) {
  const module = new WebAssembly.Module(bytes);
  for (const { module: from, name: what } of WebAssembly.Module.imports(module)) {
    // "env" means that a crate which was not made for this target has crept in.
    if (from !== `./${name}_bg.js`) throw new Problem(`${name}: imports ${what} from "${from}"`);
  }
  const text = bytes.toString('latin1');
  for (const folder of [homedir(), ROOT, process.cwd()]) {
    if (folder.length > 1 && text.includes(`${folder}/`)) {
      throw new Problem(`${name}: the folder ${folder} is in the file`);
    }
  }
  const host =
    /(?:index\.crates\.io|registry\/src|https?:\/\/[\w.-]*(?:crates|registry|npm))[\w./-]*/.exec(
      text,
    );
  if (host !== null) throw new Problem(`${name}: "${host[0]}" is in the file`);
}

function compress(bytes) {
  const packed = gzipSync(bytes, { level: 9, memLevel: 9 });
  // The byte that names the operating system: 255, unknown, so that every machine writes the same.
  packed[9] = 255;
  return packed;
}

/** Zopfli writes what any gunzip reads, 5 % smaller than gzip itself; it takes seconds, not ms. */
async function writeInline(out, script, bytes) {
  // Loaded only where something is built: `npm start` on a built tree needs no packages.
  const { gzipAsync } = await import('@gfx/zopfli');
  const packed = Buffer.from(await gzipAsync(bytes, { numiterations: 15 }));
  say(`build: inlined as ${(packed.length / 1024).toFixed(1)} KiB`);
  writeFileSync(join(out, `${script}.js`), `export const wasm = '${packed.toString('base64')}';\n`);
  writeFileSync(
    join(out, `${script}.d.ts`),
    '/** The WebAssembly module, compressed by gzip and written as base64. */\nexport const wasm: string;\n',
  );
}

function report(name, bytes) {
  const [raw, packed] = [bytes.length, compress(bytes).length].map((n) => (n / 1024).toFixed(1));
  say(`build: ${name}_bg.wasm ${raw} KiB, gzip ${packed} KiB`);
}

/** For hosts that compile an imported .wasm themselves (workerd, edge runtimes, bundlers). */
const MODULE_DECLARATION = `declare const module: WebAssembly.Module;
export default module;
`;

/** The spelling that Vercel's edge runtime uses for the same. */
const AMBIENT = `declare module '*.wasm?module' {
  const module: WebAssembly.Module;
  export default module;
}
`;

/** Copies the finished module to where it is published from. */
export function copyWasm(to) {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(OUT)) {
    const published = !file.endsWith('.d.wasm.ts') && file !== 'modules.d.ts';
    if (published && statSync(join(OUT, file)).isFile())
      copyFileSync(join(OUT, file), join(to, file));
  }
}
