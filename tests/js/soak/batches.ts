/** Batches whose processes are killed, and that go on: nothing is lost, and nothing paid unsaid. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Door, fold, Life, random } from '../support/lives.ts';

const ITEMS = 6;

/** The sums over all batches, in USD and in pictures. */
interface Sum {
  cost: number;
  possible: number;
  kills: number;
  twice: number;
  restored: number;
}

export async function batches(count: number): Promise<string[]> {
  const door = await Door.open({
    limits: null,
    latency: { median: 40, sigma: 0.8 },
    imageBytes: 2_000,
    faults: [{ fault: 'reset', probability: 0.01, billed: true }],
  });
  const root = mkdtempSync(join(tmpdir(), 'unexhausted-soak-'));
  const asked = new Map<string, number>();
  door.onRequest = (item, url) => {
    const key = `${/^\/(batch-\d+)/.exec(url)?.[1]} ${item}`;
    asked.set(key, (asked.get(key) ?? 0) + 1);
  };
  const sum: Sum = { cost: 0, possible: 0, kills: 0, twice: 0, restored: 0 };
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const number = next;
      next += 1;
      await one(door, root, number, sum, asked);
    }
  };
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    const { billed, requests } = door.emulator.ledger().totals;
    const told = `${count} batches of ${ITEMS}, ${sum.kills} kills: ${requests} requests, ${billed.toFixed(2)} USD billed, ${sum.cost.toFixed(2)} journalled and ${sum.possible.toFixed(2)} told as possibly paid; ${sum.twice} items possibly paid twice, ${sum.restored} restored`;
    assert.ok(sum.cost <= billed + 1e-6, told);
    assert.ok(billed <= sum.cost + sum.possible + 1e-6, told);
    return [told];
  } finally {
    await door.close();
    rmSync(root, { recursive: true, force: true });
  }
}

async function one(
  door: Door,
  root: string,
  number: number,
  sum: Sum,
  asked: Map<string, number>,
): Promise<void> {
  const name = `batch-${number}`;
  const folder = mkdtempSync(join(root, `${name}-`));
  const journal = join(folder, 'batch.jsonl');
  const task = { baseUrl: `${door.url}/${name}`, folder, items: ITEMS };
  const draw = random(number + 1);
  const everOpen = new Set<string>();
  const life = new Life(task);
  await life.started;
  // At a moment between the first request and the last picture, wherever that falls.
  const enough = Math.floor(draw() * (ITEMS + 1));
  const requests = (): number => {
    const items = Array.from({ length: ITEMS }, (_, item) => asked.get(`${name} ${item}`) ?? 0);
    return items.reduce((all, one) => all + one, 0);
  };
  while (requests() < enough) await sleep(1);
  await sleep(draw() * 120);
  await life.kill();
  sum.kills += 1;
  for (const key of fold(journal).open) everOpen.add(key);
  const made = fold(journal).made.size;
  const last = new Life(task);
  await last.ended;
  const { summary } = last.told.at(-1) ?? {};
  assert.ok(summary !== undefined, `${name} did not end`);
  assert.deepEqual([summary.done, summary.failed], [ITEMS, 0], name);
  const items = last.told.filter(({ status }) => status === 'done');
  const twice = items.filter(({ possiblyPaidTwice }) => possiblyPaidTwice);
  assert.deepEqual(twice.map(({ key }) => key).sort(), [...everOpen].sort(), name);
  const restored = items.filter((item) => item.restored).length;
  assert.ok(restored >= made, `${name}: ${restored} restored of ${made} that were made`);
  const { cost, possible, open, tries } = fold(journal);
  assert.equal(open.size, 0, name);
  for (const item of items) {
    // Each request is noted before it is sent.
    const sent = asked.get(`${name} ${item.index}`) ?? 0;
    assert.ok(sent <= (tries.get(String(item.key)) ?? 0), `${name}, item ${item.index}`);
  }
  const pictures = readdirSync(`${journal}.pictures`);
  assert.equal(pictures.length, ITEMS, `${name}: ${pictures}`);
  for (const picture of pictures) {
    const bytes = readFileSync(join(`${journal}.pictures`, picture));
    assert.equal(bytes.subarray(-8, -4).toString('latin1'), 'IEND', `${name}: ${picture}`);
  }
  sum.cost += cost;
  sum.possible += possible;
  sum.twice += twice.length;
  sum.restored += restored;
  rmSync(folder, { recursive: true, force: true });
}
