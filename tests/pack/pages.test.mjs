/** The pages for readers: links lead somewhere, and the README is read in two minutes. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../scripts/shell.mjs';

const MOST_WORDS = 1_350;

const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const pages = ['README.md', 'pkg/README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'].concat(
  docs.map((name) => `docs/${name}`),
);
const text = (page) => readFileSync(join(ROOT, page), 'utf8');
/** A page without its blocks of code, whose comments look like headings. */
const prose = (page) => text(page).replaceAll(/^```.*\n[\s\S]*?^```$/gm, '');

/** The fragments that lead to the headings of a page, as GitHub and npm make them. */
function anchors(page) {
  const seen = new Map();
  return Array.from(prose(page).matchAll(/^#+ (.+)$/gm), ([, heading]) => {
    const words = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '');
    const slug = words.trim().replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

for (const page of pages) {
  test(`the links of ${page} lead somewhere`, () => {
    for (const [, target] of prose(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path, fragment] = target.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      assert.ok(existsSync(join(ROOT, file)), `${target}: no such file`);
      if (fragment === undefined) continue;
      assert.ok(statSync(join(ROOT, file)).isFile(), `${target}: a folder has no headings`);
      assert.ok(anchors(file).includes(fragment), `${target}: no such heading`);
    }
  });
}

for (const page of ['ARCHITECTURE.md', 'CONTRIBUTING.md']) {
  test(`the files that ${page} names are there`, () => {
    const paths = Array.from(
      prose(page).matchAll(/`([\w.-]+(?:\/[\w.-]+)+)\/?`/g),
      ([, path]) => path,
    );
    const named = paths.filter((path) => /^(src|js|crates|tests|scripts|docs)\//.test(path));
    assert.ok(named.length > 5, `only ${named.length}`);
    for (const path of named) assert.ok(existsSync(join(ROOT, path)), `${path} is not there`);
  });
}

test('the README leads to every page of `docs/`', () => {
  for (const name of docs) assert.ok(text('README.md').includes(`(docs/${name})`), name);
});

test(`the README has ${MOST_WORDS} words at most`, () => {
  const words = text('README.md').trim().split(/\s+/).length;
  assert.ok(words <= MOST_WORDS, `${words} words`);
});
