/** The packed package in Deno, Bun and workerd. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { buildWorker, execute, host, overloadedOnce, project, startWorkerd } from './host.mjs';

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
  await buildWorker(folder);
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
