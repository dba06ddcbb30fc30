/** A picture that was paid for is somewhere, and what cannot be saved is not paid for. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Ended, openStage, PROGRAM, type Stage } from './support/cli.ts';

const PNG = Buffer.from('89504e47', 'hex');
const HAS_FULL = existsSync('/dev/full');

let stage: Stage;
let temp: string;
beforeEach(async () => {
  stage = await openStage({ latency: 300, batch: { pending: 0, running: 0 } });
  temp = join(stage.folder, 'temp');
  mkdirSync(temp);
});
afterEach(() => stage.close());

const at = (name: string): string => join(stage.folder, name);
const environment = () => ({ TMPDIR: temp });
/** What is there beside the folders of the test and of the quota. */
const left = (): string[] =>
  readdirSync(stage.folder).filter((name) => name !== 'temp' && name !== 'state');
const asking = async (): Promise<void> => {
  while (stage.asked() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** The picture is where the error says, for this user alone. */
function isRescued({ code, stderr }: Ended, why: RegExp): void {
  assert.equal(code, 1, stderr);
  assert.match(stderr, why);
  const [, path = ''] = /the picture is kept in (\S+\.png)/.exec(stderr) ?? [];
  assert.ok(path.startsWith(`${temp}/unexhausted-`), stderr);
  assert.deepEqual(readFileSync(path).subarray(0, 4), PNG);
  assert.equal((statSync(path).mode & 0o777).toString(8), '600');
}

describe('what cannot be written is told before anything is sent:', () => {
  const long = 'n'.repeat(300);
  const CASES: [string, string, RegExp][] = [
    ['a link to nothing', 'dangling.png', /dangling\.png is a link to nothing/],
    ['a folder that is missing', 'none/a.png', /there is no folder none/],
    ['a folder that is missing, and no ending', 'none/a', /there is no folder none/],
    ['a name that is too long', `${long}.png`, /cannot be written: ENAMETOOLONG/],
    ['a name that is too long with its ending', 'n'.repeat(252), /ENAMETOOLONG/],
    ['a folder that is a file', 'file.png/a.png', /cannot be written: ENOTDIR/],
    ['a folder that cannot be made', 'file.png/', /the folder cannot be made/],
    ['a file that is there', 'file.png', /file\.png exists/],
  ];
  for (const [what, out, says] of CASES) {
    it(what, async () => {
      symlinkSync(at('nowhere'), at('dangling.png'));
      writeFileSync(at('file.png'), 'mine');
      const { code, stderr } = await stage.run(['generate', 'a fox', '-o', out]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
      assert.equal(stage.asked(), 0);
      assert.deepEqual(left().sort(), ['dangling.png', 'file.png']);
      assert.equal(readFileSync(at('file.png'), 'utf8'), 'mine');
    });
  }

  it('a folder that may not be written to', { skip: process.getuid?.() === 0 }, async () => {
    mkdirSync(at('locked'));
    chmodSync(at('locked'), 0o500);
    for (const out of ['locked/a.png', 'locked/a', 'locked']) {
      const { code, stderr } = await stage.run(['generate', 'a fox', '-o', out]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /cannot be written: EACCES/);
    }
    assert.equal(stage.asked(), 0);
  });
});

describe('a name that was reserved', () => {
  for (const out of [['-o', 'fox.png'], ['-o', 'fox'], []]) {
    it(`is there while it is asked for, and gone when that fails: ${out.join(' ')}`, async () => {
      stage.server.emulator.script(['hang']);
      const run = stage.start(['generate', 'fox', '--model', 'gemini-3-pro-image', ...out]);
      await asking();
      assert.deepEqual(left(), [out[1] === 'fox.png' ? 'fox.png' : 'fox.part']);
      run.process.kill('SIGINT');
      assert.equal((await run.ended).code, 130);
      assert.deepEqual(left(), []);
    });
  }

  it('is gone when the service refuses, and where there is no key', async () => {
    stage.server.emulator.script(['blocked']);
    const { code } = await stage.run(['generate', 'a fox', '-o', 'fox.png']);
    assert.equal(code, 1);
    assert.deepEqual(left(), []);
    const none = await stage.run(['generate', 'a fox', '-o', 'fox.png'], {
      env: { GEMINI_API_KEY: undefined },
    });
    assert.equal(none.code, 2);
    assert.deepEqual(left(), []);
  });

  it('is taken by no other: of two with one name both have a picture', async () => {
    const args = ['generate', 'a fox'];
    const runs = await Promise.all([stage.run(args), stage.run(args)]);
    assert.deepEqual(
      runs.map(({ code }) => code),
      [0, 0],
    );
    assert.deepEqual(left().sort(), ['a-fox-2.png', 'a-fox.png']);
  });

  it('holds what was there until there is a picture, with --force', async () => {
    writeFileSync(at('fox.png'), 'mine');
    stage.server.emulator.script(['blocked']);
    const args = ['generate', 'a fox', '-o', 'fox.png', '--force'];
    assert.equal((await stage.run(args)).code, 1);
    assert.equal(readFileSync(at('fox.png'), 'utf8'), 'mine');
    assert.equal((await stage.run(args)).code, 0);
    assert.deepEqual(readFileSync(at('fox.png')).subarray(0, 4), PNG);
  });
});

describe('a picture that was paid for', () => {
  for (const out of ['set/fox.png', 'set/fox']) {
    it(`is kept elsewhere where its folder was removed meanwhile: ${out}`, async () => {
      mkdirSync(at('set'));
      const run = stage.start(['generate', 'a fox', '-o', out], { env: environment() });
      await asking();
      rmSync(at('set'), { recursive: true });
      // Neither can it be made again.
      writeFileSync(at('set'), '');
      isRescued(await run.ended, /set\/fox\S* could not be written/);
    });
  }

  it('is kept elsewhere where its file is another meanwhile', async () => {
    const run = stage.start(['generate', 'a fox', '-o', 'fox.png'], { env: environment() });
    await asking();
    rmSync(at('fox.png'));
    writeFileSync(at('fox.png'), 'mine');
    isRescued(
      await run.ended,
      /fox\.png could not be written: it was removed or replaced meanwhile/,
    );
    assert.equal(readFileSync(at('fox.png'), 'utf8'), 'mine');
  });

  it('is kept elsewhere where the disk is full', { skip: !HAS_FULL }, async () => {
    const args = ['generate', 'a fox', '-o', '/dev/full', '--force', '--json'];
    const ended = await stage.run(args, { env: environment() });
    isRescued(ended, /\/dev\/full could not be written: ENOSPC/);
    const { error, exitCode } = JSON.parse(ended.stdout);
    assert.equal(exitCode, 1);
    assert.deepEqual(
      readdirSync(temp).map((name) => join(temp, name)),
      error.files,
    );
  });

  it('is kept elsewhere where the reader of stdout has left', async () => {
    const run = stage.start(['generate', 'a fox', '-o', '-'], { env: environment() });
    run.process.stdout.destroy();
    isRescued(await run.ended, /stdout could not be written: .*EPIPE/);
  });

  it('is kept elsewhere where stdout is on a full disk', { skip: !HAS_FULL }, async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [PROGRAM, 'generate', 'a fox', '-o', '-'], {
      cwd: stage.folder,
      env: stage.environment(environment()),
      stdio: ['ignore', full, 'pipe'],
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    isRescued({ code, stdout: '', stderr }, /stdout could not be written: ENOSPC/);
  });

  it('goes whole to a file and to a slow reader', async () => {
    stage.server.emulator.configure({ imageBytes: 3_000_000 });
    const file = openSync(at('piped.png'), 'w');
    const child = spawn(process.execPath, [PROGRAM, 'generate', 'a fox', '-o', '-'], {
      cwd: stage.folder,
      env: stage.environment(),
      stdio: ['ignore', file, 'ignore'],
    });
    assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0);
    assert.equal(statSync(at('piped.png')).size, 3_000_000);
    const run = stage.start(['generate', 'a fox', '-o', '-']);
    run.process.stdout.pause();
    await asking();
    await new Promise((resolve) => setTimeout(resolve, 50));
    let size = 0;
    run.process.stdout.setEncoding('latin1').on('data', (chunk: string) => {
      size += chunk.length;
    });
    run.process.stdout.resume();
    assert.equal((await run.ended).code, 0);
    assert.equal(size, 3_000_000);
  });

  it('by a job is kept elsewhere where its folder takes it not', { skip: !HAS_FULL }, async () => {
    writeFileSync(at('p.jsonl'), '{"prompt":"a","key":"k1"}\n');
    const { stdout } = await stage.run(['jobs', 'create', 'p.jsonl']);
    const name = stdout.trim();
    await stage.run(['jobs', 'wait', name]);
    mkdirSync(at('out'));
    symlinkSync('/dev/full', at('out/k1.png'));
    const args = ['jobs', 'results', name, '-o', 'out', '--force'];
    isRescued(
      await stage.run(args, { env: environment() }),
      /out\/k1 could not be written: ENOSPC/,
    );
  });

  it('by a batch is kept elsewhere where its folder is gone', async () => {
    writeFileSync(at('p.txt'), 'a fox\n');
    const args = ['batch', 'p.txt', '-o', 'out', '--json'];
    const run = stage.start(args, { env: environment() });
    await asking();
    rmSync(at('out'), { recursive: true });
    const { code, stdout, stderr } = await run.ended;
    assert.notEqual(code, 0, stderr);
    const item = JSON.parse(stdout.split('\n')[0] ?? '');
    assert.equal(item.status, 'done');
    const [path] = item.files;
    assert.ok(path.startsWith(temp), path);
    assert.deepEqual(readFileSync(path).subarray(0, 4), PNG);
    assert.ok(stderr.includes(path));
  });
});

describe('what is in folders of our own', () => {
  it('is for this user alone', async () => {
    const run = await stage.run(['generate', 'a fox', '-o', 'mine/', '--state-dir', 'kept']);
    assert.equal(run.code, 0, run.stderr);
    const mode = (name: string): number => statSync(at(name)).mode & 0o777;
    assert.deepEqual([mode('mine'), mode('mine/a-fox.png'), mode('kept')], [0o700, 0o600, 0o700]);
    for (const name of readdirSync(at('kept'), { recursive: true }) as string[]) {
      assert.equal(mode(join('kept', name)) & 0o077, 0, name);
    }
  });
});
