/** `unexhausted jobs`: the steps of the Batch API, each a process of its own. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openStage, type Stage } from './support/cli.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage({ batch: { pending: 0, running: 0 } });
});
afterEach(() => stage.close());

/** Creates a job of these keys; gives its name. */
async function created(keys: readonly string[], ...more: string[]): Promise<string> {
  const rows = keys.map((key) => JSON.stringify({ key, prompt: `a picture of ${key}` }));
  writeFileSync(join(stage.folder, 'p.jsonl'), rows.join('\n'));
  const { code, stdout, stderr } = await stage.run(['jobs', 'create', 'p.jsonl', ...more]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^batches\/\S+\n$/);
  assert.match(stderr, /1 job created; see: unexhausted jobs wait <name>/);
  return stdout.trim();
}

describe('jobs', () => {
  it('create, get, list, wait and results, as words and as JSON', async () => {
    const name = await created(['k1', 'k2']);
    const job = JSON.parse((await stage.run(['jobs', 'get', name, '--json'])).stdout);
    assert.equal(job.name, name);
    assert.equal(job.model, 'gemini-3-pro-image');
    const list = await stage.run(['jobs', 'list']);
    assert.match(list.stdout, /^job +state +created +requests/);
    assert.ok(list.stdout.includes(`\n${name} `), list.stdout);
    const waited = await stage.run(['jobs', 'wait', name]);
    assert.equal(waited.code, 0, waited.stderr);
    assert.match(waited.stdout, /: succeeded, 2 requests: 2 succeeded, 0 failed/);
    const { code, stdout } = await stage.run(['jobs', 'results', name, '-o', 'out']);
    assert.equal(code, 0);
    assert.deepEqual(stdout.trim().split('\n').sort(), ['out/k1.png', 'out/k2.png']);
  });

  it('a bare id is a name too', async () => {
    const name = await created(['k1']);
    const id = name.replace('batches/', '');
    for (const verb of ['get', 'wait']) {
      const { code, stdout, stderr } = await stage.run(['jobs', verb, id]);
      assert.equal(code, 0, stderr);
      assert.ok(stdout.startsWith(`${name}: `), stdout);
    }
    assert.equal((await stage.run(['jobs', 'results', id, '-o', 'out'])).code, 0);
    const { stdout } = await stage.run(['jobs', 'delete', id, '--json']);
    assert.deepEqual(JSON.parse(stdout), { name, state: 'deleted' });
  });

  it('names of keys are safe and unique, and a second run keeps what is there', async () => {
    const name = await created(['a/b', 'a-b', '../../c']);
    await stage.run(['jobs', 'wait', name]);
    const args = ['jobs', 'results', name, '-o', 'out'];
    assert.equal((await stage.run(args)).code, 0);
    const folder = join(stage.folder, 'out');
    const names = readdirSync(folder).sort();
    assert.deepEqual(names, ['a-b.2.png', 'a-b.png', 'c.png']);
    const before = names.map((file) => readFileSync(join(folder, file)));
    assert.equal((await stage.run(args)).code, 0);
    assert.deepEqual(readdirSync(folder).sort(), names);
    for (const [index, file] of names.entries()) {
      assert.deepEqual(readFileSync(join(folder, file)), before[index], file);
    }
  });

  it('results of a job that has not ended are code 3', async () => {
    stage.server.emulator.configure({ batch: { jobs: ['stuckRunning'] } });
    const name = await created(['k1']);
    const { code, stderr } = await stage.run(['jobs', 'results', name, '-o', 'out']);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /has not ended \(\w+\); see: unexhausted jobs wait batches/);
  });

  it('pictures of prompts without keys are named by number and words', async () => {
    writeFileSync(join(stage.folder, 'p.txt'), 'a fox\n../a hare\n');
    const { stdout } = await stage.run(['jobs', 'create', 'p.txt']);
    await stage.run(['jobs', 'wait', stdout.trim()]);
    assert.equal((await stage.run(['jobs', 'results', stdout.trim(), '-o', 'out'])).code, 0);
    const names = readdirSync(join(stage.folder, 'out')).sort();
    assert.deepEqual(names, ['0001-a-fox.png', '0002-a-hare.png']);
  });

  it('what is there and is another picture is not overwritten', async () => {
    const name = await created(['k1']);
    await stage.run(['jobs', 'wait', name]);
    writeFileSync(join(stage.folder, 'k1.png'), 'mine');
    const { stdout } = await stage.run(['jobs', 'results', name, '-o', '.']);
    assert.equal(stdout, 'k1-2.png\n');
    assert.equal(readFileSync(join(stage.folder, 'k1.png'), 'utf8'), 'mine');
  });

  it('Ctrl-C ends the waiting and not the job', async () => {
    stage.server.emulator.configure({ batch: { jobs: ['stuckPending'] } });
    const name = await created(['k1'], '--name', 'stuck');
    const run = stage.start(['jobs', 'wait', name]);
    await run.says('pending');
    run.process.kill('SIGINT');
    const { code, stderr } = await run.ended;
    assert.equal(code, 3);
    assert.match(stderr, /error: stopped; jobs that were created go on\n$/);
  });

  it('cancel and delete', async () => {
    stage.server.emulator.configure({ batch: { jobs: ['stuckRunning'] } });
    const name = await created(['k1']);
    const cancelled = await stage.run(['jobs', 'cancel', name]);
    assert.equal(cancelled.code, 0, cancelled.stderr);
    const { code, stdout } = await stage.run(['jobs', 'delete', name, '--json']);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), { name, state: 'deleted' });
    assert.equal((await stage.run(['jobs', 'list'])).stdout, 'there are no jobs\n');
  });

  it('a wrong file is code 2, and nothing is created', async () => {
    writeFileSync(join(stage.folder, 'p.jsonl'), '{"prompt":"a"}\n{"promt":"b"}\n');
    const { code, stderr } = await stage.run(['jobs', 'create', 'p.jsonl']);
    assert.equal(code, 2);
    assert.match(stderr, /line 2/);
    assert.equal((await stage.run(['jobs', 'list'])).stdout, 'there are no jobs\n');
  });
});
