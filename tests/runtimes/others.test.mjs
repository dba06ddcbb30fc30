/** The packed package in Deno, Bun and workerd. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';
import { build } from 'esbuild';
import { execute, host, overloadedOnce, project } from './host.mjs';

async function runs(name, args) {
  const { folder, remove } = await project('deno', { type: 'module' });
  const service = await overloadedOnce();
  try {
    const said = await execute(host(name), [...args, 'main.mjs', service.url], folder);
    assert.equal(said, 'all is well');
  } finally {
    await service.close();
    remove();
  }
}

it('Deno', () => runs('deno', ['run', '--allow-all', '--no-remote', '--node-modules-dir=manual']));

it('Bun', () => runs('bun', ['run']));

it('workerd, which forbids making a module from bytes', async () => {
  const { folder, remove } = await project('workerd', { type: 'module' });
  await build({
    absWorkingDir: folder,
    entryPoints: ['main.mjs'],
    outfile: join(folder, 'out', 'main.js'),
    bundle: true,
    format: 'esm',
    conditions: ['workerd'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    logLevel: 'error',
  });
  const service = await overloadedOnce();
  const worker = await startWorkerd(folder);
  try {
    const answer = await fetch(`${worker.url}/?service=${encodeURIComponent(service.url)}`);
    assert.equal(await answer.text(), 'all is well');
  } finally {
    worker.stop();
    await service.close();
    remove();
  }
});

/** Starts workerd, which reports the port it was given on a file descriptor. */
function startWorkerd(folder) {
  return new Promise((resolve, reject) => {
    const child = spawn(host('workerd'), ['serve', 'config.capnp', '--control-fd=3'], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`workerd ended with ${code}`)));
    let said = '';
    child.stdio[3].setEncoding('utf8').on('data', (chunk) => {
      said += chunk;
      const port = /"port":(\d+)/.exec(said)?.[1];
      if (port !== undefined) {
        resolve({ url: `http://127.0.0.1:${port}`, stop: () => child.kill() });
      }
    });
  });
}
