/** Journals that were damaged, or that somebody else wrote, under batches that go on with them. */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BatchItem, type BatchSummary, createClient } from '../../../pkg/index.js';
import { GOOD } from './bodies.ts';
import { checkMoney } from './checks.ts';
import { Dice } from './dice.ts';
import { Found, type Fuzz } from './fuzz.ts';
import * as odd from './odd.ts';

const ITEMS = [
  'a boat',
  { key: 'own', request: 'a kite' },
  'a boat',
  { key: '../victim', request: 'a hat' },
];
/** A batch of nothing but memory ends in milliseconds. */
const HANGS = 30_000;

/** In memory where that is to be had: a disk that is brought up to date is all that takes time here. */
export const ROOT = mkdtempSync(
  join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'unexhausted-fuzz-'),
);
process.on('exit', () => rmSync(ROOT, { recursive: true, force: true }));

const outcomes = { items: 0, restored: 0, twice: 0, refused: 0, notices: 0 };

/** A batch that was run to its end. */
export interface Resumed {
  items: BatchItem[];
  summary: BatchSummary;
  sent: number;
}

/** Runs the batch of a folder to its end. */
export async function resume(folder: string, count: number): Promise<Resumed> {
  let sent = 0;
  const client = createClient({
    ...{ apiKey: 'a-key-of-nobody', models: ['gemini-3-pro-image'], limits: 'none' },
    fetch: async () => {
      sent += 1;
      return Response.json(GOOD.gemini);
    },
  });
  const run = client.batch(ITEMS.slice(0, count), { journal: join(folder, 'in', 'batch.jsonl') });
  const items: BatchItem[] = [];
  const read = async (): Promise<Resumed> => {
    for await (const item of run) items.push(item);
    return { items, summary: await run.done, sent };
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: 'it never ends' })),
      HANGS,
    );
  });
  try {
    return await Promise.race([read(), late]);
  } finally {
    clearTimeout(timer);
    run.done.catch(() => {});
    await client.close();
  }
}

/** Finished batches to begin with: of one run, and of two with a kill between them. */
let models: Promise<string[]> | undefined;

async function makeModels(): Promise<string[]> {
  const folders: string[] = [];
  for (const kills of [0, 1, 2]) {
    const folder = join(ROOT, `model-${kills}`);
    mkdirSync(join(folder, 'in'), { recursive: true });
    const journal = join(folder, 'in', 'batch.jsonl');
    for (let run = 0; run <= kills; run += 1) {
      await resume(folder, run === kills ? ITEMS.length : run + 1);
      const lines = readFileSync(journal, 'utf8').split('\n').slice(0, -1);
      if (run < kills) writeFileSync(journal, `${lines.slice(0, -1).join('\n')}\n`);
    }
    folders.push(folder);
  }
  return folders;
}

const NAMES = [
  ...[
    '../victim',
    '../../victim',
    '/etc/passwd',
    'batch.jsonl',
    '..',
    '.',
    '',
    'a\0b',
    'a\tb',
    'C:\\x',
  ],
  ...['own.png', '0001-a-boat.png', 'x'.repeat(5_000), '%2e%2e/victim', '..\\victim', 'a\nb'],
];

/** Another value somewhere in a line of JSON. */
function changed(dice: Dice, line: string): string {
  try {
    const record = JSON.parse(line) as Record<string, unknown>;
    const place = dice.pick([
      record,
      ...((record['files'] as (typeof record)[] | undefined) ?? []),
    ]);
    const name = dice.pick(Object.keys(place));
    place[name] = dice.chance(0.4) ? dice.pick(NAMES) : odd.value(dice);
    return odd.write(record);
  } catch {
    return line;
  }
}

function damaged(dice: Dice, whole: Buffer): Buffer {
  let bytes = whole;
  for (let left = 1 + dice.below(4); left > 0; left -= 1) {
    const lines = bytes.toString('utf8').split('\n');
    const [one, other] = [dice.below(lines.length), dice.below(lines.length)];
    const at = dice.below(bytes.length + 1);
    switch (dice.below(8)) {
      case 0:
        bytes = Buffer.from(bytes);
        if (at < bytes.length) bytes[at] = dice.below(256);
        continue;
      case 1:
        bytes = bytes.subarray(0, at);
        continue;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(dice.below(5_000))]);
        continue;
      case 3:
        lines.splice(one, 1);
        break;
      case 4:
        lines.splice(one, 0, lines[other] ?? '');
        break;
      case 5:
        lines[one] = odd.damage(dice, lines[one] ?? '');
        break;
      default:
        lines[one] = changed(dice, lines[one] ?? '');
    }
    bytes = Buffer.from(lines.join('\n'));
  }
  return bytes;
}

/** All that lies around the journal and its pictures, with what is in it. */
export function around(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const foreign = files.filter(
    (file) => !file.startsWith(join(folder, 'in')) || file.endsWith('.mine'),
  );
  return foreign.map((file) => `${file}: ${readFileSync(file, 'latin1')}`).sort();
}

async function one(seed: number): Promise<void> {
  const dice = new Dice(seed);
  models ??= makeModels();
  const folder = join(ROOT, `case-${seed}`);
  cpSync(dice.pick(await models), folder, { recursive: true });
  try {
    const journal = join(folder, 'in', 'batch.jsonl');
    const pictures = join(folder, 'in', 'batch.jsonl.pictures');
    for (const name of ['victim', 'victim.png', '.own.0.part', join('in', 'note.mine')]) {
      writeFileSync(join(folder, name), 'a');
    }
    const before = damaged(dice, readFileSync(journal));
    writeFileSync(journal, before);
    if (dice.chance(0.2))
      for (const name of readdirSync(pictures).slice(1)) rmSync(join(pictures, name));
    const others = around(folder);
    let first: Resumed;
    try {
      first = await resume(folder, ITEMS.length);
    } catch (error) {
      if (!(error instanceof Error) || error instanceof assert.AssertionError) throw error;
      assert.match(error.message, /^unexhausted: .*batch\.jsonl/, 'it fails in some other way');
      assert.ok(readFileSync(journal).equals(before), 'what is no journal was written to');
      outcomes.refused += 1;
      return;
    } finally {
      assert.deepEqual(around(folder), others, 'something else was touched');
    }
    checkBatch(first, dirname(journal));
    const again = await resume(folder, ITEMS.length);
    checkBatch(again, dirname(journal));
    assert.equal(again.sent, 0, `what is finished was asked for ${again.sent} times more`);
    assert.deepEqual(around(folder), others, 'something else was touched');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The conditions that a batch meets, however damaged its journal was. */
export function checkBatch({ items, summary, sent }: Resumed, folder: string): void {
  assert.equal(items.length, ITEMS.length, `${items.length} items`);
  assert.equal(new Set(items.map(({ key }) => key)).size, ITEMS.length, 'a key is given twice');
  const made = items.filter(({ restored }) => !restored);
  assert.ok(sent <= made.length, `${sent} requests for ${made.length} items`);
  checkMoney(summary.cost, 'cost');
  checkMoney(summary.possibleCost, 'possibleCost');
  const named = new Set<string>();
  for (const item of items) {
    checkMoney(item.cost, 'the cost of an item');
    checkMoney(item.possibleCost, 'what an item may have cost');
    assert.ok(
      item.status === 'done' || item.restored,
      `${item.key} failed: ${item.error?.message}`,
    );
    for (const file of item.files) {
      assert.ok(file.startsWith(join(folder, 'batch.jsonl.pictures')), `a picture at ${file}`);
      assert.ok(statSync(file).size > 0, 'an empty picture');
      named.add(file);
    }
    outcomes.items += 1;
    if (item.restored) outcomes.restored += 1;
    if (item.possiblyPaidTwice) outcomes.twice += 1;
  }
  outcomes.notices += summary.notices.length;
  assert.ok(summary.notices.length <= 200, `${summary.notices.length} notices`);
}

export const journals: Fuzz = {
  name: 'journals',
  group: 8,
  async run(seed, count) {
    const cases = Array.from({ length: count }, (_, index) =>
      one(seed + index).catch((error) => {
        throw new Found(seed + index, error);
      }),
    );
    await Promise.all(cases);
  },
  figures: () =>
    Object.entries(outcomes)
      .map(([name, times]) => `${times} ${name}`)
      .join(', '),
};
