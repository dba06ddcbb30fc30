/** Rules of the repository that no compiler checks. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allCrates, allowedLicenses, isAllowed } from '../../scripts/licenses.mjs';
import { capture, fingerprint } from '../../scripts/shell.mjs';
import { declared } from '../boundary/double.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const text = (path) => readFileSync(join(ROOT, path), 'utf8');
const json = (path) => JSON.parse(text(path));

/** The folders that have packages of their own. */
const FOLDERS = ['.', 'tests', 'tests/runtimes', 'tests/sdks', 'tests/sdks/more'];

test('one version, in Cargo.toml, package.json and its lock', () => {
  const version = /\[workspace\.package\][^[]*?\nversion = "([^"]+)"/.exec(text('Cargo.toml'))?.[1];
  assert.equal(json('package.json').version, version);
  assert.equal(json('package-lock.json').version, version);
});

test('one license, and its texts', () => {
  const license = /\nlicense = "([^"]+)"/.exec(text('Cargo.toml'))?.[1];
  assert.equal(json('package.json').license, license);
  for (const file of ['LICENSE', 'LICENSE-APACHE', 'LICENSE-MIT']) {
    assert.ok(existsSync(join(ROOT, file)), file);
  }
});

test('no crate has a license that deny.toml does not let in', () => {
  const crates = allCrates();
  assert.ok(crates.length > 50, `only ${crates.length} crates`);
  const allowed = allowedLicenses();
  const refused = crates.filter(({ license }) => !isAllowed(license ?? 'none', allowed));
  assert.deepEqual(
    refused.map(({ name, license }) => `${name}: ${license}`),
    [],
  );
  assert.ok(isAllowed('(MIT OR GPL-3.0) AND Unicode-3.0', allowed));
  for (const license of ['GPL-3.0', 'MIT AND GPL-3.0', '(MIT OR Zlib) AND GPL-3.0', 'none']) {
    assert.ok(!isAllowed(license, allowed), license);
  }
});

test('where the package lives is said once, at publication', () => {
  const { homepage, bugs, repository } = json('package.json');
  assert.deepEqual([homepage, bugs], [undefined, undefined], 'npm makes both of `repository`');
  const publish = (env) =>
    spawnSync(process.execPath, ['scripts/publish.mjs'], { cwd: ROOT, env, encoding: 'utf8' });
  assert.equal(publish({ npm_config_dry_run: 'true' }).status, 0);
  const { status, stderr } = publish({});
  assert.equal(status, repository === undefined ? 1 : 0);
  if (repository === undefined) assert.match(stderr, /no `repository`: fill it in/);
});

test('a user installs nothing else', () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = json('package.json');
  assert.equal(dependencies, undefined);
  for (const name of Object.keys(peerDependencies ?? {})) {
    assert.equal(peerDependenciesMeta?.[name]?.optional, true, `${name} is optional`);
  }
});

test('types come first in every branch of the exports', () => {
  const visit = (branch) => {
    if (typeof branch === 'string') return;
    const keys = Object.keys(branch);
    if (keys.includes('types')) assert.equal(keys[0], 'types');
    for (const value of Object.values(branch)) visit(value);
  };
  for (const branch of Object.values(json('package.json').exports)) visit(branch);
});

test('the lock files name no registry', () => {
  for (const folder of FOLDERS) {
    assert.doesNotMatch(text(`${folder}/package-lock.json`), /https?:\/\/[^"]*\.tgz/, folder);
  }
});

test('test dependencies are pinned', () => {
  for (const folder of FOLDERS) {
    const { dependencies = {}, devDependencies = {} } = json(`${folder}/package.json`);
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      assert.match(version, /^(?:npm:node@)?\d+\.\d+\.\d+$|^file:\.\.$/, name);
    }
  }
});

test('the emulator knows nothing of the package, or both would share a bug', () => {
  assert.doesNotMatch(text('crates/emulator/Cargo.toml'), /^unexhausted\s*=|path\s*=/m);
});

test('`wasm-pack test` leaves out the tests for the machine itself', () => {
  const all = ['metadata', '--locked', '--no-deps', '--format-version=1'];
  const { packages } = JSON.parse(capture('cargo', all));
  const { targets } = packages.find(({ name }) => name === 'unexhausted');
  const tests = targets.filter(({ kind }) => kind.includes('test'));
  assert.ok(tests.length > 10, `only ${tests.length} files`);
  for (const { name, src_path, ...target } of tests) {
    const isNative = !readFileSync(src_path, 'utf8').includes('#![cfg(target_arch = "wasm32")]');
    assert.equal(target['required-features'] !== undefined, isNative, `${name} in Cargo.toml`);
  }
});

test('the host of the package has the signatures that Rust declares', async () => {
  const { Host } = await import('../../pkg/host/host.js');
  const { Life } = await import('../../pkg/host/life.js');
  const host = new Host(new Life());
  const known = declared(text('src/wasm/host.rs'));
  assert.ok(known.length > 20, `only ${known.length} are declared`);
  for (const { name, args, isProperty } of known) {
    if (isProperty) assert.equal(typeof host[name], 'boolean', name);
    else assert.deepEqual(argumentsOf(host[name]), args, name);
  }
});

/** The names of a method's arguments. */
function argumentsOf(method) {
  const [, list] = /^(?:async )?\w+\(([^)]*)\)/.exec(method.toString());
  return list.split(',').flatMap((arg) => arg.trim() || []);
}

test('a build is told from another by every byte', () => {
  // 60,000 and 65,000 as WebAssembly writes them: as text, both are no letters.
  const [one, other] = [Buffer.from('e0d403', 'hex'), Buffer.from('e8fb03', 'hex')];
  assert.notEqual(fingerprint([], one), fingerprint([], other));
  assert.equal(fingerprint([], one, 'a'), fingerprint([], Buffer.from(one), 'a'));
});
