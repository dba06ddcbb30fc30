/** A batch whose process is killed again and again: nothing that is finished is lost or paid twice. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmulatorConfig } from '../../../pkg/emulator/index.js';
import { Door, fold, Life, random } from '../support/lives.ts';

/** The conditions that hold at the end, however often the process was killed. */
function check(folder: string, items: number, door: Door, last: Life, everOpen: Set<string>): void {
  const { summary } = last.told.at(-1) ?? {};
  assert.ok(summary !== undefined, 'the last run came to its end');
  assert.deepEqual([summary.done, summary.failed, summary.resumable], [items, 0, false]);
  const finished = last.told.filter(({ status }) => status === 'done');
  assert.equal(finished.length, items);

  const pictures = readdirSync(join(folder, 'batch.jsonl.pictures')).sort();
  assert.deepEqual(
    pictures,
    finished.flatMap(({ files }) => (files ?? []).map((file) => file.split('/').at(-1))).sort(),
    'every picture is there once, and nothing else is',
  );
  for (const name of pictures) {
    const bytes = readFileSync(join(folder, 'batch.jsonl.pictures', name));
    assert.equal(bytes.subarray(1, 4).toString('latin1'), 'PNG', name);
    assert.equal(bytes.subarray(-8, -4).toString('latin1'), 'IEND', `${name} is complete`);
  }

  const twice = finished.filter(({ possiblyPaidTwice }) => possiblyPaidTwice);
  assert.deepEqual(
    twice.map(({ key }) => key).sort(),
    [...everOpen].sort(),
    'what was open at a kill is what is told as possibly paid twice',
  );

  const { cost, possible, open } = fold(join(folder, 'batch.jsonl'));
  const { billed } = door.emulator.ledger().totals;
  assert.equal(open.size, 0);
  assert.ok(Math.abs(summary.cost - cost) < 1e-6, `${summary.cost} told, ${cost} journalled`);
  assert.ok(Math.abs(summary.possibleCost - possible) < 1e-6);
  assert.ok(cost <= billed + 1e-6, `${cost} journalled, ${billed} billed`);
  assert.ok(billed <= cost + possible + 1e-6, `${billed} billed, ${cost} + ${possible} journalled`);
}

/** Checks each request as it comes in. */
function watch(door: Door, folder: string): { faults: string[]; keys: Map<number, string> } {
  const seen = new Map<number, number>();
  const keys = new Map<number, string>();
  const faults: string[] = [];
  door.onRequest = (item) => {
    const count = (seen.get(item) ?? 0) + 1;
    seen.set(item, count);
    const { tries, made } = fold(join(folder, 'batch.jsonl'));
    const key = keys.get(item);
    if (key === undefined) return;
    if (made.has(key)) faults.push(`item ${item} was requested when it was finished`);
    if ((tries.get(key) ?? 0) < count)
      faults.push(`item ${item} was requested before it was noted`);
  };
  return { faults, keys };
}

/** The key of each item: the same as in a batch of nothing, which sends no request. */
async function keysOf(items: number): Promise<Map<number, string>> {
  const { digest } = await import('../../../pkg/base/digest.js');
  const keys = new Map<number, string>();
  for (let item = 0; item < items; item += 1) {
    keys.set(item, await digest(JSON.stringify(`item ${item}`), 16));
  }
  return keys;
}

const LATENCY = { median: 60, sigma: 0.8 };

const FAULTS: EmulatorConfig = {
  latency: LATENCY,
  faults: [
    { fault: '503', probability: 0.04 },
    { fault: '429-bare', probability: 0.03 },
    { fault: 'reset', probability: 0.02, billed: true },
    { fault: 'cut', probability: 0.02, billed: true },
  ],
};

it('survives 200 kills with nothing lost, and nothing finished paid again', {
  timeout: 300_000,
}, async (test) => {
  const [items, kills] = [500, 200];
  const folder = scratch(test);
  const door = await openDoor(test, FAULTS);
  const watched = watch(door, folder);
  for (const [item, key] of await keysOf(items)) watched.keys.set(item, key);
  const journal = join(folder, 'batch.jsonl');
  const draw = random(7);
  const everOpen = new Set<string>();
  for (let kill = 0; kill < kills; kill += 1) {
    const before = fold(journal).made.size;
    const life = new Life({ baseUrl: door.url, folder, items });
    await life.started;
    // As long as is left for each, so that there is something to kill to the end.
    const share = (items - before) / (kills - kill);
    const until = Date.now() + draw() * 300;
    while (Date.now() < until && fold(journal).made.size < before + 2 * share) await sleep(2);
    await life.kill();
    const { open } = fold(journal);
    for (const key of open) everOpen.add(key);
  }
  assert.ok(fold(journal).made.size < items, 'there was something left to the last kill');
  // Two faults within a minute are an outage, which a process that lives on sits out.
  door.emulator.configure({ faults: [] });
  const last = new Life({ baseUrl: door.url, folder, items });
  await last.ended;
  assert.deepEqual(watched.faults, []);
  check(folder, items, door, last, everOpen);
  test.diagnostic(
    `${door.requests.length} requests for ${items} pictures, ${everOpen.size} possibly paid twice`,
  );
});

it('goes on when the service was gone, with kills in between', {
  timeout: 120_000,
}, async (test) => {
  const items = 60;
  const folder = scratch(test);
  const door = await openDoor(test, FAULTS);
  const journal = join(folder, 'batch.jsonl');
  const everOpen = new Set<string>();
  const die = async (life: Life) => {
    await life.kill();
    for (const key of fold(journal).open) everOpen.add(key);
  };
  const first = new Life({ baseUrl: door.url, folder, items });
  await until(() => fold(journal).made.size >= 10);
  await door.shut();
  await sleep(1_500);
  await die(first);
  const second = new Life({ baseUrl: door.url, folder, items });
  await sleep(1_500);
  const requests = door.requests.length;
  assert.ok(fold(journal).made.size < items);
  door.emulator.configure({ faults: [] });
  await door.start();
  await second.ended;
  assert.ok(door.requests.length > requests);
  check(folder, items, door, second, everOpen);
});

it('goes on when the disk was full, with kills in between', { timeout: 120_000 }, async (test) => {
  const items = 250;
  const folder = smallDisk(test);
  if (folder === undefined) {
    test.skip('no leave to make a small disk');
    return;
  }
  const door = await openDoor(test, { latency: LATENCY, imageBytes: 4_000 });
  const journal = join(folder, 'batch.jsonl');
  const everOpen = new Set<string>();
  const die = async (life: Life) => {
    await life.kill();
    for (const key of fold(journal).open) everOpen.add(key);
  };
  for (const isKilled of [true, false]) {
    const life = new Life({ baseUrl: door.url, folder, items });
    const before = fold(journal).made.size;
    await until(() => fold(journal).made.size >= before + 10);
    fill(join(folder, 'filler'));
    await until(() => life.told.some(({ waiting }) => waiting?.includes('disk is full')));
    const requests = door.requests.length;
    await sleep(300);
    assert.ok(door.requests.length <= requests + 8, 'nothing new is paid for');
    if (isKilled) await die(life);
    rmSync(join(folder, 'filler'));
    if (isKilled) continue;
    await life.ended;
    check(folder, items, door, life, everOpen);
  }
});

async function openDoor(test: TestContext, config: EmulatorConfig): Promise<Door> {
  const door = await Door.open(config);
  test.after(() => door.close());
  return door;
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !isSo(); await sleep(2)) {
    assert.ok(Date.now() < end, `not within 20 s: ${isSo}`);
  }
}

/** Takes whatever room there is. */
function fill(path: string): void {
  for (const size of [1 << 16, 1 << 12, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
}

/** A disk of two megabytes; only root can make one. */
function smallDisk(test: TestContext): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'unexhausted-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmdirSync(folder);
    return undefined;
  }
  test.after(() => {
    execFileSync('umount', [folder]);
    rmdirSync(folder);
  });
  return folder;
}

function scratch(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'unexhausted-batch-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
