/** The listeners of a batch, and what is emitted to them. */
import { ask } from '../base/callback.js';
import type { BatchNotice, BatchProgress } from '../batch-types.js';

/** Notices that the summary repeats. */
const NOTICES_MAX = 1_000;

export class Listeners {
  readonly #newNotices: () => readonly BatchNotice[];
  readonly #currentProgress: () => BatchProgress;
  readonly #progress: Set<(progress: BatchProgress) => void> = new Set();
  readonly #notice: Set<(notice: BatchNotice) => void> = new Set();
  readonly notices: BatchNotice[] = [];
  #isDue = false;

  constructor(newNotices: () => readonly BatchNotice[], currentProgress: () => BatchProgress) {
    this.#newNotices = newNotices;
    this.#currentProgress = currentProgress;
  }

  /** @throws `TypeError` for an event that does not exist. */
  on(event: 'progress' | 'notice', listener: (event: never) => void): () => void {
    const all = { progress: this.#progress, notice: this.#notice };
    const listeners = all[event] as Set<(event: never) => void> | undefined;
    if (listeners === undefined) {
      throw new TypeError(
        `unexhausted: unknown event \`${event}\`; the events are progress, notice`,
      );
    }
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Emits once for all that changes until the next microtask. */
  emitSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => this.emit());
  }

  /** Emits the notices that are new, and the progress. */
  emit(): void {
    this.#isDue = false;
    for (const notice of this.#newNotices()) this.emitNotice(notice);
    if (this.#progress.size === 0) return;
    const progress = this.#currentProgress();
    for (const listener of this.#progress) ask('a listener of `progress`', listener, progress);
  }

  emitNotice(notice: BatchNotice): void {
    if (this.notices.length < NOTICES_MAX) this.notices.push(notice);
    for (const listener of this.#notice) ask('a listener of `notice`', listener, notice);
  }
}
