/** The client as its jobs see it. */
import type { ClientOptions, RetryOptions } from '../types/options.js';
import type { RetryContext } from '../types/retry.js';
import type { Core } from '../wasm/unexhausted.js';

/** The client's own `retry`. */
export type Retry = <T>(
  fn: (context: RetryContext) => Promise<T>,
  options?: RetryOptions,
) => Promise<T>;

export interface Link {
  readonly options: ClientOptions;
  readonly retry: Retry;
  /** Aborts with what a client that was closed says. */
  readonly closed: AbortSignal;
  /** Runs something of the core. */
  core<T>(what: (core: Core) => T): T;
}
