/** The types of `client.jobs`, the Batch API. Durations are milliseconds, money is in USD. */
import type { BatchSource } from './batch-types.js';
import type { GenerateContentResponse, GeneratedImage } from './response.js';
import type { ErrorInfo } from './types.js';

/** The state of a job; the service's names come with two prefixes, which both read as this. */
export type JobState =
  | 'pending'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'cancelling'
  | 'cancelled'
  | 'expired'
  | 'paused';

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
  /** What the service said of a job that failed. */
  error?: ErrorInfo;
  /** What to do about a job that is stuck (24 h), expired (48 h), failed, or cannot be read. */
  advice?: string;
}

/** The options of `client.jobs.create`. */
export interface CreateJobOptions {
  /** Default: the model of the requests, else the first of the client's chain. One a job. */
  model?: string | undefined;
  /** Parts of a batch get `-1` and so on behind it. Default: `unexhausted-` and a random text. */
  displayName?: string | undefined;
  /** Ends waiting for room, or for an answer. */
  signal?: AbortSignal | undefined;
  /**
   * Called and awaited before a job is created, with what it is made of: who writes this down can
   * find the job again by its display name after a crash.
   */
  onCreating?:
    | ((part: { displayName: string; keys: readonly string[] }) => void | Promise<void>)
    | undefined;
  /** Called and awaited for each job that was created. */
  onCreated?: ((job: Job, keys: readonly string[]) => void | Promise<void>) | undefined;
  /** Called before a wait for room: the pool's limits are reached. */
  onWaiting?: ((wait: { reason: string; retryAt: Date }) => void) | undefined;
}

/** The options of `client.jobs.wait`. */
export interface WaitForJobOptions {
  signal?: AbortSignal | undefined;
  /** Called after each look at the job. */
  onProgress?: ((job: Job) => void) | undefined;
  /** How long to wait at most: ms from now, or a `Date`. Default: none; a job ends within 48 h. */
  deadline?: number | Date | undefined;
}

/** The result of one request of a job. */
export interface JobRow {
  key: string;
  response?: GenerateContentResponse;
  images: readonly GeneratedImage[];
  /** Why it has no picture. */
  error?: ErrorInfo;
  /** USD, at the price of the Batch API; absent where no price is known. */
  cost?: number;
}

/** The jobs of the Batch API: half the price, within a day. */
export interface Jobs {
  /**
   * Creates as many jobs as the limits of the service ask for, and waits while there is no room.
   * Requests go up as a JSONL file, or inside the request where they are few and small.
   */
  create(requests: BatchSource, options?: CreateJobOptions): Promise<Job[]>;
  get(name: string): Promise<Job>;
  list(): AsyncIterable<Job>;
  /** The newest job of this display name, by listing. */
  find(displayName: string): Promise<Job | undefined>;
  /** Looks at growing intervals until the job has ended. */
  wait(job: string | Job, options?: WaitForJobOptions): Promise<Job>;
  /** Reads the results row by row; the file is never held in memory as a whole. */
  results(job: string | Job, options?: { signal?: AbortSignal | undefined }): AsyncIterable<JobRow>;
  cancel(job: string | Job): Promise<void>;
  delete(job: string | Job): Promise<void>;
}
