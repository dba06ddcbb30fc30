/** What npm would publish. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

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
    [],
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

test('every import leads to a file, and to no package', () => {
  for (const file of files.filter((name) => /\.(?:d\.ts|js)$/.test(name))) {
    for (const [, target] of read(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      if (target.startsWith('node:')) continue;
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
