/** Retries: the curve of their waits, and the functions that decide on them. Durations are milliseconds. */
import type { ErrorInfo } from './errors.js';

/** A decision of the caller's function: at once, or once its promise is fulfilled. */
export type Decided<T> = T | Promise<T>;

/** The argument of `shouldRetry`. */
export interface ShouldRetryContext {
  error: unknown;
  info: ErrorInfo;
  /** The number of the attempt that failed, from 1. */
  attempt: number;
  /** The wait that is planned, in ms; `null` where no retry is planned. */
  delay: number | null;
}

/** One curve of waits. */
export interface CurveOptions {
  /** The wait after the first try, in ms; it doubles with each. */
  baseDelay?: number | undefined;
  /** The longest that the wait grows to, in ms. */
  maxDelay?: number | undefined;
  /** The most that is drawn at random on top, in ms. */
  jitter?: number | undefined;
}

/** How calls are tried again. `baseDelay`, `maxDelay` and `jitter` set all three curves. */
export interface RetryPolicy extends CurveOptions {
  /**
   * Attempts at a model that may fail before it is given up, the first included. In a chain each model
   * has its own. Default: 5, and with a `deadline` as many as fit.
   */
  maxAttempts?: number | undefined;
  /** How long one attempt may take, in ms. */
  timeout?: number | undefined;
  /**
   * The longest wait of the server's that is obeyed, in ms. A longer one ends the call, or moves it to
   * the next model; in the background one request asks again after five minutes, unless a quota was
   * named. Default: 120,000.
   */
  maxServerDelay?: number | undefined;
  /** The longest wait for a model while there is a next one, in ms. Default: 5,000. */
  maxWaitPerTarget?: number | undefined;
  /** The longest outage of a model that the call sits out, in ms. Default: 5 min, in the background 3 h. */
  maxOutage?: number | undefined;
  /** For 429. Default: 2 s doubled up to 29 s, plus up to 1 s. */
  rateLimit?: CurveOptions | undefined;
  /** For 503. Default: 20 s doubled up to 115 s, plus up to 5 s. */
  overloaded?: CurveOptions | undefined;
  /** For the rest that passes. Default: 1 s doubled up to 30 s, all of it random. */
  transient?: CurveOptions | undefined;
}

/** The context of the function that `retry` calls. */
export interface RetryContext {
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** Aborted when the attempt's time is over or the call ends; pass it to the SDK. */
  readonly signal: AbortSignal;
}
