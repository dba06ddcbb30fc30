/** The calls of this process that wait for one key of a store. */
import type { QuotaStore } from '../types/quota.js';

/** Calls that are done in one go at most, so that they do not hold the host's loop up for long. */
const BATCH = 256;

type Update = Parameters<QuotaStore['transact']>[1];

interface QueuedUpdate {
  update: Update;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

type UpdateOutcome = { result: unknown } | { error: unknown };

/**
 * Makes the calls on a key queue up, so that a process never contends with itself, and does those
 * that have queued up in one transaction: however many there are, they cost one lock or one round
 * trip. Each sees what the one before it left, and one that throws leaves everything as it was.
 *
 * If the store itself fails, all that wait for the key at that moment fail with it: were each to
 * try for itself, the last would hear of it many times later than the first.
 */
export function queued(store: QuotaStore): QuotaStore {
  const queues = new Map<string, QueuedUpdate[]>();

  async function drain(key: string, queue: QueuedUpdate[]): Promise<void> {
    // Calls made in the same turn belong together.
    await undefined;
    while (queue.length > 0) {
      const calls = queue.splice(0, BATCH);
      try {
        settle(calls, await store.transact(key, (state, now) => runAll(calls, state, now)));
      } catch (error) {
        if (error instanceof NothingToWrite) {
          settle(calls, error.outcomes);
        } else {
          for (const call of [...calls, ...queue.splice(0)]) call.reject(error);
        }
      }
    }
    queues.delete(key);
  }

  return {
    transact: <T>(key: string, update: Update) =>
      new Promise<T>((resolve, reject) => {
        const call: QueuedUpdate = { update, resolve: (result) => resolve(result as T), reject };
        const queue = queues.get(key);
        if (queue !== undefined) {
          queue.push(call);
          return;
        }
        const fresh = [call];
        queues.set(key, fresh);
        void drain(key, fresh);
      }),
  };
}

/** Every call of a batch threw, so there is no state to write. */
class NothingToWrite extends Error {
  readonly outcomes: UpdateOutcome[];

  constructor(outcomes: UpdateOutcome[]) {
    super('nothing to write');
    this.outcomes = outcomes;
  }
}

function runAll(
  calls: QueuedUpdate[],
  before: string | undefined,
  now: number,
): { state: string; result: UpdateOutcome[] } {
  let state = before;
  let written = false;
  const outcomes = calls.map(({ update }): UpdateOutcome => {
    try {
      const done = update(state, now);
      state = done.state;
      written = true;
      return { result: done.result };
    } catch (error) {
      return { error };
    }
  });
  if (!written || state === undefined) throw new NothingToWrite(outcomes);
  return { state, result: outcomes };
}

function settle(calls: QueuedUpdate[], outcomes: UpdateOutcome[]): void {
  calls.forEach((call, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined) return;
    if ('error' in outcome) call.reject(outcome.error);
    else call.resolve(outcome.result);
  });
}
