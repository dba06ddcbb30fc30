/** What the command line shows on a terminal, wide and narrow. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type * as Progress from '../../js/cli/progress.ts';
import type * as Table from '../../js/cli/table.ts';
import type * as Words from '../../js/cli/words.ts';
import type * as Wrap from '../../js/cli/wrap.ts';
import type { BatchProgress } from '../../pkg/index.js';
import { openStage, PROGRAM, SECRET } from './support/cli.ts';
import { importCli } from './support/cli-module.ts';

const { progressLine, progressLines } = await importCli<typeof Progress>('progress');
const { wrapped } = await importCli<typeof Wrap>('wrap');
const { fittingTable, table } = await importCli<typeof Table>('table');
const { count, duration, moment, money, short } = await importCli<typeof Words>('words');

const NOW = Date.UTC(2026, 10, 25, 12);
const PROGRESS: BatchProgress = {
  taken: 60,
  complete: false,
  done: 20,
  failed: 2,
  restored: 8,
  inFlight: 4,
  jobs: 0,
  cost: 2.68,
  possibleCost: 0,
  perMinute: 9.6,
  state: 'running',
};
const OUTLOOK = { total: 62, columns: 120, now: NOW };

describe('the bar', () => {
  it('tells done, failed, cost now and at the end, time left, rate', () => {
    assert.equal(
      progressLines(PROGRESS, OUTLOOK),
      '███████████░░░░░░░░░░░░░░░░░░░ 20/62 done, 2 failed, $2.68 of about $8.04, 4 min 10 s left, 9.6/min, 4 in flight',
    );
  });

  it('tells what is waited for, and until when', () => {
    const waiting = { reason: '20 requests a minute are used', until: new Date(NOW + 38_000) };
    const [, line] = progressLines({ ...PROGRESS, waiting }, OUTLOOK).split('\n');
    const at = moment(waiting.until, new Date(NOW));
    assert.equal(line, `waiting until ${at} (38 s): 20 requests a minute are used`);
    assert.match(progressLine({ ...PROGRESS, waiting }, OUTLOOK), /; waiting until .*\(38 s\)/);
  });

  it('estimates by the rate that it shows, or by the wait, which it shows then', () => {
    for (const perMinute of [0.04, 0.96, 1.26, 9.94, 12.4, 12.6, 119.5]) {
      const text = progressLine({ ...PROGRESS, perMinute }, OUTLOOK);
      const [, rate] = /, ([\d.]+)\/min/.exec(text) ?? [];
      if (rate === undefined) assert.doesNotMatch(text, /left/, text);
      else assert.ok(text.includes(`, ${duration((40 / Number(rate)) * 60_000)} left`), text);
    }
    const waiting = { reason: 'the day is spent', until: new Date(NOW + 3_600_000) };
    const text = progressLine({ ...PROGRESS, waiting }, OUTLOOK);
    assert.match(
      text,
      /, at least 1 h left, 4 in flight; waiting until .* \(1 h\): the day is spent$/,
    );
  });

  it('tells of jobs that have not ended', () => {
    const text = progressLines({ ...PROGRESS, inFlight: 0, jobs: 2 }, OUTLOOK);
    assert.match(text, /9\.6\/min, 2 open jobs$/);
  });

  it('fits every width', () => {
    const waiting = { reason: '20 requests a minute are used', until: new Date(NOW + 38_000) };
    for (let columns = 10; columns <= 200; columns += 1) {
      const text = progressLines({ ...PROGRESS, waiting }, { ...OUTLOOK, columns });
      for (const line of text.split('\n')) {
        assert.ok([...line].length < Math.max(columns, 11), `${columns}: ${line}`);
      }
    }
    const narrow = progressLines(PROGRESS, { ...OUTLOOK, columns: 34 });
    assert.match(narrow, /20\/62 done, 2 failed/);
  });

  it('promises nothing where the number is not known', () => {
    const { total: _, ...unknown } = OUTLOOK;
    const text = progressLine(PROGRESS, unknown);
    assert.equal(text, '20 done, 2 failed, $2.68, 9.6/min, 4 in flight');
  });
});

describe('words', () => {
  it('money has the digits that say something', () => {
    const shown = [0, 0.0336, 0.134, 0.1, 1.614, 12, 250, 12_345.6].map(money);
    assert.deepEqual(shown, [
      '$0',
      '$0.0336',
      '$0.134',
      '$0.10',
      '$1.61',
      '$12',
      '$250',
      '$12,346',
    ]);
  });

  it('times are in two units at most', () => {
    const shown = [0, 2_400, 59_400, 200_000, 7_500_000, 360_000_000, Infinity].map(duration);
    const words = ['0.0 s', '2.4 s', '59 s', '3 min 20 s', '2 h 5 min', '4 d 4 h', 'for ever'];
    assert.deepEqual(shown, words);
  });

  it('a text is cut by characters, not through them', () => {
    assert.equal(short('a  fox\nand a 🦊', 9), 'a fox an…');
    assert.equal(short('🦊🦊🦊', 3), '🦊🦊🦊');
    assert.equal(count(1, 'picture'), '1 picture');
    assert.equal(count(2000, 'picture'), '2,000 pictures');
  });
});

describe('sentences', () => {
  it('break between words, and keep their indent', () => {
    assert.equal(wrapped('one two three', 7), 'one two\nthree');
    assert.equal(wrapped('  one two three\n- four five', 9), '  one two\n  three\n- four\n  five');
    assert.equal(wrapped('https://a.example/long', 5), 'https://a.example/long');
    assert.equal(wrapped('\u001b[31merror:\u001b[39m a b', 10), '\u001b[31merror:\u001b[39m a b');
  });
});

describe('tables', () => {
  it('spare columns until they fit, and none where there is room', () => {
    const [names, rows] = [['job', 'model', 'state'], [['a-long-name', 'a-model', 'done']]];
    const whole = table(names, rows);
    assert.equal(fittingTable(80, names, rows, ['model', 'state']), whole);
    assert.equal(
      fittingTable(20, names, rows, ['model', 'state']),
      'job          state\na-long-name  done',
    );
    assert.equal(fittingTable(3, names, rows, ['model', 'state']), 'job\na-long-name');
  });
});

/** util-linux has a program that gives another one a terminal; BSD's takes other options. */
const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes(
  'util-linux',
);

describe('on a terminal', { skip: hasTerminal ? false : "util-linux's script is missing" }, () => {
  it('there is a bar, which is gone at the end, and Ctrl-C is told', async () => {
    const stage = await openStage({ latency: 250 });
    try {
      writeFileSync(join(stage.folder, 'p.txt'), 'a fox\n'.repeat(20));
      const command = `stty rows 24 cols 60; exec '${process.execPath}' '${PROGRAM}' batch p.txt -o out --concurrency 2`;
      const child = spawn('script', ['-qfec', command, '/dev/null'], {
        cwd: stage.folder,
        env: {
          ...process.env,
          TERM: 'xterm',
          NO_COLOR: '1',
          XDG_STATE_HOME: join(stage.folder, 'state'),
          GOOGLE_GEMINI_BASE_URL: stage.server.url,
          GEMINI_API_KEY: SECRET,
        },
      });
      let screen = '';
      const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
      await new Promise<void>((resolve) => {
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
          screen += chunk;
          if (/[1-9]\/20 done/.test(screen)) resolve();
        });
        child.on('close', () => resolve());
      });
      child.stdin.write('\u0003');
      assert.equal(await closed, 3, screen);
      const text = stripVTControlCharacters(screen);
      assert.match(text, /█+░+ \d+\/20 done, \$0\.\d+ of about \$\d/);
      assert.match(text, /stopping: what is in flight is finished/);
      assert.match(text, /The same command goes on from here\.\s*$/);
      for (const line of text.split(/[\r\n]+/)) {
        // What is said once may be longer; what changes may not.
        if (line.includes('░')) assert.ok([...line].length < 60, line);
      }
    } finally {
      await stage.close();
    }
  });
});
