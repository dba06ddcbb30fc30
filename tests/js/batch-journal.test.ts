/** A batch goes on where it ended: what its journal holds, and what becomes of one that is damaged. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, it, mock } from 'node:test';
import type { EmulatorConfig } from '../../pkg/emulator/index.js';
import type { BatchItem, BatchRequest, BatchSummary } from '../../pkg/index.js';
import { type Bench, filesIn, openBench, whole } from './support/batches.ts';
import { KEY, many, PROMPT } from './support/scene.ts';

const PROMPTS = many(4, (index) => `${PROMPT} ${index}`);
/** The price of a picture of the model, in USD. */
const PICTURE = 0.134;

let bench: Bench;
afterEach(() => {
  mock.restoreAll();
  bench?.close();
});
const open = async (config: EmulatorConfig = {}): Promise<Bench> => {
  bench = await openBench(config);
  return bench;
};

const kinds = ({ notices }: BatchSummary): string[] => notices.map(({ kind }) => kind);
const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}, not ${expected}`);
const restored = (items: readonly BatchItem[]): boolean[] => items.map((item) => item.restored);

/** Makes so many of the prompts, and leaves the rest. */
async function begin(count: number): Promise<BatchSummary> {
  const run = bench.client().batch(PROMPTS, { journal: bench.journal, concurrency: 1 });
  let seen = 0;
  for await (const _ of run) {
    seen += 1;
    if (seen === count) break;
  }
  return run.done;
}

describe('a batch with a journal', () => {
  it('needs no reader', async () => {
    await open();
    const run = bench.client().batch(PROMPTS, { journal: bench.journal });
    const { cost, ...rest } = await run.done;
    assert.deepEqual(rest, { done: 4, failed: 0, possibleCost: 0, resumable: false, notices: [] });
    near(cost, bench.billed());
    assert.equal(filesIn(`${bench.journal}.pictures`).length, 4);
  });

  it('redoes only what was not finished', async () => {
    await open();
    const first = await begin(2);
    assert.equal(first.stopped?.reason, 'stopped');
    assert.equal(first.resumable, true);
    assert.ok(first.done >= 2 && first.done < 4);
    const { items, summary } = await bench.run(PROMPTS);
    assert.equal(summary.done, 4);
    assert.equal(summary.resumable, false);
    assert.equal(bench.sent(), 4);
    assert.equal(items.filter((item) => item.restored).length, first.done);
    near(summary.cost, bench.billed());
    assert.deepEqual(kinds(summary), []);
    for (const { status, files, cost, model, images, possiblyPaidTwice } of items) {
      assert.equal(status, 'done');
      assert.equal(possiblyPaidTwice, false);
      assert.ok(model && cost);
      const [image] = await images();
      assert.deepEqual(Buffer.from(image?.bytes() ?? []), readFileSync(files[0] as string));
    }
  });

  it('does nothing where nothing is left', async () => {
    await open();
    await bench.run(PROMPTS);
    const before = filesIn(bench.folder);
    const { items, summary } = await bench.run(PROMPTS);
    assert.deepEqual(restored(items), [true, true, true, true]);
    assert.equal(bench.sent(), 4);
    assert.equal(summary.done, 4);
    near(summary.cost, bench.billed());
    assert.deepEqual(filesIn(bench.folder), before);
  });

  it('knows its items again in another order, and among others', async () => {
    await open();
    await bench.run(PROMPTS.slice(0, 2));
    const { items } = await bench.run(['another', ...[...PROMPTS].reverse()]);
    assert.deepEqual(restored(items), [false, false, false, true, true]);
    assert.equal(bench.sent(), 5);
  });

  it('may be moved together with its pictures', async () => {
    await open();
    await bench.run(PROMPTS);
    const journal = join(bench.folder, 'elsewhere', 'batch.jsonl');
    mkdirSync(dirname(journal));
    renameSync(bench.journal, journal);
    renameSync(`${bench.journal}.pictures`, `${journal}.pictures`);
    const { items } = await bench.run(PROMPTS, { journal });
    assert.deepEqual(restored(items), [true, true, true, true]);
    assert.ok(items[0]?.files[0]?.startsWith(dirname(journal)));
  });

  it('writes down what it sends before it sends it', async () => {
    await open();
    let fetched = 0;
    const watched: typeof fetch = (input, init) => {
      fetched += 1;
      const tries = bench.records().filter(({ record }) => record === 'try').length;
      assert.ok(tries >= fetched, `${fetched} sent, ${tries} written down`);
      return bench.emulator.fetch(input, init);
    };
    const client = bench.client({ fetch: watched });
    const { summary } = await whole(client.batch(PROMPTS, { journal: bench.journal }));
    assert.equal(summary.done, 4);
    assert.equal(fetched, 4);
  });

  it('holds no prompt and no key of the service', async () => {
    await open({ script: ['400'] });
    await bench.run(['a very secret prompt'], { fileName: ({ key }) => key });
    await bench.run(['another secret prompt'], { fileName: ({ key }) => key });
    const text = readFileSync(bench.journal, 'utf8');
    assert.doesNotMatch(text, /secret/);
    assert.ok(!text.includes(KEY));
  });
});

describe('failed items', () => {
  it('that failed for good are not tried again', async () => {
    await open({ script: ['blocked'] });
    const first = await bench.run(PROMPTS, { concurrency: 1 });
    assert.equal(first.items[0]?.retriedOnResume, false);
    const { items, summary } = await bench.run(PROMPTS);
    assert.equal(bench.sent(), 4);
    assert.equal(items[0]?.status, 'failed');
    assert.equal(items[0]?.restored, true);
    assert.equal(items[0]?.error?.kind, 'blocked');
    assert.equal(items[0]?.error?.message, first.items[0]?.error?.message);
    assert.deepEqual([summary.done, summary.failed, summary.resumable], [3, 1, false]);
  });

  it('unless they are to be', async () => {
    await open({ script: ['blocked'] });
    await bench.run(PROMPTS, { concurrency: 1 });
    const { items, summary } = await bench.run(PROMPTS, { retryFailed: true });
    assert.equal(bench.sent(), 5);
    assert.deepEqual(restored(items), [false, true, true, true]);
    assert.deepEqual([summary.done, summary.failed], [4, 0]);
  });

  it('that failed for now are', async () => {
    await open({ faults: ['no-image'] });
    const first = await bench.run([PROMPT]);
    assert.equal(first.items[0]?.retriedOnResume, true);
    assert.deepEqual([first.summary.failed, first.summary.resumable], [1, true]);
    bench.emulator.configure({ faults: [] });
    const { items, summary } = await bench.run([PROMPT]);
    assert.equal(items[0]?.status, 'done');
    assert.deepEqual([summary.done, summary.failed, summary.resumable], [1, 0, false]);
  });

  it('of a wrong key go on with a right one', async () => {
    await open({ faults: ['bad-key'] });
    const first = await bench.run(PROMPTS, { concurrency: 1 });
    assert.equal(first.summary.stopped?.reason, 'unauthenticated');
    assert.equal(first.summary.resumable, true);
    bench.emulator.configure({ faults: [] });
    const { summary } = await bench.run(PROMPTS);
    assert.deepEqual([summary.done, summary.failed, summary.resumable], [4, 0, false]);
  });
});

describe('a budget', () => {
  it('is that of all runs together, and a larger one goes on', async () => {
    await open();
    const budget = 2.5 * PICTURE;
    for (const _ of [1, 2]) {
      const { summary } = await bench.run(PROMPTS, { budget });
      assert.equal(summary.stopped?.reason, 'over_budget');
      assert.deepEqual([summary.done, summary.resumable], [2, true]);
      assert.ok(bench.billed() <= budget);
    }
    const { summary } = await bench.run(PROMPTS, { budget: 4.5 * PICTURE });
    assert.deepEqual([summary.done, summary.resumable], [4, false]);
    near(summary.cost, bench.billed());
  });
});

describe('what was in flight', () => {
  it('at a crash is redone, and is possibly paid twice', async () => {
    await open();
    await bench.run(PROMPTS, { concurrency: 1 });
    // As a kill leaves it after a request was sent and before its picture was saved.
    const lines = bench.lines();
    assert.equal(JSON.parse(lines.at(-1) ?? '').record, 'made');
    writeFileSync(bench.journal, `${lines.slice(0, -1).join('\n')}\n`);
    const { items, summary } = await bench.run(PROMPTS);
    assert.equal(bench.sent(), 5);
    assert.deepEqual(restored(items), [true, true, true, false]);
    assert.deepEqual(
      items.map((item) => item.possiblyPaidTwice),
      [false, false, false, true],
    );
    assert.deepEqual(kinds(summary), ['possibly_paid_twice']);
    assert.equal(summary.notices[0]?.key, items[3]?.key);
    assert.ok((items[3]?.possibleCost ?? 0) > 0.1);
    assert.ok(summary.cost + summary.possibleCost >= bench.billed() - 1e-6);
    // It is said of what was made then too.
    const again = await bench.run(PROMPTS);
    assert.equal(again.items[3]?.possiblyPaidTwice, true);
    near(again.summary.possibleCost, summary.possibleCost);
  });

  it('counts in the budget of the next run', async () => {
    await open();
    await bench.run(PROMPTS, { concurrency: 1 });
    writeFileSync(bench.journal, `${bench.lines().slice(0, -1).join('\n')}\n`);
    const { summary } = await bench.run(PROMPTS, { budget: 4.5 * PICTURE });
    assert.equal(summary.stopped?.reason, 'over_budget');
    assert.equal(bench.sent(), 4);
  });

  it('when it was cancelled may be billed', async () => {
    await open({ latency: 10_000 });
    const run = bench.client().batch(PROMPTS, { journal: bench.journal, concurrency: 2 });
    const reading = whole(run);
    while (bench.sent() < 2) await new Promise((resolve) => setImmediate(resolve));
    const first = await run.cancel();
    await reading;
    assert.equal(first.resumable, true);
    bench.emulator.configure({ latency: 0 });
    const { items, summary } = await bench.run(PROMPTS);
    assert.equal(items.filter((item) => item.possiblyPaidTwice).length, 2);
    near(summary.possibleCost, first.possibleCost);
    assert.equal(summary.done, 4);
  });
});

describe('a kill at any moment', () => {
  /** Copies all files after each step that changes any, as a kill at that moment leaves them. */
  function copyAtEachStep(): string[] {
    const copies: string[] = [];
    const copy = (): void => {
      const to = join(bench.folder, `kill-${copies.length}`);
      mkdirSync(to);
      // With the links that files have to each other; the lock would be held by this very process.
      const files = ['batch.jsonl', 'batch.jsonl.pictures'].map((name) => join(bench.folder, name));
      spawnSync('cp', ['-a', ...files, to]);
      copies.push(join(to, 'batch.jsonl'));
    };
    const watch = (owner: object, names: string[]): void => {
      for (const name of names) {
        const original = Reflect.get(owner, name) as (...given: unknown[]) => Promise<unknown>;
        const watched = async (...given: unknown[]): Promise<unknown> => {
          const result = await original.apply(owner, given);
          if (name === 'open') watch(result as object, ['write', 'writeFile', 'truncate']);
          copy();
          return result;
        };
        mock.method(owner as Record<string, typeof watched>, name, watched);
      }
    };
    watch(process.getBuiltinModule('node:fs/promises'), ['open', 'link', 'rm', 'mkdir']);
    return copies;
  }

  it('loses nothing that was finished, and pays for nothing twice without saying so', async () => {
    await open();
    const copies = copyAtEachStep();
    await bench.run(PROMPTS.slice(0, 2), { concurrency: 1 });
    mock.restoreAll();
    assert.ok(copies.length > 20, `${copies.length} steps`);
    let finished = 0;
    for (const journal of copies) {
      const before = bench.sent();
      const { items, summary } = await bench.run(PROMPTS.slice(0, 2), { journal });
      assert.deepEqual([summary.done, summary.failed, summary.resumable], [2, 0, false], journal);
      // Items that were finished at an earlier step stay finished.
      const kept = items.filter((item) => item.restored).length;
      assert.ok(kept >= finished, journal);
      finished = kept;
      assert.equal(bench.sent() - before, 2 - kept, journal);
      // The service may have been asked for what is neither finished nor not begun.
      const twice = items.filter((item) => item.possiblyPaidTwice);
      assert.ok(twice.length <= 1 && twice.every((item) => !item.restored), journal);
      assert.deepEqual(
        kinds(summary),
        twice.map(() => 'possibly_paid_twice'),
      );
      // Each picture once, whole, and nothing beside them but what was begun.
      const files = filesIn(`${journal}.pictures`);
      assert.deepEqual(
        files.filter((file) => !file.endsWith('.part')),
        ['0001-a-paper-boat-on-a-calm-lake-0.png', '0002-a-paper-boat-on-a-calm-lake-1.png'],
      );
      const again = await bench.run(PROMPTS.slice(0, 2), { journal });
      assert.deepEqual(restored(again.items), [true, true], journal);
    }
    assert.equal(finished, 2);
  });
});

describe('a damaged journal', () => {
  it('that is cut anywhere in its last line goes on', async () => {
    await open();
    const requests = [PROMPT, { key: 'schlüssel 日本', request: PROMPT }];
    await bench.run(requests, { concurrency: 1 });
    const whole = readFileSync(bench.journal);
    const last = whole.subarray(0, -1).lastIndexOf('\n') + 1;
    for (let length = last; length < whole.length; length += 1) {
      const journal = join(bench.folder, `cut-${length}`, 'batch.jsonl');
      mkdirSync(dirname(journal));
      writeFileSync(journal, whole.subarray(0, length));
      cpSync(`${bench.journal}.pictures`, `${journal}.pictures`, { recursive: true });
      const before = bench.sent();
      const { items, summary } = await bench.run(requests, { journal });
      const at = `cut at ${length - last} of ${whole.length - last}`;
      // Without its line break alone it is whole.
      const isWhole = length === whole.length - 1;
      assert.equal(summary.done, 2, at);
      assert.equal(bench.sent() - before, isWhole ? 0 : 1, at);
      assert.equal(items[1]?.possiblyPaidTwice, !isWhole, at);
      const isTorn = length > last && !isWhole;
      const told = ['torn_line', 'possibly_paid_twice'].slice(isTorn ? 0 : 1);
      assert.deepEqual(kinds(summary), isWhole ? [] : told, at);
      // The torn line is gone, and nothing was appended to it.
      const text = readFileSync(journal, 'utf8');
      for (const line of text.split('\n').slice(0, -1)) JSON.parse(line);
      assert.ok(text.endsWith('\n'));
      if (length % 16 > 0) continue;
      const again = await bench.run(requests, { journal });
      assert.deepEqual([...restored(again.items), ...kinds(again.summary)], [true, true], at);
    }
  });

  it('that is cut anywhere in its first line goes on', async () => {
    await open();
    await bench.run([]);
    const whole = readFileSync(bench.journal);
    for (let length = 0; length < whole.length; length += 1) {
      writeFileSync(bench.journal, whole.subarray(0, length));
      const { summary } = await bench.run([]);
      assert.deepEqual(
        kinds(summary),
        length === 0 || length === whole.length - 1 ? [] : ['torn_line'],
      );
      for (const line of bench.lines()) JSON.parse(line);
    }
  });

  it('with a line that cannot be read does without that line, and says so', async () => {
    await open();
    await bench.run(PROMPTS, { concurrency: 1 });
    const lines = bench.lines();
    const number = lines.findIndex((line) => JSON.parse(line).record === 'made');
    lines[number] = `${lines[number]?.slice(0, 20)}\u0000\u0000`;
    writeFileSync(bench.journal, `${lines.join('\n')}\n`);
    const { items, summary } = await bench.run(PROMPTS);
    assert.equal(summary.done, 4);
    assert.equal(bench.sent(), 5);
    assert.deepEqual(restored(items), [false, true, true, true]);
    assert.ok(kinds(summary).includes('unreadable_line'));
    const [notice] = summary.notices;
    assert.match(notice?.message ?? '', new RegExp(`\\b${number + 1}\\b`));
  });

  it('that ends in what a loss of power left goes on', async () => {
    await open();
    await bench.run(PROMPTS);
    appendFileSync(bench.journal, Buffer.alloc(4_096));
    const { summary } = await bench.run(PROMPTS);
    assert.equal(bench.sent(), 4);
    assert.deepEqual([summary.done, ...kinds(summary)], [4, 'torn_line']);
    for (const line of bench.lines()) JSON.parse(line);
  });

  for (const [name, content] of Object.entries({
    'a text': 'Dear diary,\ntoday I made no pictures.\n',
    'a text without a line break': 'Dear diary',
    'other JSON': '{"name":"unexhausted"}\n{"record":"run","version":1,"at":0}\n',
    'one record and no beginning': '{"record":"back","key":"a"}\n',
    'a picture': Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0xff, 0x00]),
    'an empty line and a text': '\nDear diary\n',
  })) {
    it(`that is ${name} is refused, and stays as it was`, async () => {
      await open();
      writeFileSync(bench.journal, content);
      await assert.rejects(bench.run(PROMPTS), /batch\.jsonl: .*no journal/);
      assert.deepEqual(readFileSync(bench.journal), Buffer.from(content));
      assert.equal(bench.sent(), 0);
      // Neither is anything left beside it.
      assert.deepEqual(filesIn(bench.folder), ['batch.jsonl']);
    });
  }

  it('of a newer version is refused, and stays as it was', async () => {
    await open();
    const content = '{"record":"run","version":99,"at":0}\n{"record":"dream","key":"a"}\n';
    writeFileSync(bench.journal, content);
    await assert.rejects(bench.run(PROMPTS), /version 99/);
    assert.equal(readFileSync(bench.journal, 'utf8'), content);
    assert.equal(bench.sent(), 0);
    // It is refused again, as nobody holds it.
    await assert.rejects(bench.run(PROMPTS), /version 99/);
  });

  it('that is a folder is refused', async () => {
    await open();
    mkdirSync(bench.journal);
    await assert.rejects(bench.run(PROMPTS), /EISDIR/);
    assert.equal(bench.sent(), 0);
  });
});

describe('keys', () => {
  const keyed = (key: string, request: string): BatchRequest => ({ key, request });

  it('with another prompt are made anew, and this is said', async () => {
    await open();
    const first = await bench.run([keyed('fox', 'a fox'), keyed('hen', 'a hen')]);
    const old = readFileSync(first.items[0]?.files[0] as string);
    const requests = [keyed('fox', 'a red fox'), keyed('hen', 'a hen')];
    const { items, summary } = await bench.run(requests);
    assert.deepEqual(restored(items), [false, true]);
    assert.deepEqual(kinds(summary), ['changed_prompt']);
    assert.equal(summary.notices[0]?.key, 'fox');
    assert.equal(summary.done, 2);
    near(summary.cost, bench.billed());
    // The older picture is still there, as it was.
    assert.notEqual(items[0]?.files[0], first.items[0]?.files[0]);
    assert.deepEqual(readFileSync(first.items[0]?.files[0] as string), old);
    const again = await bench.run(requests);
    assert.deepEqual([...restored(again.items), ...kinds(again.summary)], [true, true]);
  });

  it('of items that failed for good are tried with another prompt', async () => {
    await open({ script: ['blocked'] });
    await bench.run([keyed('fox', 'a bad fox')]);
    const { items, summary } = await bench.run([keyed('fox', 'a good fox')]);
    assert.equal(items[0]?.status, 'done');
    assert.deepEqual([summary.done, summary.failed], [1, 0]);
  });

  it('that come again get a number, and this is said', async () => {
    await open();
    const requests = [keyed('fox', 'a fox'), keyed('fox', 'another'), keyed('fox', 'a fox')];
    const run = bench.client().batch(requests, { journal: bench.journal });
    const heard: unknown[] = [];
    run.on('notice', (notice) => heard.push(notice));
    const { items, summary } = await whole(run);
    assert.deepEqual(
      items.map(({ key }) => key),
      ['fox', 'fox#2', 'fox#3'],
    );
    assert.deepEqual(kinds(summary), ['duplicate_key', 'duplicate_key']);
    assert.deepEqual(heard, summary.notices);
    assert.throws(() => run.on('notices' as 'notice', () => {}), /unknown event `notices`.*notice/);
    assert.equal(new Set(items.flatMap(({ files }) => files)).size, 3);
    const again = await bench.run(requests);
    assert.deepEqual(restored(again.items), [true, true, true]);
  });

  it('that look like a number of another’s stay apart', async () => {
    await open();
    const requests = [keyed('a', 'one'), keyed('a', 'two'), keyed('a#2', 'three')];
    for (const expected of [false, true]) {
      const { items, summary } = await bench.run(requests, { concurrency: 1 });
      assert.equal(new Set(items.map(({ key }) => key)).size, 3);
      assert.equal(new Set(items.flatMap(({ files }) => files)).size, 3);
      assert.deepEqual(restored(items), [expected, expected, expected]);
      assert.equal(summary.done, 3);
    }
    assert.equal(bench.sent(), 3);
  });
});

describe('pictures', () => {
  /** The journal's record of the first picture. */
  const firstFile = (): { name: string; temp: string } => {
    const made = bench.records().find(({ record }) => record === 'made');
    const [file] = (made?.['files'] ?? []) as { name: string; temp: string }[];
    assert.ok(file);
    return file;
  };

  it('that are missing are made again, and this is said', async () => {
    await open();
    const first = await bench.run(PROMPTS);
    const missing = first.items[1]?.files[0] as string;
    rmSync(missing);
    const { items, summary } = await bench.run(PROMPTS);
    assert.deepEqual(restored(items), [true, false, true, true]);
    assert.deepEqual(kinds(summary), ['missing_picture']);
    assert.equal(summary.notices[0]?.key, items[1]?.key);
    assert.equal(summary.done, 4);
    near(summary.cost, bench.billed());
    assert.deepEqual(items[1]?.files, [missing]);
    const again = await bench.run(PROMPTS);
    assert.deepEqual(restored(again.items), [true, true, true, true]);
  });

  it('of another size are made again beside them', async () => {
    await open();
    const first = await bench.run(PROMPTS);
    const cut = first.items[1]?.files[0] as string;
    truncateSync(cut, 10);
    const { items, summary } = await bench.run(PROMPTS);
    assert.deepEqual(restored(items), [true, false, true, true]);
    assert.deepEqual(kinds(summary), ['missing_picture']);
    assert.equal(readFileSync(cut).length, 10);
    assert.notEqual(items[1]?.files[0], cut);
    assert.ok(readFileSync(items[1]?.files[0] as string).length > 10);
  });

  it('that a kill left without their names get them', async () => {
    await open();
    const first = await bench.run(PROMPTS, { concurrency: 1 });
    const { name, temp } = firstFile();
    const out = `${bench.journal}.pictures`;
    renameSync(join(out, name), join(out, temp));
    const { items, summary } = await bench.run(PROMPTS);
    assert.deepEqual(restored(items), [true, true, true, true]);
    assert.deepEqual(kinds(summary), []);
    assert.deepEqual(items[0]?.files, first.items[0]?.files);
    assert.equal(bench.sent(), 4);
    assert.ok(filesIn(out).every((file) => !file.endsWith('.part')));
  });

  it('that a kill left with both names lose the first, and keep what is in them', async () => {
    await open();
    const requests = [{ key: 'fox', request: 'a fox' }];
    const first = await bench.run(requests);
    const picture = first.items[0]?.files[0] as string;
    const before = readFileSync(picture);
    linkSync(picture, join(dirname(picture), firstFile().temp));
    // The next thing that is made under this key is saved under the same first name.
    const { items } = await bench.run([{ key: 'fox', request: 'another fox' }]);
    assert.notEqual(items[0]?.files[0], picture);
    assert.deepEqual(readFileSync(picture), before);
    assert.equal(filesIn(dirname(picture)).length, 2);
  });
});
