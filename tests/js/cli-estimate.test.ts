/** `unexhausted batch --dry-run`: the limits and the journal that it counts with. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openStage, type Stage } from './support/cli.ts';

const PRO = 'gemini-3-pro-image';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const prompts = (count: number): void => {
  const lines = Array.from({ length: count }, (_, index) => `picture ${index + 1}\n`);
  writeFileSync(join(stage.folder, 'p.txt'), lines.join(''));
};

/** The estimate, as JSON. */
async function estimate(...more: string[]) {
  const { code, stdout, stderr } = await stage.run([...DRY, '--json', ...more]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

const BATCH = ['batch', 'p.txt', '-o', 'out'];
const DRY = [...BATCH, '--dry-run'];

describe('the limits of an estimate', () => {
  it('are those of --rpm and --rpd, and of no tier', async () => {
    prompts(50);
    const minute = await estimate('--rpm', '10');
    assert.equal(minute.tier, undefined);
    assert.equal(minute.rows[0].time, 4 * 60_000);
    assert.equal(minute.rows[0].binds, 'requests_per_minute');
    const day = await estimate('--rpm', '10', '--rpd', '20');
    assert.equal(day.rows[0].binds, 'requests_per_day');
    const { stdout } = await stage.run([...DRY, '--rpm', '10']);
    assert.match(stdout, /^model +size +pictures +cost +time$/m);
    assert.match(stdout, / 4 min, by requests per minute$/m);
  });

  it('are those of --tier, else of the first tier where nothing is known', async () => {
    prompts(50);
    assert.equal((await estimate('--tier', 'tier2')).tier, 'tier2');
    const guess = await estimate();
    assert.equal(guess.tier, 'tier1');
    assert.equal(guess.rows[0].time, 2 * 60_000);
  });

  it('are those that are remembered, and count what is used', async () => {
    stage.server.emulator.script(['ok', { fault: '429-day', model: PRO, limit: 1 }]);
    await stage.run(['generate', 'a fox', '--model', PRO]);
    await stage.run(['generate', 'a hare', '--model', PRO]);
    prompts(3);
    const told = await estimate();
    assert.equal(told.tier, undefined);
    assert.equal(told.rows[0].binds, 'requests_per_day');
    // The first of three may be asked for at midnight Pacific.
    const days = told.rows[0].time / (24 * 3_600_000);
    assert.ok(days > 2 && days < 3.1, `${days} days`);
  });

  it('count what other commands have used of --rpm', async () => {
    await stage.run(['generate', 'a fox', '--model', PRO]);
    prompts(2);
    const { rows } = await estimate('--rpm', '2');
    assert.ok(rows[0].time > 0 && rows[0].time < 65_000, `${rows[0].time}`);
  });

  it('of a size apart are those of its model', async () => {
    writeFileSync(join(stage.folder, 'p.csv'), 'prompt,size\na,1K\nb,2K\nc,2K\n');
    const args = ['batch', 'p.csv', '-o', 'out', '-n', '--rpm', '1', '--json'];
    const { rows } = JSON.parse((await stage.run(args)).stdout);
    assert.deepEqual(
      rows.map(({ time }: { time: number }) => time),
      [120_000, 120_000],
    );
  });

  it('a price that is not known is said', async () => {
    prompts(2);
    const { stdout } = await stage.run([...DRY, '-m', 'gemini-9-image']);
    assert.match(stdout, /2 pictures, at a price that is not known; nothing was sent\n$/);
  });
});

describe('the journal of an estimate', () => {
  it('what is done costs nothing', async () => {
    prompts(2);
    assert.equal((await stage.run(BATCH)).code, 0);
    prompts(3);
    const told = await estimate();
    assert.deepEqual([told.pictures, told.done, told.toMake], [3, 2, 1]);
    assert.ok(Math.abs(told.cost - 0.134) < 1e-9, `${told.cost}`);
    const before = readdirSync(join(stage.folder, 'out'));
    const { stdout } = await stage.run(DRY);
    assert.match(stdout, /^3 pictures: 2 done, 1 to make, about \$0\.134; nothing was sent$/m);
    assert.deepEqual(readdirSync(join(stage.folder, 'out')), before);
    const run = await stage.run(BATCH);
    assert.match(run.stderr, /^3 pictures: 2 done, 1 to make, about \$0\.134$/m);
    assert.match((await stage.run(DRY)).stdout, /^3 pictures: 3 done, nothing to make; nothing/);
  });

  it('another size or model on a finished folder is said, with its cost, before it is paid', async () => {
    prompts(2);
    await stage.run(BATCH);
    const others =
      /^2 pictures are done in out with another prompt, model, size or aspect: made anew, and paid for again$/m;
    for (const more of [
      ['--size', '4K'],
      ['-m', 'gemini-nano-banana-2.1'],
    ]) {
      const dry = await stage.run([...DRY, ...more]);
      assert.match(dry.stderr, others);
      assert.match(dry.stdout, /^2 pictures, about \$0\.\d+; nothing was sent$/m);
      const { stderr } = await stage.run([...BATCH, ...more, '--budget', '0.01']);
      assert.match(stderr, others);
      assert.match(stderr, /^2 pictures, about \$0\.\d+$/m);
    }
    assert.equal(stage.asked(), 2);
    assert.equal((await stage.run(DRY)).stderr, '');
    writeFileSync(join(stage.folder, 'p.txt'), 'another prompt\n');
    assert.equal((await stage.run(DRY)).stderr, '', 'what was another prompt is left alone');
  });

  it('another request under a key is said too', async () => {
    const write = (text: string) =>
      writeFileSync(join(stage.folder, 'p.csv'), `key,prompt\n${text}`);
    const args = ['batch', 'p.csv', '-o', 'out'];
    write('k1,a fox\nk2,a hare\n');
    await stage.run(args);
    write('k1,a fox\nk2,an owl\n');
    const { stdout, stderr } = await stage.run([...args, '-n']);
    assert.match(stdout, /^2 pictures: 1 done, 1 to make/m);
    assert.match(stderr, /^1 picture is done in out with another prompt, model, size or aspect: /m);
  });

  it('a picture that is gone is made anew, and one that failed for good is not', async () => {
    prompts(2);
    stage.server.emulator.script(['blocked']);
    assert.equal((await stage.run([...BATCH, '--concurrency', '1'])).code, 1);
    const told = await estimate();
    assert.deepEqual([told.done, told.failed, told.toMake], [1, 1, 0]);
    assert.equal((await estimate('--retry-failed')).toMake, 1);
    const folder = join(stage.folder, 'out');
    for (const name of readdirSync(folder)) {
      if (name.endsWith('.png')) rmSync(join(folder, name));
    }
    const { stdout, stderr } = await stage.run(DRY);
    assert.match(stderr, /^1 picture of the journal is not in out any more: made anew$/m);
    assert.match(stdout, /2 pictures: 1 failed for good, 1 to make, about \$0\.134;/);
  });

  it('what is in a job is under way', async () => {
    stage.server.emulator.configure({ batch: { jobs: ['stuckRunning'] } });
    prompts(3);
    const run = stage.start([...BATCH, '--route', 'batch']);
    while (stage.server.emulator.ledger().jobs.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    run.process.kill('SIGINT');
    await run.ended;
    const told = await estimate();
    assert.deepEqual([told.inJobs, told.toMake, told.cost], [3, 0, 0]);
  });

  it('a folder that is not there is not made', async () => {
    prompts(1);
    await estimate();
    assert.ok(!existsSync(join(stage.folder, 'out')));
    assert.ok(!existsSync(join(stage.folder, 'state')));
  });
});
