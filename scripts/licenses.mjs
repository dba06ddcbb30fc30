/**
 * The licenses of what the package carries: of the crates in its WebAssembly by `cargo metadata`, and
 * the text that names them all. `deny.toml` says which licenses are taken.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { capture, Problem, ROOT } from './shell.mjs';

/** Licenses that a crate offers beside another; what it offers under MIT is taken under MIT. */
const OTHER_CHOICES = /apache|zlib|0bsd|unlicense/i;

/** Rust's own library is in each module, and no crate of the list. */
const STANDARD = {
  name: 'The Rust Standard Library',
  version: '',
  license: 'MIT OR Apache-2.0',
  authors: ['The Rust Project Developers (see https://thanks.rust-lang.org)'],
};

/** The crates of the workspace: all that any part of it needs on any system, its own left out. */
export function allCrates() {
  return metadata().packages.filter(({ source }) => source !== null);
}

/** The crates whose code is in the modules: no procedural macros, nothing for builds or tests. */
function carriedCrates(modules) {
  const { packages, resolve } = metadata('--filter-platform=wasm32-unknown-unknown');
  const byId = new Map(packages.map((crate) => [crate.id, crate]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const found = new Map();
  const visit = (id) => {
    const crate = byId.get(id);
    if (found.has(id) || crate.targets.some(({ kind }) => kind.includes('proc-macro'))) return;
    found.set(id, crate);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      if (kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  for (const { id, name } of packages) if (modules.includes(name)) visit(id);
  const foreign = [...found.values()].filter(({ source }) => source !== null);
  return foreign.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function metadata(...flags) {
  const json = capture('cargo', ['metadata', '--locked', '--format-version=1', ...flags]);
  if (json === undefined) throw new Problem('cargo metadata failed: run it to see why');
  return JSON.parse(json);
}

/** Names what is in the modules of these crates, with the text of each license. */
export function crateNotices(modules) {
  const crates = [STANDARD, ...carriedCrates(modules)];
  return notices(
    'The WebAssembly modules contain these crates.',
    crates.map((crate) => ({ ...crate, text: licenseText(crate) })),
  );
}

function licenseText({ name, authors, license, manifest_path: manifest }) {
  const folder = manifest === undefined ? undefined : dirname(manifest);
  const files = folder === undefined ? [] : readdirSync(folder).sort();
  const chosen = files.filter((file) => /^licen[cs]e/i.test(file) && !OTHER_CHOICES.test(file));
  const texts = chosen.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  if (texts.length > 0) return [...new Set(texts)].join('\n\n');
  // Some come without the text, and name the license alone.
  if (!license.includes('MIT') || authors.length === 0) {
    throw new Problem(`${name} comes without the text of its license`);
  }
  const mit = readFileSync(join(ROOT, 'LICENSE-MIT'), 'utf8').trim();
  return mit.replace(/^Copyright .*$/m, `Copyright (c) ${authors.join(', ')}`);
}

/** One text of many licenses. */
export function notices(title, packages) {
  const rule = `\n${'-'.repeat(80)}\n\n`;
  const parts = packages.map(
    ({ name, version, license, text }) =>
      `${[name, version, `(${license})`].filter((word) => word !== '').join(' ')}\n\n${text}\n`,
  );
  return `${title}\n${rule}${parts.join(rule)}`;
}

/** The licenses that `deny.toml` lets in. */
export function allowedLicenses() {
  const list = /^allow = \[([^\]]*)\]/m.exec(readFileSync(join(ROOT, 'deny.toml'), 'utf8'))?.[1];
  if (list === undefined) throw new Problem('deny.toml has no `allow` of licenses');
  return Array.from(list.matchAll(/"([^"]+)"/g), ([, license]) => license);
}

/** Whether an SPDX expression can be met: of each part that must hold, one choice is allowed. */
export function isAllowed(expression, allowed) {
  const parts = expression.replaceAll('/', ' OR ').replaceAll(/[()]/g, '').split(' AND ');
  return parts.every((part) => part.split(' OR ').some((id) => allowed.includes(id.trim())));
}
