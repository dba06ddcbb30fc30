/** `unexhausted batch`: what is read, told and left on disk. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openStage, type Stage } from './support/cli.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const write = (name: string, text: string): void => writeFileSync(join(stage.folder, name), text);
const lines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const pictures = (folder: string): string[] =>
  (readdirSync(join(stage.folder, folder), { recursive: true }) as string[]).filter((name) =>
    name.endsWith('.png'),
  );
const numbers = (count: number): string =>
  Array.from({ length: count }, (_, index) => `picture ${index + 1}\n`).join('');

describe('what is read', () => {
  it('.txt is a prompt a line; empty lines are left out, # is part of a prompt', async () => {
    write('p.txt', '\uFEFFa fox\r\n\n   \n# a hare\n');
    const { code, stdout, stderr } = await stage.run(['batch', 'p.txt', '-o', 'out']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^2 done, 0 failed, \$0\.\d+\n$/);
    assert.match(stderr, /2 empty lines left out/);
    assert.equal(pictures('out').length, 2);
  });

  it('.jsonl is prompts, requests or contents, with a key or without', async () => {
    const rows = [
      { prompt: 'a fox', size: '2K' },
      { key: 'of-mine', request: { contents: 'a hare', model: 'gemini-nano-banana-2.1' } },
      { contents: [{ parts: [{ text: 'an owl' }] }] },
    ];
    write('p.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    const { code, stdout, stderr } = await stage.run(['batch', 'p.jsonl', '-o', 'out', '--json']);
    assert.equal(code, 0, stderr);
    const told = lines(stdout);
    assert.equal(told.length, 4);
    const mine = told.find(({ key }) => key === 'of-mine');
    assert.equal(mine?.['model'], 'gemini-nano-banana-2.1');
    assert.deepEqual(told.at(-1)?.['type'], 'summary');
    assert.equal(told.at(-1)?.['done'], 3);
  });

  it('.csv has a header', async () => {
    const rows = ['Prompt,key,model', '"a fox, red",k1,', 'a hare,k2,gemini-nano-banana-2.1'];
    write('p.csv', `\uFEFF${rows.join('\n')}`);
    const { code, stdout, stderr } = await stage.run(['batch', 'p.csv', '-o', 'out', '--json']);
    assert.equal(code, 0, stderr);
    const models = Object.fromEntries(lines(stdout).map(({ key, model }) => [key, model]));
    assert.equal(models['k1'], 'gemini-3-pro-image');
    assert.equal(models['k2'], 'gemini-nano-banana-2.1');
  });

  it('what the library warns of is said once', async () => {
    const row = { contents: 'a', model: 'gemini-nano-banana-2.1', config: { seed: 5 } };
    write('p.jsonl', JSON.stringify(row));
    const { code, stderr } = await stage.run(['batch', 'p.jsonl', '-o', 'out']);
    assert.equal(code, 0, stderr);
    assert.equal(stderr.match(/`seed` is not for/g)?.length, 1, stderr);
  });

  it('- is stdin, in the format that is said', async () => {
    const input = '{"prompt":"a fox"}\n';
    const args = ['batch', '-', '--format', 'jsonl', '-o', 'out'];
    const { code, stdout, stderr } = await stage.run(args, { input });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^1 done/);
  });

  const WRONG: [string, string, RegExp][] = [
    ['p.jsonl', '{"prompt":"a"}\n{"promt":"b"}\n', /p\.jsonl, line 2: it needs "prompt"/],
    ['p.jsonl', '{"prompt":"a"}\n{"prompt"\n', /p\.jsonl, line 2: no JSON/],
    ['p.jsonl', '{"prompt":"a","siz":"2K"}\n', /line 1: unknown "siz"/],
    ['p.jsonl', '{"request":"a","size":"2K"}\n', /line 1: unknown "size" beside "request"/],
    [
      'p.jsonl',
      '{"contents":"a","config":{"httpOptions":{"baseUrl":"http://127.0.0.1:9"}}}\n',
      /line 1: .*`baseUrl` is for the client to say/,
    ],
    ['p.jsonl', '{"prompt":"a","key":1}\n', /line 1: "key" must be a text/],
    [
      'p.jsonl',
      '{"prompt":"a"}\n{"prompt":"b","size":"3K"}\n',
      /line 2: size '3K' is invalid.*512, 1K/,
    ],
    ['p.jsonl', '{"prompt":"a","aspect":"wide"}\n', /line 1: aspect 'wide' is invalid.*16:9/],
    ['p.jsonl', '{"prompt":"a","aspect":"7:5"}\n', /line 1: no model of the chain can do .*ratio/],
    ['p.jsonl', '{"prompt":" "}\n', /line 1: the prompt is empty/],
    ['p.jsonl', '{"contents":5}\n', /line 1: `contents` must be/],
    ['p.jsonl', '{"contents":"a","modle":"x"}\n', /line 1: unknown key `modle`/],
    [
      'p.jsonl',
      '{"contents":"a","config":{"imageConfig":{"imageSize":"9K"}}}\n',
      /line 1: size '9K' is invalid/,
    ],
    ['p.csv', 'prompt,size\na,2K\nb,2k\n', /line 3: size '2k' is invalid/],
    ['p.csv', 'prompt,model\na,no such\n', /line 2: model 'no such' is invalid/],
    ['p.csv', 'promt\na\n', /unknown column promt; the columns are prompt, key/],
    ['p.csv', 'prompt,key\n,k\n', /line 2: the prompt is empty/],
    ['p.csv', 'prompt,key\na,k,more\n', /cannot be read/],
    ['p.txt', '\n\n', /p\.txt has no prompts/],
    ['p.png', 'a\n', /say which it is with --format/],
  ];
  for (const [name, text, says] of WRONG) {
    it(`${JSON.stringify(text)} in ${name} is told before anything is sent`, async () => {
      write(name, text);
      const { code, stdout, stderr } = await stage.run(['batch', name, '-o', 'out']);
      assert.equal(code, 2, stdout);
      assert.match(stderr, says);
      assert.equal(stage.asked(), 0);
      assert.ok(!existsSync(join(stage.folder, 'out')), 'no folder is made');
      const dry = await stage.run(['batch', name, '-o', 'out', '-n']);
      assert.equal(dry.code, 2, dry.stdout);
    });
  }
});

describe('--dry-run', () => {
  it('tells number, cost by model and time at the tier, and sends nothing', async () => {
    const rows = [
      ...Array(30).fill('a fox,,'),
      ...Array(20).fill('a hare,gemini-nano-banana-2.1,2K'),
    ];
    write('p.csv', `prompt,model,size\n${rows.join('\n')}`);
    const args = ['batch', 'p.csv', '-o', 'out', '--dry-run', '--tier', 'tier1'];
    const { code, stdout } = await stage.run(args);
    assert.equal(code, 0);
    assert.match(stdout, /^gemini-3-pro-image +1K +30 +\$4\.02 /m);
    assert.match(stdout, /^gemini-nano-banana-2\.1 +2K +20 +\$1\.01 /m);
    assert.match(stdout, /50 pictures, about \$5\.03; nothing was sent\n$/);
    const told = JSON.parse((await stage.run([...args, '--json', '--route', 'batch'])).stdout);
    assert.equal(told.pictures, 50);
    assert.ok(Math.abs(told.cost - 5.028 / 2) < 1e-9, `${told.cost} is half the price`);
    assert.equal(stage.asked(), 0);
    assert.ok(!existsSync(join(stage.folder, 'out')));
  });

  it('needs no key', async () => {
    write('p.txt', 'a fox\n');
    const { code } = await stage.run(['batch', 'p.txt', '-o', 'out', '--dry-run'], {
      env: { GEMINI_API_KEY: undefined },
    });
    assert.equal(code, 0);
  });
});

describe('stopping', () => {
  /** A batch of 24 that is in the middle of it, with seconds left on any machine. */
  const started = async () => {
    write('p.txt', numbers(24));
    stage.server.emulator.configure({ latency: 250 });
    const run = stage.start(['batch', 'p.txt', '-o', 'out', '--json', '--concurrency', '2']);
    await run.says('"type":"item"');
    return run;
  };

  it('Ctrl-C once finishes what is in flight; the same command does the rest, once', async () => {
    const run = await started();
    run.process.kill('SIGINT');
    const first = await run.ended;
    assert.equal(first.code, 3, first.stderr);
    assert.match(first.stderr, /stopping: what is in flight is finished/);
    assert.match(first.stderr, /The same command goes on from here\./);
    const { served, images } = stage.server.emulator.ledger().totals;
    assert.equal(images, served);
    assert.equal(pictures('out').length, images, 'what was made is saved');
    stage.server.emulator.configure({ latency: 1 });
    const second = await stage.run(['batch', 'p.txt', '-o', 'out']);
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout, /^24 done, 0 failed/);
    assert.equal(pictures('out').length, 24);
    assert.equal(stage.server.emulator.ledger().totals.images, 24, 'nothing is paid for twice');
  });

  it('Ctrl-C twice stops at once, and is resumed too', async () => {
    stage.server.emulator.script([{ fault: 'ok' }, { fault: 'ok', after: 60_000, times: 23 }]);
    const run = await started();
    run.process.kill('SIGINT');
    await run.says('stopping: what is in flight');
    run.process.kill('SIGINT');
    const { code, stderr } = await run.ended;
    assert.equal(code, 130, stderr);
    stage.server.emulator.reset();
    stage.server.emulator.configure({ latency: 1 });
    const second = await stage.run(['batch', 'p.txt', '-o', 'out']);
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout, /^24 done/);
  });

  it('Ctrl-C ends a batch whose stdin stays open', async () => {
    const args = ['batch', '-', '-o', 'out', '--json'];
    const run = stage.start(args, { input: 'a fox\n', open: true });
    await run.says('"type":"item"');
    run.process.kill('SIGINT');
    const { code, stderr } = await run.ended;
    assert.equal(code, 3, stderr);
    assert.equal(pictures('out').length, 1);
  });

  it('a reader that leaves is as Ctrl-C', async () => {
    const run = await started();
    run.process.stdout.destroy();
    const { code, stderr } = await run.ended;
    assert.equal(code, 3, stderr);
    assert.match(stderr, /The same command goes on from here\./);
    assert.ok(stage.asked() < 24);
  });
});

describe('--route batch', () => {
  const jobs = () => stage.server.emulator.ledger().jobs;
  const args = ['batch', 'p.txt', '-o', 'out', '--route', 'batch'];

  it('makes the pictures by a job, at half the price', async () => {
    stage.server.emulator.configure({ batch: { pending: 0, running: 0 } });
    write('p.txt', numbers(12));
    const { code, stdout, stderr } = await stage.run(args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^12 done, 0 failed, \$0\.8/);
    assert.deepEqual([jobs().length, stage.asked(), pictures('out').length], [1, 0, 12]);
  });

  it('leaves the job to the same command after Ctrl-C', async () => {
    stage.server.emulator.configure({ batch: { pending: 0, running: 1_000 } });
    write('p.txt', numbers(12));
    const run = stage.start(args);
    while (jobs().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    run.process.kill('SIGINT');
    const first = await run.ended;
    assert.equal(first.code, 3, first.stderr);
    assert.match(first.stdout, /^0 done, 0 failed/);
    assert.match(first.stderr, /The same command goes on from here\./);
    while (jobs()[0]?.state !== 'succeeded') {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const second = await stage.run(args);
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout, /^12 done/);
    assert.equal(jobs().length, 1, 'nothing is paid for twice');
  });

  it('makes at once what a job did not, for those who want that', async () => {
    stage.server.emulator.configure({ batch: { pending: 0, running: 0, jobs: ['fails'] } });
    write('p.txt', numbers(3));
    const { code, stderr } = await stage.run([...args, '--requeue', 'realtime']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /The job batches\/\w+ is failed\./);
    assert.deepEqual([jobs().length, stage.asked()], [1, 3]);
  });
});

describe('what comes of it', () => {
  it('failures are told with their reason, and are code 1', async () => {
    write('p.txt', numbers(3));
    stage.server.emulator.script(['blocked']);
    const { code, stdout, stderr } = await stage.run(['batch', 'p.txt', '-o', 'out']);
    assert.equal(code, 1);
    assert.match(stdout, /^2 done, 1 failed/);
    assert.match(stderr, /^failed: \d: .*filter of gemini-3-pro-image/m);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });

  it('a folder with other things in it is left alone', async () => {
    write('p.txt', 'a fox\n');
    mkdirSync(join(stage.folder, 'out'));
    write('out/mine.txt', 'mine');
    const refused = await stage.run(['batch', 'p.txt', '-o', 'out']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /out is not empty/);
    assert.equal(stage.asked(), 0);
    const forced = await stage.run(['batch', 'p.txt', '-o', 'out', '--force']);
    assert.equal(forced.code, 0, forced.stderr);
    assert.ok(existsSync(join(stage.folder, 'out', 'mine.txt')));
  });

  it('the quota is shared with generate', async () => {
    write('p.txt', 'a fox\n');
    await stage.run(['batch', 'p.txt', '-o', 'out']);
    await stage.run(['generate', 'a hare']);
    const told = JSON.parse((await stage.run(['quota', '--json'])).stdout);
    const [{ limits }] = told;
    const minute = limits.find(
      ({ dimension }: { dimension: string }) => dimension === 'requests_per_minute',
    );
    assert.equal(minute.used, 2);
  });

  it('--rpm counts for models that only rows name, too', async () => {
    write('p.csv', 'prompt,model\na fox,gemini-3.1-flash-image\na hare,gemini-3.1-flash-image\n');
    const args = ['batch', 'p.csv', '-o', 'out', '--model', 'gemini-3-pro-image', '--rpm', '1'];
    const { code, stdout } = await stage.run([...args, '--deadline', '1s', '--json']);
    assert.equal(code, 0, stdout);
    const models = lines(stdout).flatMap(({ model }) => model ?? []);
    // The minute of the one that is named has room for one; the other goes on to the chain.
    assert.deepEqual(models.sort(), ['gemini-3-pro-image', 'gemini-3.1-flash-image']);
  });

  it('a missing key is told before a folder is made', async () => {
    write('p.txt', 'a fox\n');
    const { code, stderr } = await stage.run(['batch', 'p.txt', '-o', 'out'], {
      env: { GEMINI_API_KEY: undefined },
    });
    assert.equal(code, 2);
    assert.match(stderr, /^error: no API key/);
    assert.ok(!existsSync(join(stage.folder, 'out')));
  });
});
