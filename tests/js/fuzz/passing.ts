/** Virtual time for many calls at once. */
import assert from 'node:assert/strict';
import type FakeTimers from '@sinonjs/fake-timers';
import { turns } from '../support/clock.ts';

/** Lets time pass until all of these are fulfilled; each timer takes its turn. */
export async function pass(clock: FakeTimers.Clock, works: Promise<unknown>[]): Promise<void> {
  let left = works.length;
  const end = (): void => {
    left -= 1;
  };
  for (const work of works) work.then(end, end);
  for (let steps = 0; ; steps += 1) {
    await turns();
    if (left === 0) break;
    assert.ok(clock.countTimers() > 0, 'nothing is due, and it has not ended');
    assert.ok(steps < 20_000 * works.length, 'it never ends');
    clock.next();
  }
  await Promise.all(works);
}
