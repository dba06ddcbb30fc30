/** Batches by jobs in virtual time, with real files against the fake service in this process. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import FakeTimers from '@sinonjs/fake-timers';
import type { EmulatorConfig, JobRecord } from '../../../pkg/emulator/index.js';
import type { BatchItem, BatchOptions, BatchSource, BatchSummary } from '../../../pkg/index.js';
import { type Bench, openBench } from './batches.ts';
import { NOON, TIMERS, turns } from './clock.ts';

/** How long nothing may be due, in ns of the real clock: the disk takes a moment at most. */
const IDLE_MAX = 10_000_000_000n;
const STEPS_MAX = 20_000;

export interface JobBench extends Bench {
  readonly clock: FakeTimers.Clock;
  /** Lets time pass until this has ended. */
  through<T>(work: Promise<T>): Promise<T>;
  /** Runs a batch by jobs to its end, whatever of `options` says otherwise. */
  byJob(
    source: BatchSource,
    options?: BatchOptions,
  ): Promise<{ items: BatchItem[]; summary: BatchSummary }>;
  /** The jobs in the books of the service. */
  books(): JobRecord[];
  /** The service's bill for jobs and requests, in USD. */
  spent(): number;
  /** Copies the journal and the pictures; gives the journal of the copy. */
  copy(name: string): string;
}

export async function openJobBench(config: EmulatorConfig = {}): Promise<JobBench> {
  const bench = await openBench({ imageBytes: 2_000, ...config });
  // The service takes its time from here too.
  const clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
  const books = (): JobRecord[] => bench.emulator.ledger().jobs;
  const through = <T>(work: Promise<T>): Promise<T> => throughTime(clock, work);
  return {
    ...bench,
    clock,
    through,
    books,
    byJob: (source, options) => through(bench.run(source, { route: 'batch', ...options })),
    spent: () => books().reduce((sum, { billed }) => sum + billed, bench.billed()),
    copy(name) {
      const to = join(bench.folder, name);
      cpSync(bench.journal, `${to}.jsonl`);
      cpSync(`${bench.journal}.pictures`, `${to}.jsonl.pictures`, { recursive: true });
      return `${to}.jsonl`;
    },
    close() {
      bench.close();
      clock.uninstall();
    },
  };
}

/** Work on a disk takes its own time; no timer fires in it. */
async function throughTime<T>(clock: FakeTimers.Clock, work: Promise<T>): Promise<T> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  work.then(end, end);
  let due = process.hrtime.bigint();
  for (let steps = 0; steps < STEPS_MAX; ) {
    await turns();
    // Writing takes no virtual time, or requests that wait for it would time out.
    while (isWriting()) {
      await turns(1);
      due = process.hrtime.bigint();
    }
    if (ended) return work;
    if (clock.countTimers() > 0) {
      steps += 1;
      await clock.nextAsync();
      due = process.hrtime.bigint();
    } else if (process.hrtime.bigint() - due > IDLE_MAX) {
      assert.fail('nothing is due, and it has not ended');
    }
  }
  assert.fail('it never ends');
}

function isWriting(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
}

/** The sum of what items cost, in USD. */
export const costOf = (items: readonly BatchItem[]): number =>
  items.reduce((sum, { cost = 0 }) => sum + cost, 0);

/** Whether two sums of money are the same, but for tokens that the service counts otherwise. */
export function isAbout(one: number, other: number): void {
  assert.ok(Math.abs(one - other) <= 0.01 * Math.max(one, other), `${one} is not about ${other}`);
}
