/** Who listens to a batch. */

import { ask } from '../base/callback.js';
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
    if (this.#progress.size === 0) return;
    const progress = of();
    for (const listener of this.#progress) ask('a listener of `progress`', listener, progress);
  }

  notice(notice: BatchNotice): void {
    if (this.notices.length < NOTICES_MAX) this.notices.push(notice);
    for (const listener of this.#notice) ask('a listener of `notice`', listener, notice);
  }
}
