/** Faults that the fake service can be told to have. Durations are milliseconds. */
import type { Dimension } from './limits.js';

/** The faults by name. */
export type FaultName =
  /** No fault: served, past every limit, with the options of the entry. */
  | 'ok'
  /** 429 with QuotaFailure, Help and RetryInfo. */
  | '429-detailed'
  /** 429 with a sentence and nothing else. */
  | '429-bare'
  /** 429 without a body. */
  | '429-empty'
  /** 429 of a gateway: plain text and a Retry-After header. */
  | '429-gateway'
  /** 429 of a spent day, by default with a short delay that misleads. */
  | '429-day'
  /** 429 of a model that is not on the tier. */
  | '429-limit-zero'
  /** 429 of money: so many USD in ten minutes. */
  | '429-spend'
  /** 429 of the monthly spending cap. */
  | '429-monthly-cap'
  /** 429 that breaks requests a minute, tokens a minute and requests a day at once. */
  | '429-several'
  /** 429 of an empty prepaid balance, as sent until September 2026. */
  | '429-prepaid'
  /** 402 of an empty prepaid balance. */
  | '402'
  /** 503, the model is overloaded. */
  | '503'
  /** 503, high demand. */
  | '503-high-demand'
  /** 503 whose sentence is a deadline. */
  | '503-deadline'
  /** 503 in a one-element array. */
  | '503-array'
  /** 500 INTERNAL. */
  | '500'
  /** 502 in HTML, with a wait in words. */
  | '502'
  /** 504 after a long time, 60 s unless `after` says otherwise. */
  | '504'
  /** 408 without a body. */
  | '408'
  /** 499, the service cancelled. */
  | '499'
  /** The connection is reset. */
  | 'reset'
  /** No answer at all. */
  | 'hang'
  /** A good answer, cut in the middle. */
  | 'cut'
  /** 200 with HTML where JSON should be. */
  | 'html'
  /** 200 with `promptFeedback.blockReason`. */
  | 'blocked'
  /** 200 with finishReason IMAGE_SAFETY. */
  | 'image-safety'
  /** 200 with finishReason NO_IMAGE. */
  | 'no-image'
  /** 200 with a text in the place of the picture. */
  | 'text-only'
  /** 200 with an empty list of candidates. */
  | 'empty'
  /** 200 with a link that answers 404, in OpenAI's protocols. */
  | 'dead-link'
  /** 200 with a link that leads to a page, in OpenAI's protocols. */
  | 'html-link'
  /** 200 with an interim picture, marked as a thought, before the real one. */
  | 'thoughts'
  /** 404 of a model that is closed to new users. */
  | 'retired'
  /** 404 of a model that is not known. */
  | 'model-not-found'
  /** 400 API_KEY_INVALID. */
  | 'bad-key'
  /** 403 without a key. */
  | 'no-key'
  /** 403 of a key that was reported as leaked. */
  | 'leaked-key'
  /** 403 SERVICE_DISABLED. */
  | 'service-disabled'
  /** 400 FAILED_PRECONDITION of the caller's region. */
  | 'region'
  /** 400 INVALID_ARGUMENT. */
  | '400'
  /** 413 in HTML, of a gateway. */
  | '413'
  /** The answer that `status`, `headers` and `body` describe. */
  | 'status';

/** A fault with its options. Where one is taken, its name alone is taken too. */
export interface Fault {
  /** The name of the fault. */
  fault: FaultName;
  /** Only for this model. Default: any. */
  model?: string;
  /** Only for this call. Default: any that asks for a picture at once. */
  call?: FaultCall;
  /** Milliseconds from arrival to the answer. Default 0; of 504 60,000; of a 200 the latency. */
  after?: number;
  /** The delay in RetryInfo and in the sentence: `"31s"`, `"31.77s"`, or milliseconds. */
  retryDelay?: string | number;
  /** A Retry-After header on whatever is answered. */
  retryAfter?: string;
  /** Which limit a 429 names. Default `rpm`. */
  dimension?: Dimension;
  /** The value of that limit. Default: the configured one, else a plausible one. */
  limit?: number;
  /** The HTTP status, from 200 to 599; `status` needs it, others take it instead of theirs. */
  status?: number;
  /** More headers, or other values of the usual ones. */
  headers?: Record<string, string>;
  /** The body: text as it stands, or any JSON. */
  body?: unknown;
  /** The blockReason of `blocked`, the finishReason of `no-image` and `image-safety`. */
  reason?: string;
  /** Bytes of the picture, at most 25,165,824. */
  imageBytes?: number;
  /** Of `cut`: how much of the body comes, from 0 to 1. Default 0.5. */
  fraction?: number;
  /** Whether it counts against the limits. */
  counted?: boolean;
  /** Whether it is billed like a picture that was made. */
  billed?: boolean;
  /**
   * Of calls of files and jobs: whether the service does what was asked for, though its answer is this
   * fault. `{ fault: 'reset', call: 'createBatch', applied: true }` makes a job and loses the answer.
   * Default false.
   */
  applied?: boolean;
}

/** A call that a fault can be meant for. */
export type FaultCall =
  | 'generateContent'
  | 'predict'
  | 'images'
  | 'chat'
  | 'createBatch'
  | 'getBatch'
  | 'listBatches'
  | 'cancelBatch'
  | 'deleteBatch'
  | 'startUpload'
  | 'upload'
  | 'getFile'
  | 'listFiles'
  | 'deleteFile'
  | 'downloadFile';

/** A fault of a script: it is used up by the next request, or the next `times` requests. */
export interface ScriptedFault extends Fault {
  /** For so many requests. Default 1. */
  times?: number;
}

/** A fault by schedule and chance. */
export interface FaultRule extends Fault {
  /** How likely, from 0 to 1. Default 1. */
  probability?: number;
  /** From so many milliseconds after the first request on. Default 0. */
  from?: number;
  /** Until so many milliseconds after the first request. Default: for ever. */
  to?: number;
}

/** A fault of a row of a job. */
export interface RowFault extends Fault {
  /** How likely, from 0 to 1. Default 1. */
  probability?: number;
}
