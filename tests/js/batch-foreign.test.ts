/** A journal is data of whoever wrote it: nothing in it moves, deletes or tells what is not a batch's own. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { BatchSummary } from '../../pkg/index.js';
import { type Bench, filesIn, openBench } from './support/batches.ts';
import { many, PROMPT } from './support/scene.ts';

const PROMPTS = many(2, (index) => `${PROMPT} ${index}`);
const PICTURE = 0.134;

interface Line {
  record: string;
  usd?: unknown;
  files?: { name: unknown; temp: unknown; size: unknown }[];
  [field: string]: unknown;
}

let bench: Bench;
beforeEach(async () => {
  bench = await openBench({ imageBytes: 5_000 });
});
afterEach(() => bench.close());

const kinds = ({ notices }: BatchSummary): string[] => notices.map(({ kind }) => kind);
const out = (): string => `${bench.journal}.pictures`;

/** Changes the first line of a kind. */
function forge(record: string, change: (line: Line) => void): void {
  const lines = bench.lines().map((line) => JSON.parse(line) as Line);
  const line = lines.find((each) => each.record === record);
  assert.ok(line);
  change(line);
  writeFileSync(bench.journal, `${lines.map((each) => JSON.stringify(each)).join('\n')}\n`);
}

function file(line: Line): { name: unknown; temp: unknown; size: unknown } {
  const [first] = line.files ?? [];
  assert.ok(first);
  return first;
}

describe('a journal of somebody else', () => {
  const VICTIM = 'kept as it is';
  const victim = (): string => join(bench.folder, 'victim');
  const NAMES: Record<string, (line: Line) => void> = {
    'a first name above the folder': (line) => {
      file(line).temp = '../victim';
    },
    'an absolute first name': (line) => {
      file(line).temp = victim();
    },
    'a first name with separators': (line) => {
      file(line).temp = '.0123456789abcdef-0.part/../../victim';
    },
    'a first name as of other systems': (line) => {
      file(line).temp = '..\\victim';
    },
    'a final name above the folder': (line) => {
      Object.assign(file(line), { name: '../victim', size: VICTIM.length });
    },
    'an absolute final name': (line) => {
      Object.assign(file(line), { name: victim(), size: VICTIM.length });
    },
    'a drive': (line) => {
      file(line).name = 'C:victim.png';
    },
    'a name that is no picture’s': (line) => {
      file(line).name = '.bashrc';
    },
    'a NUL': (line) => {
      file(line).name = 'a\0.png';
    },
    'a NUL in a first name': (line) => {
      file(line).temp = '.0123456789abcdef-0.part\0';
    },
    'a huge name': (line) => {
      file(line).name = `${'a'.repeat(1_000_000)}.png`;
    },
    'no file': (line) => {
      line.files = [];
    },
    'a cost below nothing': (line) => {
      line.usd = -1_000;
    },
    'a cost without end': (line) => {
      line.usd = 1e300;
    },
    'a cost that is a text': (line) => {
      line.usd = '0.1';
    },
    'a size below nothing': (line) => {
      file(line).size = -1;
    },
    'a key that is a number': (line) => {
      line['key'] = 7;
    },
    'files that are a text': (line) => {
      line['files'] = 'a.png' as never;
    },
    'a file that is null': (line) => {
      line['files'] = [null as never];
    },
  };
  for (const [what, change] of Object.entries(NAMES)) {
    it(`with ${what} is one notice, and moves and tells nothing of it`, async () => {
      await bench.run(PROMPTS, { concurrency: 1 });
      writeFileSync(victim(), VICTIM);
      forge('made', (line) => {
        file(line).size = VICTIM.length;
        change(line);
      });
      const { items, summary } = await bench.run(PROMPTS);
      assert.equal(readFileSync(victim(), 'utf8'), VICTIM);
      // Its item is made again, and the other one is kept.
      assert.deepEqual(
        items.map(({ restored }) => restored),
        [false, true],
      );
      assert.equal(bench.sent(), 3);
      assert.deepEqual(kinds(summary), ['unreadable_line', 'possibly_paid_twice']);
      assert.ok(summary.cost + summary.possibleCost >= bench.billed() - 1e-6);
      for (const { files } of items) {
        assert.equal(files.length, 1);
        assert.ok(files[0]?.startsWith(`${out()}/`));
      }
      // Finished pictures keep their names, so the next run restores them.
      const again = await bench.run(PROMPTS);
      assert.ok(again.items.every(({ restored }) => restored));
      assert.deepEqual(kinds(again.summary), ['unreadable_line']);
    });
  }

  it('gives no budget back', async () => {
    await bench.run(PROMPTS, { concurrency: 1 });
    forge('made', (line) => {
      line.usd = -1_000;
    });
    const prompts = [...PROMPTS, 'one more', 'and another'];
    const { summary } = await bench.run(prompts, { budget: 3.5 * PICTURE });
    assert.equal(summary.stopped?.reason, 'over_budget');
    assert.ok(bench.billed() <= 3.5 * PICTURE);
  });

  it('with a job that is called as none can be goes on without it', async () => {
    await bench.run(PROMPTS);
    const lines = [
      { record: 'jobCreated', displayName: 'a', name: '../files/b' },
      { record: 'named', key: 'a', files: [{ name: '../a.png', temp: '../b', size: 1 }] },
    ];
    const text = readFileSync(bench.journal, 'utf8');
    writeFileSync(
      bench.journal,
      `${text}${lines.map((line) => JSON.stringify(line)).join('\n')}\n`,
    );
    const { summary } = await bench.run(PROMPTS);
    assert.deepEqual([summary.done, ...kinds(summary)], [2, 'unreadable_line', 'unreadable_line']);
    assert.equal(bench.sent(), 2);
  });

  it('with a line that has no end goes on without it', async () => {
    await bench.run(PROMPTS);
    const [first, ...rest] = bench.lines();
    writeFileSync(bench.journal, `${first}\n`);
    // A hole in the file, of more characters than a text can have.
    truncateSync(bench.journal, 600 * 1024 * 1024);
    appendFileSync(bench.journal, `\n${rest.join('\n')}\n`);
    const { items, summary } = await bench.run(PROMPTS);
    assert.ok(items.every(({ restored }) => restored));
    assert.deepEqual(kinds(summary), ['unreadable_line']);
  });

  it('with a million lines of nothing goes on, and says it often enough', async () => {
    await bench.run(PROMPTS);
    const text = readFileSync(bench.journal, 'utf8');
    writeFileSync(bench.journal, `${text}${'x\n'.repeat(1_000_000)}`);
    const { items, summary } = await bench.run(PROMPTS);
    assert.ok(items.every(({ restored }) => restored));
    assert.equal(summary.notices.length, 1_000);
  });

  it('brings no link of another’s to its place', async () => {
    const { items } = await bench.run(PROMPTS, { concurrency: 1 });
    writeFileSync(victim(), 'x'.repeat(5_000));
    const picture = items[0]?.files[0] as string;
    const made = bench.records().find(({ record }) => record === 'made') as unknown as Line;
    rmSync(picture);
    symlinkSync(victim(), join(out(), String(file(made).temp)));
    const again = await bench.run(PROMPTS);
    assert.equal(again.items[0]?.restored, false);
    assert.ok(lstatSync(again.items[0]?.files[0] as string).isFile());
    assert.equal(readFileSync(victim(), 'utf8'), 'x'.repeat(5_000));
  });

  it('brings nothing to where a link leads', async () => {
    const { items } = await bench.run(PROMPTS, { concurrency: 1, fileName: () => 'set/fox' });
    const outside = join(bench.folder, 'outside');
    const made = bench.records().find(({ record }) => record === 'made') as unknown as Line;
    renameSync(items[0]?.files[0] as string, join(out(), String(file(made).temp)));
    mkdirSync(outside);
    renameSync(join(out(), 'set'), join(bench.folder, 'aside'));
    symlinkSync(outside, join(out(), 'set'));
    await bench.run(PROMPTS, { fileName: ({ key }) => key });
    assert.deepEqual(readdirSync(outside), []);
  });
});

describe('a journal with several names', () => {
  const ANOTHER = /another process \(\d+\) works on this journal/;
  const elsewhere = (): string => {
    const folder = join(bench.folder, 'elsewhere');
    mkdirSync(folder);
    return join(folder, 'other.jsonl');
  };

  for (const [what, link] of [
    ['a link', symlinkSync],
    ['a hard link', linkSync],
  ] as const) {
    it(`is had by one run at a time, by ${what} too`, async () => {
      writeFileSync(bench.journal, '');
      const other = elsewhere();
      link(bench.journal, other);
      const client = bench.client();
      let go = (): void => {};
      const gate = new Promise<void>((resolve) => {
        go = resolve;
      });
      const source = async function* () {
        yield PROMPTS[0] as string;
        await gate;
        yield PROMPTS[1] as string;
      };
      const first = client.batch(source(), { journal: bench.journal });
      const reader = first[Symbol.asyncIterator]();
      await reader.next();
      await assert.rejects(bench.run(PROMPTS, { journal: other }), ANOTHER);
      go();
      for (let next = await reader.next(); !next.done; next = await reader.next());
      assert.equal(bench.sent(), PROMPTS.length);
      assert.equal((await first.done).done, PROMPTS.length);
      // It comes free, and goes on under any name.
      const { items } = await bench.run(PROMPTS, { journal: other, out: out() });
      assert.ok(items.every(({ restored }) => restored));
    });
  }

  it('has its pictures where it really is', async () => {
    const other = elsewhere();
    // It is made where the link leads.
    symlinkSync(bench.journal, other);
    await bench.run(PROMPTS, { journal: other });
    assert.equal(filesIn(out()).length, 2);
    const { items } = await bench.run(PROMPTS);
    assert.ok(items.every(({ restored }) => restored));
    assert.equal(bench.sent(), 2);
  });

  it('is refused where it cannot be told who else has it', async () => {
    const { TMPDIR } = process.env;
    writeFileSync(bench.journal, '');
    const other = elsewhere();
    linkSync(bench.journal, other);
    try {
      process.env['TMPDIR'] = bench.journal;
      await assert.rejects(bench.run(PROMPTS), /has 2 names/);
      rmSync(other);
      assert.equal((await bench.run(PROMPTS)).summary.done, 2);
    } finally {
      if (TMPDIR === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = TMPDIR;
    }
  });

  it('that somebody else writes to sends nothing more', async () => {
    const prompts = many(24, (index) => `${PROMPT} ${index}`);
    const run = bench.client().batch(prompts, { journal: bench.journal, concurrency: 1 });
    let seen = 0;
    for await (const _ of run) {
      seen += 1;
      if (seen === 2) {
        writeFileSync(bench.journal, '{"record":"run","version":1,"at":0}\n', { flag: 'a' });
      }
    }
    const { stopped, resumable } = await run.done;
    assert.deepEqual([stopped?.reason, resumable], ['taken_over', true]);
    assert.ok(bench.sent() <= 4);
    // Nothing was written over what the other wrote.
    for (const line of bench.lines()) JSON.parse(line);
  });

  it('that is no file is refused', async () => {
    if (!existsSync('/dev/null')) return;
    const journal = join(bench.folder, basename('/dev/null'));
    symlinkSync('/dev/null', journal);
    await assert.rejects(bench.run(PROMPTS, { journal }), /is no file/);
    assert.equal(bench.sent(), 0);
  });
});
