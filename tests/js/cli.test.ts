/** The command line as a whole, and `generate`. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openStage, SECRET, type Stage } from './support/cli.ts';

const PNG = Buffer.from('89504e47', 'hex');
const PRO = 'gemini-3-pro-image';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const file = (name: string): Buffer => readFileSync(join(stage.folder, name));
const isPicture = (name: string): void => {
  assert.deepEqual(file(name).subarray(0, 4), PNG, `${name} is no PNG`);
};

describe('help', () => {
  it('names every command and the exit codes', async () => {
    const { code, stdout } = await stage.run(['--help']);
    assert.equal(code, 0);
    for (const name of 'generate batch quota plan explain models jobs emulator doctor'.split(' ')) {
      assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
    }
    assert.match(stdout, /Exit codes:\n {2}0 {3}done\n/);
    assert.match(stdout, /^ {2}130 /m);
  });

  for (const name of 'generate batch quota plan explain models emulator doctor'.split(' ')) {
    it(`of ${name} has examples, and says what --json does`, async () => {
      const { code, stdout } = await stage.run([name, '--help']);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Examples:\n  \\$ unexhausted ${name}`));
      assert.match(stdout, /--json/);
      for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
      assert.match(stdout, /Exit codes:/);
    });
  }

  it('without a command it is an error', async () => {
    const { code, stdout, stderr } = await stage.run([]);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^Usage: unexhausted/);
  });
});

describe('wrong usage', () => {
  const CASES: [string, string[], RegExp][] = [
    ['an unknown option', ['generate', 'a fox', '--sizes', '2K'], /unknown option '--sizes'/],
    ['an unknown command', ['genrate', 'a fox'], /Did you mean generate/],
    [
      'a wrong choice',
      ['generate', 'a fox', '--size', '3K'],
      /Allowed choices are 512, 1K, 2K, 4K/,
    ],
    ['no number', ['generate', 'a fox', '--rpm', 'x'], /Give a whole number from 1/],
    ['a number of JavaScript', ['generate', 'a', '--rpm', '1e2'], /Give a whole number from 1/],
    [
      'no price',
      ['generate', 'a', '--max-cost', '0x10'],
      /Give an amount in USD above 0, as 0\.50/,
    ],
    ['an endless price', ['batch', 'a', '-o', 'o', '--budget', '1e999'], /Give an amount in USD/],
    ['no ratio', ['generate', 'a fox', '--aspect', 'wide'], /Give a ratio as 16:9/],
    ['a ratio of no model', ['generate', 'a fox', '--aspect', '7:5'], /aspect ratio/],
    ['no model', ['generate', 'a fox', '-m', 'no such'], /Give the id of a model/],
    ['no time', ['generate', 'a fox', '--deadline', '5 fortnights'], /90s, 2m, 1h30m or 1d/],
    ['half a time', ['generate', 'a fox', '--deadline', '1m30'], /Give a time/],
    ['two kinds of limits', ['generate', 'a', '--rpm', '5', '--tier', 'tier1'], /cannot be used/],
    ['an empty prompt', ['generate', ' '], /the prompt is empty/],
    ['no address', ['generate', 'a', '--base-url', 'nowhere'], /must be like https/],
    ['no reference image', ['generate', 'a', '--image', 'none.png'], /image cannot be read/],
    ['no folder', ['generate', 'a', '-o', 'none/a.png'], /there is no folder none/],
    ['an unknown column', ['batch', 'a.csv', '-o', 'out'], /there is no file a\.csv/],
  ];
  for (const [what, args, says] of CASES) {
    it(`${what} is code 2, told, and sends nothing`, async () => {
      const { code, stdout, stderr } = await stage.run(args);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.equal(stage.asked(), 0);
    });
  }
});

describe('keys', () => {
  it('a missing key is one sentence with what to set', async () => {
    const { code, stderr } = await stage.run(['generate', 'a fox'], {
      env: { GEMINI_API_KEY: undefined },
    });
    assert.equal(code, 2);
    assert.match(stderr, /^error: no API key: set GEMINI_API_KEY .*\n$/);
  });

  it('--api-key-env names the variable', async () => {
    const env = { GEMINI_API_KEY: undefined, OTHER_KEY: SECRET };
    const good = await stage.run(['generate', 'a fox', '--api-key-env', 'OTHER_KEY'], { env });
    assert.equal(good.code, 0, good.stderr);
    const bad = await stage.run(['generate', 'a fox', '--api-key-env', 'NO_KEY'], { env });
    assert.equal(bad.code, 2);
    assert.match(bad.stderr, /no API key: NO_KEY is not set/);
  });

  it('a key that is given by mistake is not repeated', async () => {
    const mistakes = [['--api-key-env', SECRET], [`--api-key=${SECRET}`], ['--api-key', SECRET]];
    for (const mistake of mistakes) {
      const { code, stdout, stderr } = await stage.run(['generate', 'a fox', ...mistake]);
      assert.equal(code, 2);
      assert.doesNotMatch(stdout + stderr, new RegExp(SECRET));
    }
  });

  it('a wrong key is code 2 everywhere', async () => {
    stage.server.emulator.configure({ unknownKeys: 'reject' });
    writeFileSync(join(stage.folder, 'p.txt'), 'a fox\n');
    const commands = [
      'batch p.txt -o out',
      'batch p.txt -o jobs --route batch',
      'doctor',
      'jobs create p.txt',
      'jobs list',
      'jobs get abc',
      'jobs wait abc',
      'jobs results abc -o results',
      'jobs cancel abc',
      'jobs delete abc',
    ];
    for (const command of commands) {
      const { code, stdout, stderr } = await stage.run(command.split(' '));
      assert.equal(code, 2, `${command}: ${stderr}`);
      assert.match(stdout + stderr, /API key/, command);
    }
    assert.ok(!existsSync(join(stage.folder, 'results')), 'no folder is made for nothing');
  });

  it('a wrong key is an error with advice, and is never shown, nor is a stack', async () => {
    stage.server.emulator.configure({ unknownKeys: 'reject' });
    for (const more of [[], ['--json'], ['--debug']]) {
      const { code, stdout, stderr } = await stage.run(['generate', 'a fox', ...more]);
      assert.equal(code, 2);
      assert.match(stderr, /^error: 400 INVALID_ARGUMENT: API key not valid/);
      assert.match(stderr, /\nCheck that the key is set/);
      assert.doesNotMatch(stdout + stderr, new RegExp(SECRET));
      assert.equal(/\n\s+at /.test(stderr), more.includes('--debug'));
      if (!more.includes('--json')) continue;
      const { error, exitCode } = JSON.parse(stdout);
      assert.equal(error.kind, 'unauthenticated');
      assert.equal(exitCode, 2);
    }
  });
});

describe('generate', () => {
  it('saves the picture and prints its path, alone, on stdout', async () => {
    const { code, stdout, stderr } = await stage.run(['generate', 'a red kite', '-o', 'kite.png']);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, 'kite.png\n');
    assert.match(stderr, /^gemini-3-pro-image, image\/png, 1 attempt, \$0\.\d+\n$/);
    isPicture('kite.png');
  });

  it('--json is one value on stdout', async () => {
    const { code, stdout } = await stage.run(['generate', 'a red kite', '--json']);
    assert.equal(code, 0);
    const told = JSON.parse(stdout);
    assert.deepEqual(told.files, ['a-red-kite.png']);
    assert.equal(told.model, PRO);
    assert.ok(told.cost > 0.1 && told.cost < 0.2, `${told.cost}`);
    assert.equal(told.attempts.length, 1);
  });

  it('asks for the model, size and ratio that it is given', async () => {
    const args = ['generate', 'a fox', '--model', 'gemini-nano-banana-2.1', '--size', '2K'];
    const { code, stdout } = await stage.run([...args, '--aspect', '16:9', '--json']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).model, 'gemini-nano-banana-2.1');
    assert.ok(JSON.parse(stdout).cost > 0.05, 'a picture in 2K');
  });

  it('sends reference images', async () => {
    await stage.run(['generate', 'a fox', '-o', 'fox.png']);
    const plain = stage.server.emulator.ledger().requests.at(-1)?.promptTokens ?? 0;
    const { code } = await stage.run(['generate', 'a fox', '--image', 'fox.png', '-o', 'b.png']);
    assert.equal(code, 0);
    const shown = stage.server.emulator.ledger().requests.at(-1)?.promptTokens ?? 0;
    assert.ok(shown > plain + 100, `${shown} tokens with a picture, ${plain} without`);
  });

  it('makes safe and unique names of prompts', async () => {
    const prompts = [
      '../../etc/passwd',
      'a/b\\c: "d"?',
      'Ein Füchslein — im Schnee',
      'con',
      '…',
      '…',
    ];
    const names: string[] = [];
    for (const prompt of prompts) {
      const { stdout } = await stage.run(['generate', prompt]);
      names.push(stdout.trim());
    }
    assert.deepEqual(names, [
      'etc-passwd.png',
      'a-b-c-d.png',
      'ein-füchslein-im-schnee.png',
      'con-picture.png',
      'picture.png',
      'picture-2.png',
    ]);
    for (const name of names) isPicture(name);
    const long = await stage.run(['generate', 'very '.repeat(500)]);
    assert.ok(long.stdout.trim().length <= 64, long.stdout);
  });

  it('overwrites nothing without --force, and pays for nothing that it could not save', async () => {
    writeFileSync(join(stage.folder, 'mine.png'), 'mine');
    const refused = await stage.run(['generate', 'a fox', '-o', 'mine.png']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /mine\.png exists/);
    assert.equal(stage.asked(), 0);
    assert.equal(file('mine.png').toString(), 'mine');
    const forced = await stage.run(['generate', 'a fox', '-o', 'mine.png', '--force']);
    assert.equal(forced.code, 0);
    isPicture('mine.png');
  });

  it('a prompt of - is read from stdin, and -o - is the picture itself', async () => {
    const { code, stdout, stderr } = await stage.run(['generate', '-', '-o', '-'], {
      input: 'a fox\n',
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /PNG/);
    assert.deepEqual(readdirSync(stage.folder), ['state']);
  });

  it('falls back, and says from what to what and why', async () => {
    stage.server.emulator.script([{ fault: '503', model: PRO }]);
    const { code, stderr } = await stage.run(['generate', 'a fox']);
    assert.equal(code, 0);
    assert.match(stderr, /gemini-3-pro-image -> gemini-nano-banana-2\.1: The service has no cap/);
  });

  it('asks one model alone, or those of --fallback', async () => {
    stage.server.emulator.script([{ fault: '429-day', model: PRO }]);
    const args = ['generate', 'a fox', '--model', PRO, '--fallback', 'gemini-3.1-flash-lite-image'];
    const { code, stdout } = await stage.run([...args, '--json']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).model, 'gemini-3.1-flash-lite-image');
  });

  it('waits as long as the service says, and says until when', async () => {
    stage.server.emulator.script([{ fault: '429-detailed', retryDelay: 300, model: PRO }]);
    const { code, stderr } = await stage.run(['generate', 'a fox', '--model', PRO]);
    assert.equal(code, 0);
    assert.match(stderr, /waiting until \d\d:\d\d:\d\d \(0\.\d s\)$/m);
    assert.match(stderr, /2 attempts, waited 0\.\d s/);
  });

  it('a spent day is code 3, with the moment in local time', async () => {
    stage.server.emulator.script([{ fault: '429-day', model: PRO }]);
    const { code, stderr } = await stage.run(['generate', 'a fox', '--model', PRO], {
      env: { TZ: 'Asia/Tokyo' },
    });
    assert.equal(code, 3);
    // Midnight Pacific is in the afternoon in Tokyo.
    assert.match(stderr, /\nTry again at (?:\d{4}-\d\d-\d\d )?1[67]:00:00\.\n$/);
  });

  it('without a network it is code 3', async () => {
    const env = { GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9' };
    const args = ['generate', 'a fox', '--model', PRO, '--deadline', '300ms'];
    const { code, stderr } = await stage.run(args, { env });
    assert.equal(code, 3, stderr);
    assert.match(stderr, /check the connection/);
  });

  it('--base-url goes before the environment', async () => {
    const env = { GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9' };
    const { code } = await stage.run(['generate', 'a', '--base-url', stage.server.url], { env });
    assert.equal(code, 0);
  });

  it('Ctrl-C is code 130, and nothing is left', async () => {
    stage.server.emulator.script([{ fault: 'hang' }]);
    const run = stage.start(['generate', 'a fox', '--model', PRO]);
    while (stage.asked() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    run.process.kill('SIGINT');
    const { code, stderr } = await run.ended;
    assert.equal(code, 130);
    assert.equal(stderr, 'error: stopped; nothing was saved\n');
  });

  it('a folder for the quota that cannot be made is told, and no failure', async () => {
    writeFileSync(join(stage.folder, 'taken'), '');
    const { code, stderr } = await stage.run(['generate', 'a', '--state-dir', 'taken/state']);
    assert.equal(code, 0, stderr);
    assert.equal(stderr.match(/quota cannot be remembered/g)?.length, 1, stderr);
    const doctor = await stage.run(['doctor', '--yes', '--state-dir', 'taken/state']);
    assert.equal(doctor.stderr.match(/quota cannot be remembered/g)?.length, 1, doctor.stderr);
  });

  it('a folder that the system never makes is told at once', {
    skip: process.platform !== 'linux',
  }, async () => {
    const { code, stderr } = await stage.run(['quota', '--state-dir', '/proc/nothing/here']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^the quota cannot be remembered: ENOENT.*\n$/);
  });

  it('-m is the model, and times are as people write them', async () => {
    const args = ['generate', 'a fox', '-m', 'gemini-nano-banana-2.1', '--json'];
    for (const time of ['90s', '2m', '1m30s', '1h', '90']) {
      const { code, stdout, stderr } = await stage.run([...args, '--deadline', time]);
      assert.equal(code, 0, `${time}: ${stderr}`);
      assert.equal(JSON.parse(stdout).model, 'gemini-nano-banana-2.1');
    }
  });

  it('an option of the library is called as the command line calls it', async () => {
    const { code, stderr } = await stage.run(['generate', 'a fox', '--max-cost', '0.001']);
    assert.equal(code, 1);
    assert.match(stderr, /Allow a higher --max-cost/);
    assert.equal(stage.asked(), 0);
  });

  it('--dry-run says the cost and the time, and sends nothing', async () => {
    const { code, stdout } = await stage.run(['generate', 'a fox', '-n', '--size', '4K']);
    assert.equal(code, 0);
    assert.match(stdout, /^gemini-3-pro-image +4K +1 +\$0\.24 +at once$/m);
    assert.match(stdout, /1 picture, about \$0\.24; nothing was sent\n$/);
    assert.equal(stage.asked(), 0);
    assert.deepEqual(readdirSync(stage.folder), []);
  });
});

describe('streams', () => {
  it('NO_COLOR and FORCE_COLOR are honoured, and a pipe has no colors', async () => {
    const colored = ({ stderr }: { stderr: string }) => stderr.includes('\u001b[');
    const args = ['generate', '', '--json'];
    const plain = await stage.run(args);
    assert.equal(colored(plain), false);
    const forced = await stage.run(args, { env: { FORCE_COLOR: '1' } });
    assert.equal(colored(forced), true);
    const none = await stage.run(args, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
    assert.equal(colored(none), false);
  });

  for (const args of [['models'], ['batch', '--help'], ['plan', '100']]) {
    it(`a reader that leaves ${args.join(' ')} is no failure`, async () => {
      const run = stage.start(args);
      run.process.stdout.destroy();
      const { code, stderr } = await run.ended;
      assert.equal(code, 0, stderr);
      assert.equal(stderr, '');
    });
  }
});

describe('the quota between runs', () => {
  it('is what generate used, and a spent day is not asked for again', async () => {
    const before = await stage.run(['quota']);
    assert.equal(before.stdout, 'nothing is used, and no limit is known yet\n');
    stage.server.emulator.script(['ok', { fault: '429-day', model: PRO, limit: 1 }]);
    const args = ['generate', 'a fox', '--model', PRO];
    assert.equal((await stage.run(args)).code, 0);
    assert.equal((await stage.run(args)).code, 3);
    const asked = stage.asked();
    assert.equal((await stage.run(args)).code, 3);
    assert.equal(stage.asked(), asked, 'the day is known to be spent');
    const { stdout } = await stage.run(['quota']);
    assert.match(stdout, /^gemini-3-pro-image +requests per day +\d+ +1 /m);
    const told = JSON.parse((await stage.run(['quota', '--json'])).stdout);
    const report = told.find(({ model }: { model: string }) => model === PRO);
    const day = report.limits.find(
      ({ dimension }: { dimension: string }) => dimension === 'requests_per_day',
    );
    assert.equal(day.limit, 1);
    assert.equal(day.source, 'learned');
  });

  it('lies where --state-dir says, and holds no key', async () => {
    await stage.run(['generate', 'a fox', '--state-dir', 'elsewhere']);
    const folder = join(stage.folder, 'elsewhere');
    assert.ok(readdirSync(folder).length > 0);
    assert.ok(!existsSync(join(stage.folder, 'state', 'unexhausted')));
    for (const name of readdirSync(folder, { recursive: true }) as string[]) {
      assert.doesNotMatch(name, new RegExp(SECRET));
    }
  });
});
