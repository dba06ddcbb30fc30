/** The packed package in empty projects: ECMAScript modules, CommonJS and TypeScript, by Node. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { execute, host, project, ROOT } from './host.mjs';

/** The oldest that `engines` allows, and the two that are maintained beside it. */
const NODES = ['node20', 'node22', 'node24'];

const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

/** As a strict project has it. No DOM: a server's types must do without. */
const TSC_FLAGS = [
  ...['--target', 'es2022', '--lib', 'es2022', '--outDir', 'out', '--strict'],
  ...[
    '--exactOptionalPropertyTypes',
    '--noUncheckedIndexedAccess',
    '--verbatimModuleSyntax',
    'false',
  ],
  ...['--skipLibCheck', 'false', '--types', 'node'],
];

function runs(title, template, manifest, file, prepare = () => {}) {
  describe(title, () => {
    let made;
    before(async () => {
      made = await project(template, manifest);
      await prepare(made.folder);
    });
    after(() => made?.remove());
    for (const name of NODES) {
      it(name, async () => {
        // Ends by itself, and warns of nothing.
        const args = ['--throw-deprecation', '--disable-warning=ExperimentalWarning', file];
        assert.equal(await execute(host(name), args, made.folder), 'all is well');
      });
    }
  });
}

function compiles(module) {
  return async (folder) => {
    const types = join(ROOT, 'node_modules');
    for (const name of ['@types/node', 'undici-types']) {
      cpSync(join(types, name), join(folder, 'node_modules', name), { recursive: true });
    }
    await execute(process.execPath, [TSC, 'main.ts', '--module', module, ...TSC_FLAGS], folder);
  };
}

runs('ECMAScript modules', 'esm', { type: 'module' }, 'main.mjs');
runs('CommonJS', 'cjs', {}, 'main.cjs');
for (const module of ['node20', 'nodenext']) {
  const out = join('out', 'main.js');
  runs(`TypeScript, ${module}`, 'ts', { type: 'module' }, out, compiles(module));
  runs(`TypeScript, ${module}, CommonJS`, 'ts', {}, out, compiles(module));
}
