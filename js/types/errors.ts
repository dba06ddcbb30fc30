/** The kinds of errors, and the facts that are known of one. Durations are milliseconds. */

/** The kinds of errors of the service and the connection. */
export type ErrorKind =
  | 'rate_limited'
  | 'daily_quota'
  | 'not_in_tier'
  | 'spend_limited'
  | 'billing'
  | 'overloaded'
  | 'timeout'
  | 'server_error'
  | 'network'
  | 'cancelled'
  | 'invalid_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'model_not_found'
  | 'too_large'
  | 'blocked'
  | 'no_image'
  | 'unknown';

/** The kinds of `GenerateError`: those of the service, and those that only we cause. */
export type GenerateErrorKind = ErrorKind | 'deadline' | 'over_budget' | 'closed';

/** The quantity that a limit counts. */
export type Dimension =
  | 'requests_per_minute'
  | 'tokens_per_minute'
  | 'images_per_minute'
  | 'requests_per_day'
  | 'tokens_per_day'
  | 'spend'
  | 'enqueued_tokens';

/** A limit that was exceeded. */
export interface Quota {
  dimension: Dimension;
  /** The service's id of the limit. */
  quotaId?: string;
  /** The limit itself; 0 where the model is not in the tier. */
  limit?: number;
}

/** One limit that a 429 names. */
export interface Violation {
  dimension?: Dimension;
  quotaId?: string;
  quotaMetric?: string;
  limit?: number;
  model?: string;
}

/** The facts of an error. */
export interface ErrorInfo {
  kind: ErrorKind;
  /** `soon`: within minutes. `later`: when a daily window resets. `never`: not without a change. */
  retry: 'soon' | 'later' | 'never';
  /** The HTTP status. */
  status?: number;
  /** The longest wait that the service named, in ms. */
  retryAfter?: number;
  /** When to try again. */
  retryAt?: Date;
  /** The dimension of the deciding limit. */
  dimension?: Dimension;
  /** The deciding limit's id. */
  quotaId?: string;
  /** The deciding limit. */
  quotaLimit?: number;
  /** The model that the error is about, without `models/`. */
  model?: string;
  /** Every limit that the error names. */
  violations: Violation[];
  /** The message of the service, on one line. */
  message: string;
  /** One sentence: what happened. */
  summary: string;
  /** The remedy, in words. */
  advice: string;
}
