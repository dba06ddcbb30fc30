/** The quota ledger alone, for code that makes its own calls. */
import { guarded, use } from './load.js';
import type { QuotaTrackerOptions, QuotaUsage, RequestUse, Reservation } from './types.js';
import type { Tracker } from './wasm/unexhausted.js';

/**
 * Counts requests against limits: rolling minutes that are right however the service counts, and
 * days that end at midnight Pacific.
 *
 * It works at once wherever a WebAssembly module can be made synchronously (Node, Deno, Bun);
 * elsewhere only after `await ready()`.
 */
export class QuotaTracker {
  readonly #tracker: Tracker;

  /**
   * @throws `TypeError` for an unknown or wrong option, naming the known ones; `Error` in browsers
   * before `ready()`.
   */
  constructor(options: QuotaTrackerOptions) {
    this.#tracker = guarded(() => new (use().core.Tracker)(options));
  }

  /** Counts a request that was made, whatever the limits say. */
  recordRequest(use: RequestUse = {}): void {
    guarded(() => this.#tracker.record(use));
  }

  /**
   * Counts a request where it may go now.
   *
   * @returns `{ ok: true, settle, cancel }`, or `{ ok: false, retryAt }` with the moment at which
   * the limit in the way lets it pass.
   */
  reserve(use: RequestUse = {}): Reservation {
    const taken = guarded(() => this.#tracker.reserve(use)) as
      | { ok: true; at: number }
      | { ok: false; retryAt: Date; dimension?: never };
    if (!taken.ok) return taken;
    // Copied, so that a change of the caller's object later settles nothing wrongly.
    const reserved = { ...use };
    let open = true;
    const end = (used: RequestUse | null) => {
      if (open) guarded(() => this.#tracker.settle(taken.at, reserved, used));
      open = false;
    };
    return { ok: true, settle: (used = reserved) => end(used), cancel: () => end(null) };
  }

  /** What is used of each limit, and when some of it is free again. */
  usage(): QuotaUsage[] {
    return guarded(() => this.#tracker.usage()) as QuotaUsage[];
  }
}
