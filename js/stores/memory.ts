/** The quota store of several clients of one process. */
import type { QuotaStore } from '../types.js';

/**
 * A store in memory, for clients that share a quota inside one process. What it holds ends with the
 * process; its clock is `Date.now()`.
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
  return {
    // Nothing runs between the read and the write, so the whole is atomic.
    async transact(key, update) {
      const { state, result } = update(states.get(key), Date.now());
      states.set(key, state);
      return result;
    },
  };
}
