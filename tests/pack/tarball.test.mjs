/** The tarball that npm would publish. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { allowedLicenses, isAllowed } from '../../scripts/licenses.mjs';
import { capture, ROOT } from '../../scripts/shell.mjs';
import { CRATES } from '../../scripts/wasm.mjs';

const tar = (...args) =>
  execFileSync('tar', [...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
const files = tar('-tzf', process.env.TARBALL)
  .trim()
  .split('\n')
  .map((file) => file.replace(/^package\//, ''));
const read = (file) => tar('-xOzf', process.env.TARBALL, `package/${file}`);

test('only the build, the manifest, the licenses and the read-me', () => {
  const stray = files.filter(
    (file) => !/^(?:pkg\/|package\.json$|README\.md$|LICENSE(?:-\w+)?$)/.test(file),
  );
  assert.deepEqual(stray, []);
  for (const file of ['LICENSE', 'LICENSE-APACHE', 'LICENSE-MIT', 'README.md']) {
    assert.ok(files.includes(file), file);
  }
});

test('only files that a user can use', () => {
  assert.deepEqual(
    files.filter((file) => file.startsWith('pkg/') && !/\.(?:d\.ts|js|wasm)$/.test(file)),
    ['pkg/cli/THIRD-PARTY.txt', 'pkg/wasm/THIRD-PARTY.txt'],
  );
});

test('every file that the manifest names', () => {
  const named = (value) =>
    typeof value === 'string' ? [value] : Object.values(value).flatMap(named);
  const { exports, bin = {} } = JSON.parse(read('package.json'));
  for (const file of named({ exports, bin })) {
    assert.ok(files.includes(file.replace(/^\.\//, '')), file);
  }
});

test('every import leads to a file, and to no package but this one', () => {
  for (const file of files.filter((name) => /\.(?:d\.ts|js)$/.test(name))) {
    // The bundle holds sentences that look like imports.
    const imports = file.startsWith('pkg/cli/')
      ? /^import (?:[^;]* from )?["']([^"'\n]+)["']/gm
      : /(?:from|import)\s*\(?\s*'([^']+)'/g;
    for (const [, target] of read(file).matchAll(imports)) {
      // An adapter takes the entry that the conditions of the runtime choose.
      if (isBuiltin(target) || (target === 'unexhausted' && file.startsWith('pkg/adapters/')))
        continue;
      const path = new URL(target, `file:///${file}`).pathname.slice(1);
      assert.match(target, /^\.\.?\//, `${file} imports ${target}`);
      // A declaration names the JavaScript beside it.
      const found = files.includes(path) || files.includes(path.replace(/\.js$/, '.d.ts'));
      assert.ok(found, `${file} imports ${target}`);
    }
  }
});

test('no folder of the machine that built it', () => {
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    assert.ok(!read(file).includes(process.cwd()), file);
  }
});

test('every package that is bundled comes with its license', () => {
  const text = read('pkg/cli/THIRD-PARTY.txt');
  const bundled = read('pkg/cli/main.js').matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm);
  const names = new Set([...bundled].map(([, name]) => name));
  assert.ok(names.size > 3, [...names].join());
  for (const name of names) assert.match(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
});

test('every crate that is compiled in comes with its license', () => {
  const text = read('pkg/wasm/THIRD-PARTY.txt');
  const flags = ['--locked', '--edges=normal,no-proc-macro', '--prefix=none', '--format={p} {l}'];
  const packages = CRATES.flatMap((crate) => ['--package', crate]);
  const tree = capture('cargo', ['tree', '--target=wasm32-unknown-unknown', ...flags, ...packages]);
  // Those of a path are our own.
  const names = tree.matchAll(/^([\w-]+) v(\S+) (?!\()(.+?)(?: \(\*\))?$/gm);
  const head = ([, name, version, license]) => `${name} ${version} (${license})`;
  const lines = new Set(Array.from(names, head));
  assert.ok(lines.size > 20, tree);
  for (const line of lines) {
    const at = text.indexOf(`\n\n${line}\n\n`);
    assert.notEqual(at, -1, line);
    assert.match(text.slice(at, at + 1500), /copyright/i, line);
  }
  assert.match(text, /^The Rust Standard Library \(MIT OR Apache-2\.0\)$/m);
});

test('only licenses that deny.toml lets in', () => {
  const texts = [read('pkg/wasm/THIRD-PARTY.txt'), read('pkg/cli/THIRD-PARTY.txt')].join('\n');
  const heads = Array.from(texts.matchAll(/^-{80}\n\n(.+) \((.+)\)$/gm));
  assert.ok(heads.length > 30, `only ${heads.length} are named`);
  const allowed = allowedLicenses();
  for (const [, name, license] of heads) assert.ok(isAllowed(license, allowed), name);
});

test('npm would publish it', () => {
  const { status, stderr } = spawnSync('npm', ['publish', '--dry-run', '--offline'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});

test('the command line runs in an empty folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unexhausted-empty-'));
  try {
    const run = (program, ...args) => {
      const options = { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' };
      const { status, stdout, stderr } = spawnSync(program, args, options);
      assert.equal(status, 0, stdout + stderr);
      return stdout;
    };
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    run(
      'npm',
      'install',
      '--offline',
      '--omit=peer',
      '--no-audit',
      '--no-fund',
      process.env.TARBALL,
    );
    assert.match(run('npx', '--no-install', 'unexhausted', '--help'), /^Usage: unexhausted/);
    const listed = JSON.parse(run('npx', '--no-install', 'unexhausted', 'models', '--json'));
    assert.ok(listed.length > 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
