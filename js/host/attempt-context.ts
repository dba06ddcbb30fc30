/** The context of an attempt of the caller's function. */
import type { RetryContext } from '../types/retry.js';

export class AttemptContext implements RetryContext {
  readonly attempt: number;
  #controller: AbortController | undefined;

  constructor(attempt: number) {
    this.attempt = attempt;
  }

  // Most functions never ask for the signal, and making one costs as much as the rest of a call.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  static abort(context: AttemptContext, reason: unknown): void {
    context.#controller ??= new AbortController();
    context.#controller.abort(reason);
  }
}
