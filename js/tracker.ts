/** The quota ledger alone, for code that makes its own calls. */
import { ask } from './base/callback.js';
import { flat } from './host/flat.js';
import { guarded, use } from './module/load.js';
import type { QuotaTrackerOptions, QuotaUsage, RequestUse, Reservation } from './types/quota.js';
import type { Tracker } from './wasm/unexhausted.js';

/**
 * Counts requests against limits: rolling minutes that are right however the service counts, and
 * days that end at midnight Pacific.
 *
 * It works at once wherever a WebAssembly module can be made synchronously (Node, Deno, Bun);
 * elsewhere only after `await ready()`.
 */
export class QuotaTracker {
  readonly #options: QuotaTrackerOptions;
  #tracker: Tracker;
  #instance: number;
  /** The counts so far, in case the WebAssembly fails. */
  #kept = '';

  /**
   * @throws `TypeError` for an unknown or wrong option, naming the known ones; `Error` in browsers
   * before `ready()`.
   */
  constructor(options: QuotaTrackerOptions) {
    const { core, instance } = use();
    this.#options = contained(options);
    this.#tracker = guarded(() => new core.Tracker(this.#options, { flat }));
    this.#instance = instance;
  }

  #run<T>(what: (tracker: Tracker) => T): T {
    const { core, instance } = use();
    if (instance !== this.#instance) {
      this.#tracker = guarded(() => new core.Tracker(this.#options, { flat }));
      this.#tracker.recall(this.#kept);
      this.#instance = instance;
    }
    return guarded(() => {
      const result = what(this.#tracker);
      this.#kept = this.#tracker.state();
      return result;
    });
  }

  /** Counts a request that was made, whatever the limits say. */
  recordRequest(use: RequestUse = {}): void {
    this.#run((tracker) => tracker.record(use));
  }

  /**
   * Counts a request where it may go now.
   *
   * @returns `{ ok: true, settle, cancel }`, or `{ ok: false, retryAt }` with the moment at which
   * the limit in the way lets it pass.
   */
  reserve(use: RequestUse = {}): Reservation {
    const taken = this.#run((tracker) => tracker.reserve(use)) as
      | { ok: true; at: number }
      | { ok: false; retryAt: Date; dimension?: never };
    if (!taken.ok) return taken;
    // Copied, so that a change of the caller's object later settles nothing wrongly.
    const reserved = { ...use };
    let open = true;
    const end = (used: RequestUse | null) => {
      if (open) this.#run((tracker) => tracker.settle(taken.at, reserved, used));
      open = false;
    };
    return { ok: true, settle: (used = reserved) => end(used), cancel: () => end(null) };
  }

  /** The use of each limit, and when some of it is free again. */
  usage(): QuotaUsage[] {
    return this.#run((tracker) => tracker.usage()) as QuotaUsage[];
  }
}

/** A copy of the options, whose listener cannot fail; what is no object is left for the core to refuse. */
function contained(options: QuotaTrackerOptions): QuotaTrackerOptions {
  if (typeof options !== 'object' || options === null) return options;
  const copy = { ...options };
  const { onAlert } = copy;
  if (typeof onAlert === 'function')
    copy.onAlert = (alert) => void ask('`onAlert`', onAlert, alert);
  return copy;
}
