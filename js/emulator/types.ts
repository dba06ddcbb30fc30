/** What the fake service takes and tells, as plain objects. */

/**
 * How the service counts a minute: minutes of its clock (`fixed`), the last 60 seconds at any moment
 * (`sliding`), or a bucket that starts full and refills steadily (`bucket`). Google does not say
 * which it uses, so a client has to live with all three.
 */
export type Discipline = 'fixed' | 'sliding' | 'bucket';

/** A limit: requests, input tokens or pictures a minute, requests a day. */
export type Dimension = 'rpm' | 'tpm' | 'ipm' | 'rpd';

/** Limits of one model. An absent one does not bind; 0 means "not on this tier". */
export interface Limits {
  /** Requests a minute. */
  rpm?: number | null;
  /** Input tokens a minute. */
  tpm?: number | null;
  /** Pictures a minute. */
  ipm?: number | null;
  /** Requests a day, which ends at midnight Pacific. */
  rpd?: number | null;
  /** Instead of the option of that name. */
  discipline?: Discipline | null;
  /** Instead of the option of that name. */
  rejectedCount?: boolean | null;
}

/** How long a picture takes, in milliseconds: log-normal around a median. */
export interface Latency {
  /** Median of a 1K picture. Default 12,000. */
  median?: number;
  /** Deviation of the logarithm; 0 makes every request take its median. Default 0.3. */
  sigma?: number;
  /** Medians of single models, instead of `median`. */
  models?: Record<string, number>;
  /** What a size multiplies the median by. Default 512: 0.7, 1K: 1, 2K: 1.4, 4K: 2.2. */
  sizes?: Record<string, number>;
  /** How likely a request is in the long tail, from 0 to 1. Default 0. */
  tail?: number;
  /** What the tail multiplies the time by. Default 6. */
  tailFactor?: number;
}

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
  /** Whatever `status`, `headers` and `body` say. */
  | 'status';

/** A fault with its options. Where one is taken, its name alone is taken too. */
export interface Fault {
  /** What goes wrong. */
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

/** What becomes of one job. Durations are milliseconds. */
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

/** What becomes of a job. */
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
  /** What becomes of the next jobs, in the order in which they are created. Default: they succeed. */
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

/** Everything that can be set. Durations are milliseconds. An unknown key is refused. */
export interface EmulatorConfig {
  /** What every random draw derives from: the same seed gives the same trace. Default 1. */
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
  /** What the 429 of a spent day says: the true hours, some misleading seconds, or by the seed. */
  dailyHint?: 'true' | 'short' | 'mixed' | null;
  /** USD that each account may spend in any 600 s. Default: no limit. */
  spendLimit?: number | null;
  /** USD that each account has paid in advance; 402 when spent. Default: not prepaid. */
  prepaid?: number | null;
  /** The project of each key. */
  keys?: Record<string, string> | null;
  /** What becomes of other keys: project `default`, or 400 API_KEY_INVALID. Default `accept`. */
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

/** Requests, input tokens and pictures. */
export interface Amounts {
  /** Requests. */
  requests: number;
  /** Input tokens by the service's count. */
  tokens: number;
  /** Pictures. */
  images: number;
}

/** The most that was used in any window, by the service's clock, however it counts. */
export interface WindowPeaks {
  /** In any minute of its clock. */
  fixedMinute: Amounts;
  /** In any 60 seconds. */
  slidingMinute: Amounts;
  /** Requests in any day, midnight to midnight Pacific. */
  day: number;
}

/** One project's use of one model. */
export interface Usage {
  /** The project. */
  project: string;
  /** The model. */
  model: string;
  /** The limits in force. */
  limits: Limits;
  /** How its minutes are counted. */
  discipline: Discipline;
  /** Of the requests that took of the limits. */
  counted: WindowPeaks;
  /** Of all that reached the limits, rejected ones included. */
  attempted: WindowPeaks;
  /** Requests that a limit rejected. */
  overLimit: number;
}

/** One request. Keys and prompts are never kept. */
export interface LedgerRecord {
  /** Counts up from 1. */
  sequence: number;
  /** The request's number in this process. */
  id: number;
  /** What was asked for. */
  call: FaultCall | 'countTokens' | 'models' | 'picture' | 'preflight' | 'unknown';
  /** Without `models/`. */
  model: string;
  /** Which the key belongs to. */
  project: string;
  /** When it was sent, in the service's time. */
  sent: number;
  /** When it arrived. */
  arrived: number | null;
  /** When it was answered or given up. */
  finished: number | null;
  /** How it ended. */
  outcome: 'pending' | 'served' | 'rejected' | 'refused' | 'failed' | 'hung' | 'lost';
  /** The HTTP status sent. */
  status: number | null;
  /** The fault's name, or `limit:rpm`, `limit:rpd`, `limit:spend`, `limit:prepaid` … */
  fault: string | null;
  /** Whether it took of the limits. */
  counted: boolean;
  /** Whether the caller went away before the end. */
  disconnected: boolean;
  /** Input tokens by the service's count. */
  promptTokens: number;
  /** Output tokens. */
  outputTokens: number;
  /** Pictures made. */
  images: number;
  /** USD. */
  billed: number;
}

/** Sums over all requests for a picture; other calls are in `other` alone. */
export interface Totals {
  /** Sent: the sum of the outcomes below. */
  requests: number;
  /** Not ended yet. */
  pending: number;
  /** Answered with 200, whatever was in it. */
  served: number;
  /** 429 and 402. */
  rejected: number;
  /** Other 4xx. */
  refused: number;
  /** 5xx, 408, 499, reset, cut. */
  failed: number;
  /** Never answered. */
  hung: number;
  /** Gone before arrival. */
  lost: number;
  /** countTokens, models, files, jobs, preflights, wrong paths. */
  other: number;
  /** Pictures made. */
  images: number;
  /** USD. */
  billed: number;
  /** Being worked on now, for callers that are gone too. */
  inFlight: number;
  /** The most at once. */
  maxInFlight: number;
}

/** One row of a job, as it really was. */
export interface RowRecord {
  /** The caller's: `key` of a line, `metadata.key` of a row inside the request. */
  key: string | null;
  /** `dropped` where the job ended before the row's turn came. */
  outcome: 'pending' | 'served' | 'failed' | 'dropped';
  /** Pictures made. */
  images: number;
  /** USD. */
  billed: number;
}

/** One job, as it really was; deleted ones stay in the books. Prompts are never kept here. */
export interface JobRecord {
  /** As `batches/abc`. */
  name: string;
  /** The caller's. */
  displayName: string;
  /** Which the key belongs to. */
  project: string;
  /** Without `models/`. */
  model: string;
  /** How far it is. */
  state: 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired';
  /** Whether it was deleted. */
  deleted: boolean;
  /** When it was made, in the service's time. */
  created: number;
  /** When it began to run. */
  started: number | null;
  /** When it ended. */
  ended: number | null;
  /** Input tokens of all rows, by the service's count. */
  promptTokens: number;
  /** Pictures made. */
  images: number;
  /** Rows that were billed. */
  billedRows: number;
  /** USD, of all rows. */
  billed: number;
  /** Its rows, in their order. */
  rows: RowRecord[];
}

/** A copy of the service's books. */
export interface Ledger {
  /** Sums. */
  totals: Totals;
  /** By project and model. */
  usage: Usage[];
  /** The most that an account spent in any 600 s, in USD. */
  spendPeaks: Record<string, number>;
  /** Faults of the script that are not used up. */
  scriptLeft: number;
  /** How far the service's clock is ahead, in milliseconds. */
  clockOffset: number;
  /** The service's time, in milliseconds since 1970. */
  now: number;
  /** The last requests, oldest first. */
  requests: LedgerRecord[];
  /** All jobs, oldest first; what they cost is not in `totals`. */
  jobs: JobRecord[];
  /** Uploads that are kept, and their bytes. */
  files: { count: number; bytes: number };
}
