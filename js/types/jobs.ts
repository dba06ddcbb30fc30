/** `client.jobs`, the Batch API. Durations are milliseconds, money is in USD. */

import type { BatchSource } from '../batch-types.js';
import type { GenerateContentResponse, GeneratedImage } from '../response.js';
import type { ErrorInfo } from './errors.js';

/** The state of a job; the service's names come with two prefixes, which both read as this. */
export type JobState =
  | 'pending'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'cancelling'
  | 'cancelled'
  | 'expired'
  | 'paused'
  /** A name that is not known here; `ended` says what there is to know. */
  | 'unknown';

/** One job of the Batch API. */
export interface Job {
  /** As `batches/abc`. */
  name: string;
  displayName: string;
  model: string;
  state: JobState;
  /** Whether it will change no more. */
  ended: boolean;
  createdAt?: Date;
  updatedAt?: Date;
  endedAt?: Date;
  /** Requests in it, as far as the service tells. */
  requests?: number;
  succeeded?: number;
  failed?: number;
  /** The file with its results, as `files/abc`. */
  resultsFile?: string;
  /** The error of a job that failed. */
  error?: ErrorInfo;
  /** The remedy for a job that is stuck (24 h), expired (48 h), failed, or cannot be read. */
  advice?: string;
}

/** The options of `client.jobs.create`. */
export interface CreateJobOptions {
  /**
   * Asked by all requests. Default: the model that a request names, else the first of the client's
   * chain. A job has one model, so that requests with several become several jobs.
   */
  model?: string | undefined;
  /**
   * The start of the display names of the jobs; a random text and the number of the part come behind
   * it, since a job whose answer was lost is found again by its name. Default: `unexhausted`.
   */
  displayName?: string | undefined;
  /** Ends waiting for room, or for an answer. */
  signal?: AbortSignal | undefined;
  /**
   * Called and awaited before a job is created, with what it is made of: who writes this down can
   * find the job again by its display name after a crash.
   */
  onCreating?:
    | ((part: {
        displayName: string;
        model: string;
        keys: readonly string[];
      }) => void | Promise<void>)
    | undefined;
  /** Called and awaited for each job that was created. */
  onCreated?: ((job: Job, keys: readonly string[]) => void | Promise<void>) | undefined;
  /**
   * Called before a wait for room: as many jobs or tokens wait as the service allows, or its store of
   * files is full. The waits grow from 30 s to 10 min, without end: `signal` ends them.
   */
  onWaiting?: ((wait: { reason: string; retryAt: Date }) => void) | undefined;
}

/** The options of `client.jobs.wait`. */
export interface WaitForJobOptions {
  signal?: AbortSignal | undefined;
  /** Called after each look at the job: every 10 s at first, every 5 min after two hours. */
  onProgress?: ((job: Job) => void) | undefined;
  /** How long to wait at most: ms from now, or a `Date`. Default: none; a job ends within 48 h. */
  deadline?: number | Date | undefined;
}

/** The options of `client.jobs.get` and `results`. */
export interface LookAtJobOptions {
  signal?: AbortSignal | undefined;
}

/** The options of `client.jobs.list` and `find`. */
export interface ListJobsOptions extends LookAtJobOptions {
  /**
   * The model whose target has the account that is asked. Default: the first target of the chain that
   * can have jobs.
   */
  model?: string | undefined;
}

/** The options of `client.jobs.find`. */
export interface FindJobOptions extends ListJobsOptions {
  /**
   * Looks again for a while where it is not found: a list may lag behind what was created a moment ago.
   * Default: false.
   */
  thorough?: boolean | undefined;
}

/** The result of one request of a job. */
export interface JobRow {
  /** Empty for a row that could not be read. */
  key: string;
  response?: GenerateContentResponse;
  images: readonly GeneratedImage[];
  /** Why it has no picture. */
  error?: ErrorInfo;
  /** USD, at the price of the Batch API; absent where no price is known. */
  cost?: number;
}

/**
 * The jobs of the Batch API: half the price, and an answer within a day.
 *
 * Only models of the Gemini Developer API have jobs. A job's name says nothing of its account: where the
 * targets of a client have several, pass the `Job` and not its name. Methods reject with a
 * `GenerateError`, with the reason of `signal` on abort, and with a `TypeError` for a wrong request or
 * option.
 */
export interface Jobs {
  /**
   * Creates as many jobs as the limits of the service ask for, and waits while there is no room. A job
   * is made as soon as its requests are there: where a later one fails, `onCreated` has told of those
   * before.
   *
   * Requests go up as a JSONL file, or inside the create where they are few and small (10 at most). A
   * create whose answer was lost is not sent again before the job was looked for by its name.
   */
  create(requests: BatchSource, options?: CreateJobOptions): Promise<Job[]>;
  get(job: string | Job, options?: LookAtJobOptions): Promise<Job>;
  /** All jobs of the account, page by page, as the service orders them. */
  list(options?: ListJobsOptions): AsyncIterable<Job>;
  /** The newest job of this display name, by listing. */
  find(displayName: string, options?: FindJobOptions): Promise<Job | undefined>;
  /**
   * Looks at growing intervals until the job has ended, however it ended, and deletes the file that
   * `create` has uploaded for it.
   *
   * @throws {GenerateError} of kind `deadline` where that is over first; the job goes on.
   */
  wait(job: string | Job, options?: WaitForJobOptions): Promise<Job>;
  /**
   * Reads the results row by row; the file is never held in memory as a whole, and a connection that
   * was cut is resumed. A row that failed has an `error`.
   *
   * @throws {GenerateError} where the job has no results, as after it expired; `TypeError` where it has
   * not ended.
   */
  results(job: string | Job, options?: LookAtJobOptions): AsyncIterable<JobRow>;
  /** Ends it; what was made before may be in its results. */
  cancel(job: string | Job): Promise<void>;
  /** Ends and removes it, with the file that `create` has uploaded for it. */
  delete(job: string | Job): Promise<void>;
}
