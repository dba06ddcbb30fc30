/** How the code is laid out: files do not import each other in a circle, and none is long. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { filesUnder, ROOT } from '../../scripts/shell.mjs';

const MOST_LINES = 450;

/** Files that are tables, a row a fact: these may be as long as there are facts. */
const TABLES = ['src/models/catalog.rs'];

const SOURCES = ['src', 'crates/bulk/src', 'crates/guide/src', 'crates/emulator/src'];

/** The folders of the core; each calls itself and those before it. */
const LAYERS = [
  'base',
  'protocol',
  'errors',
  'retry',
  'quota',
  'request',
  'models',
  'engine',
  'options',
  'wasm',
];

const rust = (root) => filesUnder(root, (file) => file.endsWith('.rs'));

test(`no file is longer than ${MOST_LINES} lines, but tables`, () => {
  const files = [
    ...SOURCES.flatMap(rust),
    ...filesUnder('js', (file) => file.endsWith('.ts') && !file.startsWith(join('js', 'wasm'))),
  ];
  assert.ok(files.length > 200, `only ${files.length} files`);
  const long = files.filter((file) => !TABLES.includes(file) && lines(file).length > MOST_LINES);
  assert.deepEqual(long, []);
});

test('no files of Rust use each other in a circle', () => {
  for (const root of SOURCES) assert.deepEqual(circles(graph(root)), [], root);
});

test('the core calls downwards', () => {
  const folder = (file) => file.slice('src/'.length).split(/[\\/]/)[0];
  const layer = (file) => LAYERS.indexOf(folder(file));
  const upwards = [];
  const folders = new Set([...graph('src').keys()].map(folder));
  folders.delete('lib.rs');
  assert.deepEqual([...folders].sort(), [...LAYERS].sort());
  for (const [file, uses] of graph('src')) {
    for (const to of uses) if (layer(to) > layer(file)) upwards.push(`${file} calls ${to}`);
  }
  assert.deepEqual(
    upwards.filter((call) => !call.startsWith('src/lib.rs')),
    [],
  );
});

test('a circle is found', () => {
  const planted = new Map([
    ['a.rs', ['b.rs']],
    ['b.rs', ['c.rs', 'd.rs']],
    ['c.rs', ['a.rs']],
    ['d.rs', []],
  ]);
  assert.deepEqual(circles(planted), [['a.rs', 'b.rs', 'c.rs']]);
});

function lines(file) {
  return readFileSync(join(ROOT, file), 'utf8').split('\n');
}

/** Which file uses which, by the paths that begin with `crate::` or `super::`. */
function graph(root) {
  const files = rust(root);
  assert.ok(files.length > 5, `${root}: ${files.length} files`);
  return new Map(files.map((file) => [file, [...used(root, file)].filter((to) => to !== file)]));
}

function used(root, file) {
  const code = lines(file)
    .filter((line) => !/^\s*\/\//.test(line))
    .join('\n');
  const found = new Set();
  for (const [, from, path] of code.matchAll(/\b(crate|super)((?:::\w+)*(?:::\{[^;]*?\})?)/g)) {
    for (const names of paths(path)) {
      const to = target(root, from === 'crate' ? names : [...parent(root, file), ...names]);
      if (to !== undefined) found.add(to);
    }
  }
  return found;
}

/** The paths in `::a::{b, c::{d, e}}`: a/b, a/c/d, a/c/e. */
function paths(text) {
  const open = text.indexOf('{');
  if (open < 0) return [text.split('::').filter(Boolean)];
  const head = text.slice(0, open).split('::').filter(Boolean);
  const parts = [];
  let depth = 0;
  let part = '';
  for (const letter of text.slice(open + 1, -1)) {
    if (letter === '{') depth += 1;
    if (letter === '}') depth -= 1;
    if (letter === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += letter;
  }
  return [...parts, part].flatMap((each) =>
    paths(`::${each.trim()}`).map((path) => [...head, ...path]),
  );
}

function parent(root, file) {
  const names = file.slice(root.length + 1, -'.rs'.length).split(/[\\/]/);
  return names.slice(0, names.at(-1) === 'mod' ? -2 : -1);
}

/** The file in which a path lies: the longest start of it that is one. */
function target(root, names) {
  for (let count = names.length; count > 0; count -= 1) {
    const path = join(root, ...names.slice(0, count));
    for (const file of [`${path}.rs`, join(path, 'mod.rs')]) {
      if (existsSync(join(ROOT, file))) return file;
    }
  }
  return undefined;
}

/** Tarjan's algorithm: the sets of files that reach each other. */
function circles(edges) {
  const order = new Map();
  const low = new Map();
  const stack = [];
  const found = [];
  const visit = (file) => {
    order.set(file, order.size);
    low.set(file, order.get(file));
    stack.push(file);
    for (const to of edges.get(file) ?? []) {
      if (!order.has(to)) {
        visit(to);
        low.set(file, Math.min(low.get(file), low.get(to)));
      } else if (stack.includes(to)) low.set(file, Math.min(low.get(file), order.get(to)));
    }
    if (low.get(file) !== order.get(file)) return;
    const set = stack.splice(stack.indexOf(file));
    if (set.length > 1) found.push(set.sort());
  };
  for (const file of edges.keys()) if (!order.has(file)) visit(file);
  return found;
}
