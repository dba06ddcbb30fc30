/** The error that callers see, and what is known of errors that their own functions threw. */
import type { Attempt } from './types/attempts.js';
import type { Dimension, ErrorInfo, GenerateErrorKind, Quota } from './types/errors.js';

/** The fields of a `GenerateError`. */
export interface GenerateErrorFields {
  kind: GenerateErrorKind;
  message: string;
  advice: string;
  info?: ErrorInfo | undefined;
  attempts?: readonly Attempt[] | undefined;
  model?: string | undefined;
  possibleCost?: number | undefined;
}

const BRAND = Symbol.for('unexhausted.GenerateError');

/**
 * A picture could not be made. `message` says what the service said and what to do; the fields say
 * it to a program. Neither holds a key or a prompt.
 */
export class GenerateError extends Error {
  override readonly name: string = 'GenerateError';
  /** The HTTP status of the last answer; `undefined` where there was none. */
  declare readonly status?: number;
  /** The same number as `status`, for code that reads `error.code`. */
  declare readonly code?: number;
  /** The kind of the error. */
  readonly kind: GenerateErrorKind;
  /** Whether the same request can succeed within minutes. */
  readonly isRetryable: boolean;
  /** The wait that the service named, in ms. */
  declare readonly retryAfter?: number;
  /** When to try again, where that is known: a daily limit's is midnight Pacific. */
  declare readonly retryAt?: Date;
  /** The limit that was exceeded, where the service named one. */
  declare readonly quota?: Quota;
  /** The model that was asked last. */
  declare readonly model?: string;
  /** Every attempt that was made. */
  readonly attempts: readonly Attempt[];
  /** The remedy, in words. */
  readonly advice: string;
  /** The possible cost in USD of answers that were lost on the way; absent where none was. */
  declare readonly possibleCost?: number;
  /** The facts of the last error. */
  declare readonly info?: ErrorInfo;

  constructor(fields: GenerateErrorFields, cause?: unknown) {
    super(fields.message, cause === undefined ? undefined : { cause });
    const { info, model, possibleCost } = fields;
    this.kind = fields.kind;
    this.advice = fields.advice;
    this.attempts = fields.attempts ?? [];
    this.isRetryable = info?.retry === 'soon';
    // Absent rather than undefined, so that a printed error shows only what is known.
    if (info?.status !== undefined) Object.assign(this, { status: info.status, code: info.status });
    if (info?.retryAfter !== undefined) this.retryAfter = info.retryAfter;
    if (info?.retryAt !== undefined) this.retryAt = info.retryAt;
    if (info?.dimension !== undefined) this.quota = quotaOf(info, info.dimension);
    if (model !== undefined) this.model = model;
    if (possibleCost) this.possibleCost = possibleCost;
    if (info !== undefined) this.info = info;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /**
   * The last answer of the service, without keys and prompts: an object where that was JSON, as
   * `{ error: { code, message, status, details } }`, else its text; `undefined` where nothing came.
   */
  get body(): unknown {
    return (this.cause as { body?: unknown } | undefined)?.body;
  }
}

function quotaOf({ quotaId, quotaLimit }: ErrorInfo, dimension: Dimension): Quota {
  return {
    dimension,
    ...(quotaId === undefined ? {} : { quotaId }),
    ...(quotaLimit === undefined ? {} : { limit: quotaLimit }),
  };
}

/** Whether an error is a `GenerateError`, also one from another copy of the package or realm. */
export function isGenerateError(error: unknown): error is GenerateError {
  try {
    return typeof error === 'object' && error !== null && BRAND in error;
  } catch {
    // A proxy of somebody's may answer nothing.
    return false;
  }
}

const known = new WeakMap<object, ErrorInfo>();

/** Remembers what is known of an error that the caller's own function threw. */
export function remember(error: object, info: ErrorInfo): void {
  known.set(error, info);
}

/**
 * The facts of an error that was thrown through `retry` or `generate`; `undefined` for any other.
 * The error itself stays as the caller's function threw it.
 */
export function errorInfo(error: unknown): ErrorInfo | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  return isGenerateError(error) ? error.info : known.get(error);
}
