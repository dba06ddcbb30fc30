/** The events of a client. Durations are milliseconds. */
import type { Dimension, ErrorInfo } from './errors.js';
import type { QuotaAlert } from './quota.js';

/** A wait that is about to begin. */
export interface RetryEvent {
  /** The call, a number that is unique in its client. */
  call: number;
  /** The number of the attempt that failed, from 1. */
  attempt: number;
  /** How long the wait is, in ms. */
  delay: number;
  /** When it ends, for a countdown. */
  retryAt: Date;
  /** The model that failed; absent in `retry`. */
  model?: string;
  /** The facts of the error. */
  info: ErrorInfo;
  /** The error itself in `retry`, a redacted copy of the service's answer elsewhere. */
  error?: unknown;
}

/** A model that goes. */
export interface ModelRetired {
  model: string;
  status: 'deprecated' | 'retired';
  /** The id of the model to use instead, or of the one that has answered in its place. */
  successor?: string;
  /** When it ends, and what else answers say of it (`modelStatus`), where they say so. */
  endsAt?: string;
  message?: string;
  /** The answer of the service, where it said so. */
  info?: ErrorInfo;
}

/** The events of a client. */
export interface ClientEvents {
  /** A request goes out. */
  attempt: { call: number; attempt: number; model?: string };
  /** An attempt failed, and another follows. */
  retry: RetryEvent;
  /** The call waits, after a failed attempt or in its model's queue; `retryAt` is for a countdown. */
  waiting: RetryEvent;
  /** The call leaves a model for the next. */
  fallback: { call: number; from?: string; model?: string; info: ErrorInfo };
  /** The call succeeded. */
  success: { call: number; attempts: number; waited: number };
  /** The call failed, was aborted or ended with its client. */
  failure: { call: number; error: unknown };
  /** A limit was learned, or is another than was thought; money is in USD. */
  limitLearned: { model?: string; dimension: Dimension; limit: number; previous?: number };
  /** The use of a limit has passed a threshold; again only after it fell well below that. */
  quotaAlert: QuotaAlert;
  /** Spending has passed a threshold (`alertAt`) of the budget, in USD. */
  budgetAlert: { period: 'total' | 'day'; used: number; limit: number; threshold: number };
  /** A limit keeps calls waiting, or refuses them. */
  quotaExhausted: { model?: string; dimension: Dimension; limit?: number; retryAt: Date };
  /** A model fails for everybody: its circuit breaker has opened, and one probe at a time goes out. */
  circuitOpened: { model?: string; retryAt: Date; info: ErrorInfo };
  /** The model answers again: its circuit breaker has closed. */
  circuitClosed: { model?: string };
  /**
   * A model that this client is set up for is deprecated or retired, or the service answers that it
   * is not there; told once for each.
   */
  modelRetired: ModelRetired;
  /** The store of the quotas does not answer, or answers again. */
  storeDown: { down: boolean };
}
