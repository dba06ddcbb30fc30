/** Who listens to a batch. */
import type { BatchNotice, BatchProgress } from '../batch-types.js';

/** Notices that the summary repeats. */
const NOTICES_MAX = 1_000;

export class Listeners {
  readonly #progress: Set<(progress: BatchProgress) => void> = new Set();
  readonly #notice: Set<(notice: BatchNotice) => void> = new Set();
  readonly notices: BatchNotice[] = [];

  /** @throws `TypeError` for an event that does not exist. */
  on(event: 'progress' | 'notice', listener: (told: never) => void): () => void {
    const all = { progress: this.#progress, notice: this.#notice };
    const listeners = all[event] as Set<(told: never) => void> | undefined;
    if (listeners === undefined) {
      throw new TypeError(
        `unexhausted: unknown event \`${event}\`; the events are progress, notice`,
      );
    }
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  progress(of: () => BatchProgress): void {
    if (this.#progress.size > 0) tellAll(this.#progress, of());
  }

  notice(notice: BatchNotice): void {
    if (this.notices.length < NOTICES_MAX) this.notices.push(notice);
    tellAll(this.#notice, notice);
  }
}

/** A listener's fault is its own: it surfaces as an uncaught error, and the batch goes on. */
function tellAll<T>(listeners: Iterable<(told: T) => void>, told: T): void {
  for (const listener of listeners) {
    try {
      listener(told);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
