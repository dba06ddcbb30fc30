/** The pictures of a batch in files: their names, whole or not at all, and a disk that takes no more. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, describe, it, mock } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import type { EmulatorConfig } from '../../pkg/emulator/index.js';
import type { BatchItem, BatchOptions, BatchProgress } from '../../pkg/index.js';
import { type Bench, filesIn, openBench, whole } from './support/batches.ts';
import { TIMERS } from './support/clock.ts';
import { many, PROMPT } from './support/scene.ts';

const PROMPTS = many(4, (index) => `${PROMPT} ${index}`);
const MINUTE = 60_000;
/** How far waits jump at once, in ms: short, as files take real time. */
const STEP = 1_000;
/** Longer than all of that, in ms. */
const timeout = 60 * MINUTE;

let bench: Bench;
let clock: FakeTimers.Clock | undefined;
afterEach(() => {
  mock.restoreAll();
  clock?.uninstall();
  clock = undefined;
  bench?.close();
});
const open = async (config: EmulatorConfig = {}): Promise<Bench> => {
  bench = await openBench(config);
  return bench;
};

const inFolder = (options: BatchOptions = {}): BatchOptions => ({
  journal: undefined,
  out: join(bench.folder, 'out'),
  ...options,
});
const names = (items: readonly BatchItem[]): string[] =>
  items.flatMap(({ files }) => files.map((file) => file.slice(bench.folder.length + 5)));

describe('a picture', () => {
  it('is on disk, complete, when its item is given', async () => {
    await open({ imageBytes: 300_000 });
    const { journal } = bench;
    const run = bench.client().batch(PROMPTS, { journal });
    let seen = 0;
    for await (const { files, result, images } of run) {
      const [file] = files;
      assert.ok(file);
      assert.equal(dirname(file), `${journal}.pictures`);
      // A picture that is on disk is not kept in memory too.
      assert.equal(result, undefined);
      const [image] = await images();
      assert.equal(image?.mimeType, 'image/png');
      assert.equal(statSync(file).size, 300_000);
      assert.deepEqual(Buffer.from(image?.bytes() ?? []), readFileSync(file));
      const made = bench.records().filter(({ record }) => record === 'made');
      assert.ok(JSON.stringify(made).includes(basename(file)));
      seen += 1;
    }
    assert.equal(seen, 4);
  });

  for (const mimeType of [null, 7, undefined, 'text/plain']) {
    it(`whose type is ${mimeType} is known by its bytes, and paid for once`, async () => {
      await open();
      // The first bytes of a JPEG.
      const data = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 73, 70]).toString('base64');
      let asked = 0;
      const fetch = async (): Promise<Response> => {
        asked += 1;
        return Response.json({
          candidates: [{ content: { parts: [{ inlineData: { mimeType, data } }] } }],
        });
      };
      const options = { journal: bench.journal };
      const { items } = await whole(bench.client({ fetch }).batch(PROMPTS, options));
      assert.ok(items.every(({ files }) => files[0]?.endsWith('.jpg')));
      const { items: again } = await whole(bench.client({ fetch }).batch(PROMPTS, options));
      assert.ok(again.every(({ restored }) => restored));
      assert.equal(asked, PROMPTS.length);
    });
  }

  it('is called by the number and the first words', async () => {
    await open();
    const { items } = await bench.run(['A red fox, jumping!', '../../etc/passwd', '…'], inFolder());
    assert.deepEqual(names(items), [
      '0001-a-red-fox-jumping.png',
      '0002-etc-passwd.png',
      '0003.png',
    ]);
  });

  it('is called as the caller wants', async () => {
    await open();
    const seen: unknown[] = [];
    const { items } = await bench.run(
      [
        PROMPT,
        { key: 'mine', request: { contents: [{ role: 'user', parts: [{ text: 'a fox' }] }] } },
      ],
      inFolder({
        fileName: (item) => {
          seen.push(item);
          return `set ${item.index}/${item.index === 0 ? 'a.b' : item.key}`;
        },
      }),
    );
    assert.deepEqual(names(items), ['set 0/a.b.png', 'set 1/mine.png']);
    assert.deepEqual(seen, [
      { index: 0, key: items[0]?.key, prompt: PROMPT },
      { index: 1, key: 'mine', prompt: 'a fox' },
    ]);
  });

  it('never leaves the folder', async () => {
    await open();
    const given = [
      '../outside',
      '/etc/outside',
      '..\\..\\outside',
      'a/../../outside',
      '..',
      '',
      'CON',
      'a\0b',
      'x'.repeat(1_000),
      '.hidden',
    ];
    const { items, summary } = await bench.run(
      many(given.length, String),
      inFolder({ fileName: ({ index }) => given[index] as string }),
    );
    assert.equal(summary.done, given.length);
    const files = items.flatMap((item) => item.files);
    const out = join(bench.folder, 'out');
    for (const file of files) assert.ok(file.startsWith(`${out}/`), file);
    assert.equal(new Set(files).size, given.length);
    assert.deepEqual(
      filesIn(bench.folder),
      files.map((file) => file.slice(bench.folder.length + 1)).sort(),
    );
  });

  it('never takes the place of a file', async () => {
    await open();
    const out = join(bench.folder, 'out');
    mkdirSync(out);
    writeFileSync(join(out, 'fox.png'), 'mine');
    writeFileSync(join(out, 'fox (2).png'), 'mine too');
    const { items } = await bench.run(PROMPTS, inFolder({ fileName: () => 'fox', concurrency: 1 }));
    assert.deepEqual(names(items), ['fox (3).png', 'fox (4).png', 'fox (5).png', 'fox (6).png']);
    assert.equal(readFileSync(join(out, 'fox.png'), 'utf8'), 'mine');
    assert.equal(readFileSync(join(out, 'fox (2).png'), 'utf8'), 'mine too');
  });

  it('goes to the folder alone where there is no journal', async () => {
    await open();
    const { items, summary } = await bench.run(PROMPTS, inFolder());
    assert.equal(summary.done, 4);
    assert.deepEqual(
      filesIn(bench.folder),
      names(items)
        .map((name) => `out/${name}`)
        .sort(),
    );
  });

  it('of one batch and of another in the same folder stay apart', async () => {
    await open({ imageBytes: 100_000 });
    const out = join(bench.folder, 'out');
    const runs = await Promise.all(
      many(6, (index) => {
        const journal = index < 4 ? join(bench.folder, `${index}.jsonl`) : undefined;
        return bench.run(PROMPTS, { journal, out });
      }),
    );
    const files = runs.flatMap(({ items }) => items.flatMap((item) => item.files));
    assert.equal(new Set(files).size, 24);
    // No two are the same file under two names.
    assert.equal(new Set(files.map((file) => statSync(file).ino)).size, 24);
    for (const file of files) assert.equal(statSync(file).size, 100_000);
    assert.equal(filesIn(out).length, 24);
  });
});

describe('a name that its function fails to give', () => {
  it('ends the batch before that item is paid for', async () => {
    await open();
    const mistake = new Error('mine');
    const fileName = ({ index }: { index: number }): string => {
      if (index === 2) throw mistake;
      return String(index);
    };
    const run = bench.client().batch(PROMPTS, inFolder({ fileName }));
    await assert.rejects(run.done, (error) => error === mistake);
    const pictures = filesIn(join(bench.folder, 'out'));
    assert.equal(pictures.length, bench.sent());
    assert.ok(pictures.length <= 2);
  });

  it('is not asked what is no text', async () => {
    await open();
    const fileName = (() => ({ toString: 5 })) as unknown as () => string;
    const run = bench.client().batch(PROMPTS, inFolder({ fileName }));
    await assert.rejects(run.done, TypeError);
    // The module of other batches is as it was.
    const { summary } = await bench.run(PROMPTS, inFolder());
    assert.equal(summary.done, 4);
  });
});

/** A file as it is opened by the package. */
type Handle = Awaited<ReturnType<typeof import('node:fs/promises').open>>;

/** Lets all writes to files of a kind fail while `code` says how. */
function brokenDisk(isMeant: (path: string) => boolean): { code: string | undefined } {
  const disk: { code: string | undefined } = { code: undefined };
  const fs = process.getBuiltinModule('node:fs/promises');
  const original = fs.open;
  mock.method(fs, 'open', async (path: string, ...rest: [string]): Promise<Handle> => {
    const handle = await original(path, ...rest);
    if (!isMeant(path)) return handle;
    for (const name of ['write', 'writeFile'] as const) {
      const write = handle[name].bind(handle) as (...given: unknown[]) => Promise<unknown>;
      const checked = async (...given: unknown[]): Promise<unknown> => {
        const { code } = disk;
        if (code === undefined) return write(...given);
        // A part of it is written, as a full disk does.
        if (name === 'write') await write(given[0], given[1], 7, given[3]);
        throw Object.assign(new Error(`${code}: no room`), { code });
      };
      Object.defineProperty(handle, name, { value: checked });
    }
    return handle;
  });
  return disk;
}

const isJournal = (path: string): boolean => path.endsWith('.jsonl');
const isPicture = (path: string): boolean => path.endsWith('.part');
const isAny = (path: string): boolean => isJournal(path) || isPicture(path);

/** Real files take real turns, and waits take none: lets time pass until this is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let step = 0; !isSo(); step += 1) {
    assert.ok(step < 20_000, 'it never is');
    const began = process.hrtime.bigint();
    while (process.hrtime.bigint() - began < 1_000_000n && !isSo()) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!isSo()) await clock?.tickAsync(STEP);
  }
}

async function ends<T>(work: Promise<T>): Promise<T> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  work.then(end, end);
  await until(() => ended);
  return work;
}

const isFull = ({ waiting }: BatchProgress): boolean =>
  waiting?.until !== undefined && /disk is full/.test(waiting.reason);

describe('a full disk', () => {
  const openFull = async (isMeant: (path: string) => boolean, code = 'ENOSPC') => {
    await open();
    const disk = brokenDisk(isMeant);
    clock = FakeTimers.install({ now: Date.now(), toFake: TIMERS });
    const { journal } = bench;
    const run = bench.client().batch(
      (function* () {
        yield* PROMPTS.slice(0, 2);
        disk.code = code;
        yield* PROMPTS.slice(2);
        yield* many(60, String);
      })(),
      { journal, concurrency: 2, timeout },
    );
    const progress: BatchProgress[] = [];
    run.on('progress', (told) => progress.push(told));
    return { disk, run, progress, journal };
  };

  it('sends nothing that cannot be written down, and goes on when there is room', async () => {
    const { disk, run, progress } = await openFull(isJournal);
    const reading = whole(run);
    const start = Date.now();
    await until(() => Date.now() - start > 3 * MINUTE);
    assert.ok(progress.some(isFull));
    // Requests are sent only once they are written down, so nearly all of them wait for room.
    const before = bench.sent();
    assert.ok(before <= 4);
    disk.code = undefined;
    const { items, summary } = await ends(reading);
    assert.equal(summary.done, 64);
    assert.equal(bench.sent(), 64);
    assert.deepEqual(summary.notices, []);
    assert.ok(items.every(({ files }) => files.length === 1));
    // No torn line is left in the middle.
    assert.equal(bench.records().filter(({ record }) => record === 'made').length, 64);
  });

  it('loses no picture that was in flight', async () => {
    const { disk, run, progress } = await openFull(isPicture);
    const reading = whole(run);
    const start = Date.now();
    await until(() => Date.now() - start > 3 * MINUTE);
    assert.ok(progress.some(isFull));
    // No request makes a picture for which there is no room, but those that were on their way.
    const before = bench.sent();
    assert.ok(before <= 4, `${before} were sent`);
    disk.code = undefined;
    const { items, summary } = await ends(reading);
    assert.equal(summary.done, 64);
    assert.equal(bench.sent(), 64);
    for (const { files } of items) assert.ok(statSync(files[0] as string).size > 0);
  });

  it('for too long ends the batch, which goes on later', async () => {
    const { disk, run, journal } = await openFull(isAny);
    const start = Date.now();
    const summary = await ends(run.done);
    const took = Date.now() - start;
    // Virtual time runs ahead of a disk that is busy.
    assert.ok(took >= 10 * MINUTE && took < 60 * MINUTE, `${took / MINUTE} min`);
    assert.equal(summary.stopped?.reason, 'disk');
    assert.match(summary.stopped?.message ?? '', /ENOSPC/);
    assert.equal(summary.resumable, true);
    disk.code = undefined;
    const prompts = [...PROMPTS, ...many(60, String)];
    const again = await ends(whole(bench.client().batch(prompts, { journal, timeout })));
    assert.equal(again.summary.done, 64);
    assert.ok(again.summary.cost + again.summary.possibleCost >= bench.billed() - 1e-6);
    // Pictures that could not be saved are paid for again, and marked so.
    const twice = again.items.filter((item) => item.possiblyPaidTwice).length;
    assert.equal(bench.sent(), 64 + twice);
  });

  it('for too long gives its reader what could not be saved', async () => {
    await open();
    const disk = brokenDisk(isPicture);
    clock = FakeTimers.install({ now: Date.now(), toFake: TIMERS });
    const source = (function* () {
      disk.code = 'ENOSPC';
      yield PROMPT;
    })();
    const run = bench.client().batch(source, { journal: bench.journal, timeout });
    const { items, summary } = await ends(whole(run));
    const [item] = items;
    assert.deepEqual(item?.files, []);
    assert.equal(item?.result?.images.length, 1);
    assert.equal((await item?.images())?.length, 1);
    assert.equal(summary.stopped?.reason, 'disk');
    assert.equal(summary.resumable, true);
  });

  it('does not hold up who cancels', async () => {
    const { run, progress } = await openFull(isPicture);
    const reading = whole(run);
    await until(() => progress.some(isFull));
    // The clock stands still: no time passes until it has ended.
    const summary = await run.cancel();
    assert.equal(summary.stopped?.reason, 'cancelled');
    assert.equal(summary.resumable, true);
    // A picture that is held in memory is given to the reader.
    const { items } = await reading;
    assert.ok(items.some(({ result }) => result !== undefined));
    assert.equal(clock?.countTimers(), 0);
  });

  it('is waited for, and no right to write is not', async () => {
    const { run, progress } = await openFull(isPicture, 'EACCES');
    const summary = await ends(run.done);
    assert.ok(!progress.some(isFull));
    assert.equal(summary.stopped?.reason, 'disk');
    assert.match(summary.stopped?.message ?? '', /EACCES/);
    assert.equal(summary.resumable, true);
  });
});

describe('a disk', () => {
  const fs = process.getBuiltinModule('node:fs');

  it('that is full already refuses the batch', async () => {
    await open();
    brokenDisk(isPicture).code = 'ENOSPC';
    await assert.rejects(bench.run(PROMPTS), /no picture can be saved in .*pictures: ENOSPC/);
    assert.equal(bench.sent(), 0);
  });

  for (const [name, says, options] of [
    ['fsync', /no picture can be saved in .*\/out: EIO/, inFolder],
    ['fsync', /no picture can be saved in .*\.pictures: EIO/, () => ({})],
    ['fdatasync', /batch\.jsonl: EIO/, () => ({})],
  ] as const) {
    it(`that brings nothing to where it lasts refuses the batch: ${name} ${says}`, async () => {
      await open();
      mock.method(fs, name, (_: number, done: (error: Error) => void) => {
        done(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
      });
      await assert.rejects(bench.run(PROMPTS, options()), says);
      assert.equal(bench.sent(), 0);
      mock.restoreAll();
      // Nothing is left of the try, and the journal is free.
      const files = filesIn(bench.folder);
      assert.ok(!files.some((file) => file.endsWith('.part')), `${files}`);
      assert.equal((await bench.run(PROMPTS, options())).summary.done, 4);
    });
  }

  it('is brought what is written where handles cannot, as under Yarn PnP', async () => {
    await open();
    const promises = process.getBuiltinModule('node:fs/promises');
    const original = promises.open;
    mock.method(promises, 'open', async (...given: Parameters<typeof original>) => {
      const handle = await original(...given);
      for (const name of ['sync', 'datasync']) {
        const value = () => {
          throw new Error('Method not implemented.');
        };
        Object.defineProperty(handle, name, { value });
      }
      return handle;
    });
    const flushed = mock.method(fs, 'fdatasync');
    const { items, summary } = await bench.run(PROMPTS);
    assert.equal(summary.done, 4);
    for (const { files } of items) assert.ok(statSync(files[0] as string).size > 0);
    assert.ok(flushed.mock.callCount() > 4);
  });
});

describe('what is on disk', () => {
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  it('is for this user alone where the batch makes its folder', async () => {
    await open();
    const { items } = await bench.run(PROMPTS, { fileName: ({ key }) => `set/${key}` });
    const folder = `${bench.journal}.pictures`;
    assert.equal(mode(bench.journal), '600');
    assert.deepEqual([mode(folder), mode(join(folder, 'set'))], ['700', '700']);
    for (const { files } of items) assert.equal(mode(files[0] as string), '600');
  });

  it('is as private as a folder that was there', async () => {
    await open();
    const out = join(bench.folder, 'out');
    mkdirSync(out);
    chmodSync(out, 0o755);
    const umask = process.umask(0o022);
    try {
      const { items } = await bench.run(PROMPTS, inFolder({ fileName: ({ key }) => `set/${key}` }));
      assert.equal(mode(join(out, 'set')), '755');
      for (const { files } of items) assert.equal(mode(files[0] as string), '644');
    } finally {
      process.umask(umask);
    }
  });
});

describe('a folder', () => {
  it('that cannot be written to refuses the batch, and says which', async () => {
    await open();
    const fs = process.getBuiltinModule('node:fs/promises');
    mock.method(fs, 'open', async (path: string) => {
      throw Object.assign(new Error(`EACCES: permission denied, open '${path}'`), {
        code: 'EACCES',
      });
    });
    await assert.rejects(bench.run(PROMPTS), /EACCES.*batch\.jsonl/);
    assert.equal(bench.sent(), 0);
    mock.restoreAll();
    assert.equal((await bench.run(PROMPTS)).summary.done, 4);
  });

  it('that is a file refuses the batch, and leaves the journal free', async () => {
    await open();
    writeFileSync(join(bench.folder, 'out'), '');
    const out = join(bench.folder, 'out');
    for (const _ of [1, 2]) await assert.rejects(bench.run(PROMPTS, { out }), /EEXIST|ENOTDIR/);
    assert.equal(bench.sent(), 0);
  });

  it('that is removed in the middle ends the batch', async () => {
    await open();
    const out = join(bench.folder, 'out');
    const run = bench.client().batch(PROMPTS, { journal: bench.journal, out, concurrency: 1 });
    for await (const { index } of run) {
      if (index === 0) renameSync(out, join(bench.folder, 'aside'));
    }
    const summary = await run.done;
    assert.equal(summary.stopped?.reason, 'disk');
    assert.equal(summary.resumable, true);
  });
});
