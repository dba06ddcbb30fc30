/** Waits that can be ended. */
import { TIMER_MAX } from '../base/deadline.js';

/** Waits so many ms; `interruptible` is given the function that ends the wait at once. */
export function sleep(ms: number, interruptible: (end: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    let left = ms;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const step = () => {
      if (left <= 0) return resolve();
      const wait = Math.min(left, TIMER_MAX);
      left -= wait;
      timer = setTimeout(step, wait);
    };
    interruptible(() => {
      clearTimeout(timer);
      resolve();
    });
    step();
  });
}
