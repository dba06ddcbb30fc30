/** Time for tests that speak real HTTP: the package's waits are virtual, the sockets' are not. */
import FakeTimers from '@sinonjs/fake-timers';

/** The timers faked where nothing uses a socket; with micro-tasks faked too, Node reads no response. */
export const TIMERS: FakeTimers.FakeMethod[] = [
  'setTimeout',
  'clearTimeout',
  'Date',
  'performance',
];

/** 2026-11-24 12:00:00 UTC, four in the morning in Los Angeles. */
export const NOON = 1_795_521_600_000;

/** Lets what reads a response take its turns of the real loop; no time passes. */
export async function turns(count = 12): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Runs a clock with `TIMERS` until `work` has ended. */
export async function runThrough<T>(clock: FakeTimers.Clock, work: Promise<T>): Promise<T> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  work.then(end, end);
  for (let step = 0; step < 2_000; step += 1) {
    await turns();
    if (ended) return work;
    await clock.nextAsync();
  }
  throw new Error('it never ends');
}

const isDiskBusy = (): boolean =>
  process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));

/** The same for work that waits for a disk, which takes its own time: nothing is due in it. */
export async function runOverDisk<T>(clock: FakeTimers.Clock, work: Promise<T>): Promise<T> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  work.then(end, end);
  for (let steps = 0; steps < 5_000; ) {
    await turns();
    if (ended) return work;
    // The disk takes real time: no timer is jumped to while it works.
    if (clock.countTimers() === 0 || isDiskBusy()) continue;
    steps += 1;
    await clock.nextAsync();
  }
  throw new Error('it never ends');
}

/** A clock that stands still while requests are on their way, and jumps over each wait. */
export interface JumpingClock {
  /** The time in ms. */
  now(): number;
  /** Waits without taking time. */
  sleep(ms: number): Promise<void>;
  uninstall(): void;
}

/**
 * Makes `Date`, `performance` and the timers of the package virtual, and those alone. Node's `fetch`
 * shares the global timers: were its own virtual too, a jump would close its sockets. A timer of `limit`
 * ms or more limits a request that is on its way, and is not jumped to.
 */
export function installJumpingClock(limit = Number.POSITIVE_INFINITY): JumpingClock {
  const clock = FakeTimers.install({ now: NOON, toFake: ['Date', 'performance'] });
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
  const ours = new Set<unknown>();
  const arm = (callback: () => void, ms: number): unknown => {
    const id = clock.setTimeout(() => {
      ours.delete(id);
      callback();
    }, ms);
    ours.add(id);
    setImmediate(() => {
      if (ours.has(id) && ms < limit) clock.tick(ms);
    });
    return id;
  };
  globalThis.setTimeout = ((callback: () => void, ms = 0) =>
    /wasm\/unexhausted\.js|pkg\/jobs\//.test(new Error().stack ?? '')
      ? arm(callback, ms)
      : realSet(callback, ms)) as typeof setTimeout;
  globalThis.clearTimeout = ((id: never) => {
    if (ours.delete(id)) clock.clearTimeout(id);
    else realClear(id);
  }) as typeof clearTimeout;
  return {
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => void arm(() => resolve(), ms)),
    uninstall() {
      globalThis.setTimeout = realSet;
      globalThis.clearTimeout = realClear;
      clock.uninstall();
    },
  };
}
