/** The options of the fake service. Durations are milliseconds. */
import type { Fault, FaultName, FaultRule, RowFault, ScriptedFault } from './faults.js';
import type { Discipline, Limits } from './limits.js';

/** How long a picture takes, in milliseconds: log-normal around a median. */
export interface Latency {
  /** Median of a 1K picture. Default 12,000. */
  median?: number;
  /** Deviation of the logarithm; 0 makes every request take its median. Default 0.3. */
  sigma?: number;
  /** Medians of single models, instead of `median`. */
  models?: Record<string, number>;
  /** The factor of each size on the median. Default 512: 0.7, 1K: 1, 2K: 1.4, 4K: 2.2. */
  sizes?: Record<string, number>;
  /** How likely a request is in the long tail, from 0 to 1. Default 0. */
  tail?: number;
  /** The factor of the tail on the time. Default 6. */
  tailFactor?: number;
}

/** The course of one job. Durations are milliseconds. */
export interface JobCourse {
  /**
   * `succeeds` when its time has come, also where some rows failed; `fails` as a whole at that time;
   * `stuckPending` never starts, `stuckRunning` starts and gets nowhere, and both expire. Only rows of a
   * job that succeeds are ever billed, or those that had ended when it was cancelled. Default
   * `succeeds`.
   */
  fate?: JobFate;
  /** How long it is pending. Default: that of {@link BatchApiOptions}. */
  pending?: number;
  /** How long it then runs. Default: that of {@link BatchApiOptions}. */
  running?: number;
  /** The sentence of the error of a job that fails. */
  message?: string;
}

/** The end of a job. */
export type JobFate = 'succeeds' | 'fails' | 'stuckPending' | 'stuckRunning';

/**
 * The Batch API of the Gemini Developer API: `batchGenerateContent` with rows in the request or in a
 * file, and get, list, cancel and delete. Its limits are its own; limits a minute or a day do not count.
 * A row costs half; the money of jobs counts neither against `spendLimit` nor against `prepaid`.
 * Durations are milliseconds.
 */
export interface BatchApiOptions {
  /** How long a job is pending. Default 60,000. */
  pending?: number;
  /** How long it then runs; its rows end one by one, evenly. Default 600,000. */
  running?: number;
  /** When a job that has not ended expires, without results. Default 48 hours (Google's batch guide). */
  expiry?: number;
  /** How long jobs and their results are kept after the end. Default 42 days (Google's batch guide). */
  kept?: number;
  /**
   * Jobs of a project that may be pending or running at once; 429 without details above. Default 100
   * (Google's rate limits, 2026-09-12).
   */
  maxJobs?: number;
  /**
   * Input tokens that may be in jobs of a project which have not ended, by model, `*` for all others; 429
   * without details above. In tier 1 it is 2,000,000 for `gemini-3-pro-image` and
   * `gemini-3.1-flash-lite-image`, and 1,000,000 for `gemini-3.1-flash-image` (Google's rate limits,
   * 2026-09-12). Default: no limit.
   */
  enqueuedTokens?: Record<string, number>;
  /**
   * Results inside the answer of more bytes than this cannot be read: `get` says 503 after 60 s, from
   * then on 504. Pictures count twice, as they stand in the answer. Default 1,100,000,000 (a forum thread
   * of 2026, where one of 122 pictures in 2K could be read and those of 150 could not).
   */
  unreadableBytes?: number;
  /** With which prefix states are told; both are seen in the wild. Default `BATCH_STATE`. */
  statePrefix?: 'BATCH_STATE' | 'JOB_STATE';
  /** Faults of rows; the first that hits decides. An error gives a row with `error`. Default: none. */
  rowFaults?: readonly (RowFault | FaultName)[];
  /** Faults of the rows of these keys; they go before `rowFaults`. Default: none. */
  keyFaults?: Record<string, Fault | FaultName>;
  /** The courses of the next jobs, in the order in which they are created. Default: they succeed. */
  jobs?: readonly (JobCourse | JobFate)[];
}

/** The Files API: resumable uploads, get, list, delete, and the download of results. */
export interface FilesApiOptions {
  /** Bytes of one file; more is 400. Default 2 GiB. */
  maxBytes?: number;
  /** Bytes of all uploads of a project; more is 429. Default 20 GiB. */
  storeBytes?: number;
  /** How long an upload is kept, in milliseconds. Default 48 hours. */
  lifetime?: number;
}

/** The options of the fake service. Durations are milliseconds. An unknown key is refused. */
export interface EmulatorConfig {
  /** The seed of every random draw: the same seed gives the same trace. Default 1. */
  seed?: number | null;
  /** How far the service's clock is ahead. Default: from -1,500 to 1,500, by the seed. */
  clockOffset?: number | null;
  /** How long a request takes to arrive, or [shortest, longest]. Default [20, 420]. */
  transit?: number | readonly [number, number] | null;
  /** How long a picture takes: a number for all requests, or a distribution. */
  latency?: number | Latency | null;
  /** How much faster than the caller's clock the service's runs; hints fit the caller's. Default 1. */
  timeScale?: number | null;
  /** How per-minute limits are counted. Default `fixed`. */
  discipline?: Discipline | null;
  /** Whether a rejected call counts against the limits. Default false. */
  rejectedCount?: boolean | null;
  /** Whether a call that fails with 5xx counts against the limits. Default true. */
  failuresCount?: boolean | null;
  /** Limits by model, `*` for all others. Default: none. */
  limits?: Record<string, Limits> | null;
  /** Limits by project and model, instead of `limits`. */
  projectLimits?: Record<string, Record<string, Limits>> | null;
  /** How the 429 of a limit is dressed. Default `detailed`. */
  quotaBody?: 'detailed' | 'bare' | 'gateway' | 'empty' | null;
  /** The hint in the 429 of a spent day: the true hours, some misleading seconds, or by the seed. */
  dailyHint?: 'true' | 'short' | 'mixed' | null;
  /** USD that each account may spend in any 600 s. Default: no limit. */
  spendLimit?: number | null;
  /** USD that each account has paid in advance; 402 when spent. Default: not prepaid. */
  prepaid?: number | null;
  /** The project of each key. */
  keys?: Record<string, string> | null;
  /** The conduct towards other keys: project `default`, or 400 API_KEY_INVALID. Default `accept`. */
  unknownKeys?: 'accept' | 'reject' | null;
  /** Bearer tokens of Vertex AI, and when each ends, in ms since 1970. Default: any is taken. */
  tokens?: Record<string, number | null> | null;
  /**
   * How a picture stands in an answer of OpenAI's protocols: `base64` is `b64_json` or a data URL in
   * `message.images`; `part` and `markdown` are for chat; `link` is a link that this service answers.
   * Default `base64`.
   */
  pictureAs?: 'base64' | 'part' | 'markdown' | 'link' | null;
  /** The billing account of each project. Default: its own. */
  accounts?: Record<string, string> | null;
  /** Faults by schedule and chance; the first that hits decides. */
  faults?: readonly (FaultRule | FaultName)[] | null;
  /** Faults that are used up one request each, in the order in which requests are sent. */
  script?: readonly (ScriptedFault | FaultName)[] | null;
  /** More model ids, each with the known model that it behaves like. */
  models?: Record<string, string> | null;
  /** The tier at which every request is served and billed. Default: the one that it asks for. */
  servedTier?: 'flex' | 'standard' | 'priority' | null;
  /** Known models that answer 404 "no longer available to new users". */
  retired?: readonly string[] | null;
  /** Pixels of a picture's side, at most 1024. Default 64. */
  pictureSize?: number | null;
  /** Bytes of each picture, filled up with noise, at most 25,165,824. Default: as small as it is. */
  imageBytes?: number | null;
  /** How many requests the ledger remembers singly. Default 100,000. */
  maxRecords?: number | null;
  /** The Batch API; what is set here replaces all that was set before. */
  batch?: BatchApiOptions | null;
  /** The Files API. */
  files?: FilesApiOptions | null;
}
