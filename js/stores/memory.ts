/** The quota store of several clients of one process. */
import type { QuotaStore } from '../types/quota.js';

/**
 * A store in memory, for clients that share a quota inside one process. What it holds ends with the
 * process. Minutes are counted by a clock that nobody can set, and days by `Date.now()`.
 *
 * @example
 * ```ts
 * const store = memoryStore();
 * const portraits = createClient({ store });
 * const landscapes = createClient({ store });
 * ```
 */
export function memoryStore(): QuotaStore {
  const states = new Map<string, string>();
  const origin = Date.now() - performance.now();
  return {
    // Nothing runs between the read and the write, so the whole is atomic.
    async transact(key, update) {
      const now = Math.floor(origin + performance.now());
      const { state, result } = update(states.get(key), now, Date.now());
      states.set(key, state);
      return result;
    },
  };
}
