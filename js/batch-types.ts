/** The types of `client.batch`. Durations are milliseconds, money is in USD. */
import type { GenerateError } from './errors.js';
import type { GeneratedImage, GenerateResult } from './response.js';
import type { GenerateErrorKind } from './types/errors.js';
import type { OnDailyLimit, PeakOptions, Priority } from './types/queue.js';
import type { GenerateRequest } from './types/request.js';
import type { RetryPolicy } from './types/retry.js';
import type { DegradeOptions, Target } from './types/target.js';

/** One request of a batch: a prompt, a request, or one with a key of your own. */
export type BatchRequest = string | GenerateRequest | KeyedRequest;

/** A request under a key of your own, by which the journal knows it again. */
export interface KeyedRequest {
  /**
   * Must be unique in the batch. Default: a SHA-256 of the request, with `#2` and so on behind it for
   * a request that comes again.
   */
  key: string;
  request: string | GenerateRequest;
}

/** The requests of a batch; a stream of Node's or of the web is an async iterable. */
export type BatchSource = Iterable<BatchRequest> | AsyncIterable<BatchRequest>;

/** The options of `client.batch`. */
export interface BatchOptions extends PeakOptions {
  /**
   * The journal of the batch, so that it goes on after a crash: a file's path in Node, the name of an
   * IndexedDB in a page. A file is for this user alone (0600), and one process has it at a time,
   * by whatever link it is called. Default: nowhere.
   */
  journal?: string | undefined;
  /**
   * The folder for the pictures, in Node. Default: with a journal the folder of the same name with
   * `.pictures` behind it; else pictures are only given to the reader. One that is made is for this
   * user alone (0700), and pictures are as private as their folder. What cannot be written there
   * rejects the batch before anything is sent.
   */
  out?: string | undefined;
  /**
   * The name of an item's picture, without extension and number; it may hold slashes. Default: the
   * item's number and the first words of its prompt.
   */
  fileName?: ((item: { index: number; key: string; prompt: string }) => string) | undefined;
  /** The order in which items are given to the reader. Default: `finished`. */
  order?: 'finished' | 'input' | undefined;
  /** Items that are asked for at once, at most; the quota sets the pace. Default: 64. */
  concurrency?: number | undefined;
  /** Default: `background`. */
  priority?: Priority | undefined;
  /** When the day's quota is spent. Default: that of the client, else `fallback`. */
  onDailyLimit?: OnDailyLimit | undefined;
  /**
   * USD that the batch may cost at most, over all its resumes; what may have been billed for lost
   * answers counts. It is checked before each request, and ends the batch as resumable.
   */
  budget?: number | undefined;
  /** How long the batch may take: ms from its start, or a `Date`. It then ends as resumable. */
  deadline?: number | Date | undefined;
  /** Ends the batch at once, as `cancel` does. */
  signal?: AbortSignal | undefined;
  /** The chain, instead of the client's. */
  models?: readonly (string | Target)[] | undefined;
  /** How each item is tried again. */
  retry?: RetryPolicy | undefined;
  /** USD that one item may cost at most. */
  maxCost?: number | undefined;
  /** Smaller pictures that are as good as none. */
  degrade?: DegradeOptions | undefined;
  /** How long one attempt may take, in ms. */
  timeout?: number | undefined;
  /**
   * Whether a resume tries items again that failed for good, and makes those anew whose job is gone.
   * Default: false.
   */
  retryFailed?: boolean | undefined;
  /**
   * How the pictures are made: one request each at once (`realtime`), through the Batch API at half
   * the price and within a day (`batch`), or through the Batch API what it takes and the rest at once
   * (`cheapest`). Jobs outlive the process, so that they need a `journal`. Default: `realtime`.
   */
  route?: 'realtime' | 'batch' | 'cheapest' | undefined;
  /**
   * How items are made that a job did not make, for no fault of theirs: by another job, twice at most, or
   * at once for twice the price. Default: `batch`; with the route `cheapest` `realtime`.
   */
  requeue?: 'realtime' | 'batch' | undefined;
}

/** An item of a batch, however it ended. */
interface EndedItem {
  /** Its number in the batch, from 0. */
  index: number;
  key: string;
  /** Whether an earlier run made it, or failed to for good. */
  restored: boolean;
  /** Its pictures on disk, absolute paths; in a page, their names in the journal. */
  files: readonly string[];
  /** The possible cost in USD of lost answers to it, over all runs. */
  possibleCost: number;
  /** Whether an earlier run was killed while it was asked for: the service may have billed it twice. */
  possiblyPaidTwice: boolean;
  /** Its pictures, read from disk where they are there; none of an item that failed. */
  images(): Promise<GeneratedImage[]>;
}

/** An item of a batch with a picture. */
export interface BatchItemDone extends EndedItem {
  status: 'done';
  /** The model that made it. */
  model: string;
  /** The answer, where the pictures are not on disk. */
  result?: GenerateResult;
  /** Its cost in USD; absent where no price is known. */
  cost?: number;
  error?: never;
  retriedOnResume?: never;
}

/** An item of a batch without a picture. */
export interface BatchItemFailed extends EndedItem {
  status: 'failed';
  /** Why it failed. */
  error: GenerateError;
  /** Whether it is tried again when the batch is resumed. */
  retriedOnResume: boolean;
  model?: never;
  result?: never;
  cost?: never;
}

/** How one item of a batch ended, told apart by `status`. */
export type BatchItem = BatchItemDone | BatchItemFailed;

/** Why a batch ended before its end. */
export type BatchStopReason =
  | GenerateErrorKind
  /** `stop()`, or a reader that left its loop. */
  | 'stopped'
  /** Nothing more could be written down or saved. */
  | 'disk'
  /** Another process took the journal over while this one stood still. */
  | 'taken_over';

/** A notice beside the items of a batch: of a changed prompt, a missing picture, and the like. */
export interface BatchNotice {
  kind:
    | 'torn_line'
    | 'unreadable_line'
    | 'changed_prompt'
    | 'duplicate_key'
    | 'missing_picture'
    | 'older_version'
    | 'possibly_paid_twice'
    | 'job';
  message: string;
  key?: string;
}

/** The outcome of a batch. */
export interface BatchSummary {
  /** Items with a picture, earlier runs included. */
  done: number;
  /** Items that failed, for good or for now. */
  failed: number;
  /** USD for the pictures, over all runs. */
  cost: number;
  /** USD that lost answers may have cost, over all runs. */
  possibleCost: number;
  /** Whether a run with the same journal and requests has something left to do. */
  resumable: boolean;
  /** Absent where every request was seen to. */
  stopped?: { reason: BatchStopReason; message: string; advice: string; retryAt?: Date };
  notices: readonly BatchNotice[];
}

/** How far a batch is. */
export interface BatchProgress {
  /** Items taken from the source so far; all of them once `complete`. */
  taken: number;
  /** Whether the source has ended. */
  complete: boolean;
  done: number;
  failed: number;
  /** Of `done`, those that an earlier run made. */
  restored: number;
  /** Requests that are with the service. */
  inFlight: number;
  cost: number;
  possibleCost: number;
  /** Pictures a minute over the last minutes; 0 at first. */
  perMinute: number;
  /** The reason for which it waits, and the end of the wait. */
  waiting?: { reason: string; until?: Date };
  /** Jobs of the Batch API that have not ended. */
  jobs: number;
  state: 'idle' | 'running' | 'paused' | 'stopping' | 'ended';
}

/**
 * A batch that runs. Iterate it, or await `done`; reading drives it.
 *
 * It keeps a process alive only while something is in flight or due.
 */
export interface BatchRun extends AsyncIterable<BatchItem> {
  /**
   * Resolves when the batch has ended. Without a reader it needs `journal` or `out`, or nothing would
   * become of the pictures. Rejects with the reason of `signal` on abort, with a `TypeError` for a
   * wrong option, and where the journal cannot be opened, as when another process has it.
   */
  readonly done: Promise<BatchSummary>;
  /** Sends nothing new until `resume`; what is in flight is finished. */
  pause(): void;
  resume(): void;
  /** Sends nothing new, finishes what is in flight, and ends. */
  stop(): Promise<BatchSummary>;
  /** Ends at once; what is in flight may be billed. */
  cancel(): Promise<BatchSummary>;
  progress(): BatchProgress;
  /** Calls back whenever `progress()` has changed, and for each notice. */
  on(event: 'progress', listener: (progress: BatchProgress) => void): () => void;
  on(event: 'notice', listener: (notice: BatchNotice) => void): () => void;
}
