/** Reasons to wait behind one call that is in flight: options of a client for each. */
import { MODEL } from './transport.mjs';

export const WAITS = {
  /** Their turn, in the queue of the model. */
  queued: { concurrency: 1, limits: { [MODEL]: { rpm: 100_000 } } },
  /** The next day of a budget that has room for one picture of 0.067 USD. */
  parked: { budget: { perDay: 0.1 }, onDailyLimit: 'wait' },
};

// A budget without a store is warned of, each time.
console.warn = () => {};
