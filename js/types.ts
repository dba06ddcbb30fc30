/** The types of the public API. All durations are milliseconds. */
import type { GenerateError } from './errors.js';
import type { CatalogRow } from './plan-types.js';
import type { GenerateContentResponse } from './response.js';

export type * from './batch-types.js';
export type * from './job-types.js';
export type * from './plan-types.js';

/** What went wrong, as far as the service and the connection are concerned. */
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

/** What a limit counts. */
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

/** What is known of an error. */
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
  /** What the deciding limit counts. */
  dimension?: Dimension;
  /** The deciding limit's id. */
  quotaId?: string;
  /** The deciding limit. */
  quotaLimit?: number;
  /** The model that the error is about, without `models/`. */
  model?: string;
  /** Every limit that the error names. */
  violations: Violation[];
  /** What the service said, on one line. */
  message: string;
  /** One sentence: what happened. */
  summary: string;
  /** What to do. */
  advice: string;
}

/** One attempt of a call. */
export interface Attempt {
  /** Its number, from 1. */
  attempt: number;
  /** The model that was asked. */
  model?: string;
  /** How long it took, in ms. */
  took: number;
  /** The wait before it, in ms. */
  waited: number;
  /** How it failed; absent for the one that succeeded. */
  kind?: GenerateErrorKind;
  /** The HTTP status of its error. */
  status?: number;
}

/** A model that a call left for another, by the `name` of its target where that has one. */
export interface Switch {
  from: string;
  /** With the size, where a smaller picture was asked for: `gemini-3-pro-image at 2K`. */
  to: string;
  /** Why: the error, or the limit that was in the way. */
  kind: GenerateErrorKind;
  /** The reason in words. */
  reason: string;
}

/** A model that was left out of a chain. */
export interface SkippedTarget {
  model: string;
  /**
   * What of the request it cannot do: `size`, `aspect ratio`, `reference images`, or, by another
   * protocol, `several turns`, `earlier pictures`, `files`, `tools`, `cached content`. Absent where
   * the model is retired.
   */
  lacks?: string;
  /** The reason in words. */
  reason: string;
}

/** What a listener is told before a wait. */
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
  /** What is known of the error. */
  info: ErrorInfo;
  /** The error itself in `retry`, a redacted copy of the service's answer elsewhere. */
  error?: unknown;
}

/** What `shouldRetry` is asked. */
export interface ShouldRetryContext {
  error: unknown;
  info: ErrorInfo;
  /** The number of the attempt that failed, from 1. */
  attempt: number;
  /** The wait that is planned, in ms; `null` where no retry is planned. */
  delay: number | null;
}

/** How a client is closed. */
export interface CloseOptions {
  /** How long what is in flight may go on, in ms; `Infinity` until its end. Default: 0. */
  drain?: number | undefined;
}

/** What a function of the caller's decides: at once, or once its promise is fulfilled. */
export type Decided<T> = T | Promise<T>;

/** What every call takes. */
export interface CallOptions {
  /** Ends the call at once, in every state; it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** How long the call may take in all, waits included: ms from now, or a `Date`. Default: none. */
  deadline?: number | Date | undefined;
  /**
   * How long one attempt may take, in ms; `Infinity` for no limit. Default: 180 s, 300 s at 4K; none
   * in the drop-in and in `retry`.
   */
  timeout?: number | undefined;
  /**
   * The longest wait of the server's that is obeyed, in ms. A longer one ends the call, or moves it to
   * the next model; in the background one request asks again after five minutes, unless a quota was
   * named. Default: 120,000.
   */
  maxServerDelay?: number | undefined;
  /** Called before each wait; what it throws is told of once by `console.error`. */
  onRetry?: ((event: RetryEvent) => void) | undefined;
  /**
   * Prints a line for each retry, in the words of the hand-rolled loop, as `console.log` does: `Attempt 1/5
   * failed (429). Retrying in 2.4s...`. Default: that of the client, else none.
   */
  log?: ((line: string) => void) | undefined;
  /**
   * Overrules the classifier: `true`, `false`, or a wait in ms; `undefined` leaves it to that. A
   * promise is awaited while the attempt's time runs on. One that throws has decided nothing.
   */
  shouldRetry?:
    | ((context: ShouldRetryContext) => Decided<boolean | { delay: number } | undefined>)
    | undefined;
}

/** One curve of waits. */
export interface CurveOptions {
  /** The wait after the first try, in ms; it doubles with each. */
  baseDelay?: number | undefined;
  /** What it grows to at most, in ms. */
  maxDelay?: number | undefined;
  /** What is drawn at random on top, at most, in ms. */
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

/** The options of `retry`. */
export interface RetryOptions
  extends Omit<RetryPolicy, 'maxWaitPerTarget'>,
    CallOptions,
    QueueOptions,
    PeakOptions,
    RequestUse {
  /** USD that the call may cost at most, by the price of `model`. Default: no limit. */
  maxCost?: number | undefined;
  /**
   * The model that the function asks: the call then goes through this client's queue and quota for
   * it. Default: none, and the function is called at once.
   */
  model?: string | undefined;
  /**
   * Whether what the function gave is to be tried again, as an answer without a picture is: `true`, or a
   * promise of it. The last result is given whatever it is. One that throws has decided nothing.
   */
  shouldRetryResult?:
    | ((about: { result: unknown; attempt: number }) => Decided<boolean>)
    | undefined;
}

/** The options of the drop-in. */
export interface DropInOptions extends CallOptions, QueueOptions {
  /** The number of requests in all, as in the loop that it replaces; 0 is one, too. Default: 5. */
  maxRetries?: number | undefined;
  /** The wait after the first try in ms, doubled up to 60 s, plus up to 1 s. Default: 2,000. */
  baseDelay?: number | undefined;
}

/** The options of `batchGenerate`. */
export interface BatchGenerateOptions extends Omit<DropInOptions, keyof QueueOptions> {
  /** The pause after a success in ms; up to 500 ms come on top. Default: 1,000. */
  delay?: number | undefined;
  /** Told of each item that failed. Default: `console.error`, in the words of the loop. */
  onError?: ((failure: BatchGenerateFailure) => void) | undefined;
}

/** An item of `batchGenerate` that failed. */
export interface BatchGenerateFailure {
  /** Where it stands in the list, from 0. */
  index: number;
  prompt: Prompt;
  error: unknown;
}

/**
 * What a server speaks: `gemini` is the Developer API and relays of it; `vertex` Gemini on Vertex
 * AI; `imagen` is `:predict`; `openai-images` and `openai-chat` are `/images/generations` and
 * `/chat/completions` as resellers offer them.
 */
export type Protocol = 'gemini' | 'vertex' | 'imagen' | 'openai-images' | 'openai-chat';

/** A bearer token. */
export interface AccessToken {
  token: string;
  /** When it ends: ms since 1970, or a `Date`. Default: it is used for four minutes. */
  expiresAt?: number | Date | null | undefined;
}

/** A bearer token; without one, as google-auth-library may give, the call fails. */
export type GivenToken = string | AccessToken | null | undefined;

/** Where to ask, beside a model's id. */
export interface Target {
  model: string;
  /**
   * The service's address. A target with its own gets no key of the client's. For OpenAI's protocols
   * it holds the version, as in OpenAI's own clients: `https://proxy.example/v1`. Default: that of
   * the client; on Vertex GOOGLE_VERTEX_BASE_URL in Node, then the address of the location.
   */
  baseUrl?: string | undefined;
  /** Sent as the protocol has it: in `x-goog-api-key`, or as a bearer to OpenAI's protocols. */
  apiKey?: string | undefined;
  /** Default: `v1beta`; `v1beta1` on Vertex; none for OpenAI's protocols. */
  apiVersion?: string | undefined;
  headers?: Record<string, string> | undefined;
  /** Default: that of the model in the catalogue, which is `gemini` but for Imagen. */
  protocol?: Protocol | undefined;
  /** What `modelUsed` shows. Default: the model's name in the catalogue. */
  name?: string | undefined;
  /**
   * USD per picture, for all sizes or by size, instead of the catalogue's price. A size that is not
   * listed counts as the dearest that is.
   */
  price?: number | Partial<Record<'512' | '1K' | '2K' | '4K', number>> | undefined;
  /**
   * Gives a bearer token. It is called when a token is needed, once for all that wait, again a minute
   * before the token ends, and once more after a 401.
   */
  accessToken?: (() => GivenToken | Promise<GivenToken>) | undefined;
  /** On Vertex: the Google Cloud project. */
  project?: string | undefined;
  /** On Vertex: the region, `us`, `eu` or `global`. Default: `global`. */
  location?: string | undefined;
  /**
   * What each request to this target says beside or instead of its own `config`, merged deeply: another
   * size, `thinkingConfig`, or `serviceTier`. Targets of one model that differ in it are a ladder, such as
   * `flex`, `standard`, `priority`.
   */
  config?: Omit<GenerateContentConfig, 'httpOptions' | 'abortSignal'> | undefined;
}

/** What to ask of a model that keeps timing out, before the next model. */
export interface DegradeOptions {
  /** Default, and only choice: `timeout`. */
  on?: 'timeout' | undefined;
  /** Smaller sizes, in the order in which they are tried, as `['2K', '1K']`. */
  to: readonly string[];
}

/** The options of `client.generate`. */
export interface GenerateOptions extends CallOptions, QueueOptions, PeakOptions {
  /**
   * Overrules the chain's table for an error: `true` goes on to the next model at once, `false` stays
   * with this one. Not asked where `shouldRetry` has decided, nor for time limits of ours; the
   * drop-in, which asks one model, does not ask it. Default: the table.
   */
  fallbackOn?: ((info: ErrorInfo) => Decided<boolean | undefined>) | undefined;
  /** The chain for this call, instead of the client's. */
  models?: readonly (string | Target)[] | undefined;
  /** How this call is tried again. */
  retry?: RetryPolicy | undefined;
  /** The smaller pictures that are as good to you as none. Default: those of the client, or none. */
  degrade?: DegradeOptions | undefined;
  /**
   * USD that the call may cost at most: a picture by the price list, the prompt, and about 600 tokens
   * that models think. Attempts whose answers were lost count.
   * It goes on to a cheaper model, or fails with `over_budget`. Default: no limit.
   */
  maxCost?: number | undefined;
  /** The longest wait for a model while there is a next one, in ms. Default: 5,000. */
  maxWaitPerTarget?: number | undefined;
}

/** The options of `generateWithFallback`. */
export interface FallbackOptions extends CallOptions, QueueOptions {
  /**
   * Overrules the chain's table for an error: `true` goes on to the next model at once, `false` stays
   * with this one. Not asked where `shouldRetry` has decided, nor for time limits of ours; the
   * drop-in, which asks one model, does not ask it. Default: the table.
   */
  fallbackOn?: ((info: ErrorInfo) => Decided<boolean | undefined>) | undefined;
  /** The smaller pictures that are as good to you as none. Default: those of the client, or none. */
  degrade?: DegradeOptions | undefined;
  /** USD that the call may cost at most, as in `generate`. Default: no limit. */
  maxCost?: number | undefined;
  /** The chain, in order of preference. */
  models?: readonly (string | Target)[] | undefined;
}

/** The limits of a model; an absent one is learned from the service. */
export interface ModelLimits {
  /** Requests a minute. */
  rpm?: number | undefined;
  /** Input tokens a minute. */
  tpm?: number | undefined;
  /** Pictures a minute. */
  ipm?: number | undefined;
  /** Requests a day, which ends at midnight Pacific. */
  rpd?: number | undefined;
  /** Input tokens a day. */
  tpd?: number | undefined;
}

/** Who goes first: `interactive` is 10, `background` 0. */
export type Priority = 'interactive' | 'background' | number;

/** What a call does when the day's quota is spent. */
export type OnDailyLimit = 'fail' | 'fallback' | 'wait';

/** When background calls keep out of the service's way. */
export interface PeakOptions {
  /**
   * Keeps background calls out of the hours in which the service is often overloaded (0 to 2, 9 to
   * 11 and 20 to 23 UTC), and of those in which this client has seen it so; unless the deadline is
   * sooner. Default: that of the client, else false.
   */
  avoidPeak?: boolean | undefined;
}

/** How calls queue for a model's quota. */
export interface QueueOptions {
  /**
   * Higher goes first, and of equals who came first. Background calls (0 and lower) get at least a
   * tenth; they wait where interactive ones go to another model or fail. Default: `interactive`.
   */
  priority?: Priority | undefined;
  /** When the day's quota is spent. Default: that of the client, else `fallback`. */
  onDailyLimit?: OnDailyLimit | undefined;
}

/** What may be spent, in USD; a hard stop. What is in flight, and what was lost, counts. */
export interface BudgetOptions {
  /** In all: as long as the `store` remembers, which by default is as long as the process runs. */
  total?: number | undefined;
  /** A day, which ends at midnight Pacific. */
  perDay?: number | undefined;
}

/** The options of `createClient` and `configure`. */
export interface ClientOptions extends PeakOptions {
  /** The `log` of every call that has none of its own. Default: none. */
  log?: ((line: string) => void) | undefined;
  /**
   * Overrules the chain's table for an error: `true` goes on to the next model at once, `false` stays
   * with this one. Not asked where `shouldRetry` has decided, nor for time limits of ours; the
   * drop-in, which asks one model, does not ask it. Default: the table.
   */
  fallbackOn?: ((info: ErrorInfo) => Decided<boolean | undefined>) | undefined;
  /**
   * What all calls of this client, and of others on the same `store` and key, may spend. A call that
   * does not fit goes on to a cheaper model, or fails with `over_budget`. Default: no limit.
   */
  budget?: BudgetOptions | undefined;
  /** The smaller pictures that are as good to you as none. Default: none. */
  degrade?: DegradeOptions | undefined;
  /** Default, in Node: GOOGLE_API_KEY, then GEMINI_API_KEY. Keep it out of pages: use a proxy. */
  apiKey?: string | undefined;
  /** Default: GOOGLE_GEMINI_BASE_URL in Node, then Google's address. */
  baseUrl?: string | undefined;
  /** As `v1`, `v1alpha` or `v1beta1`. Default: `v1beta`. */
  apiVersion?: string | undefined;
  /** Sent with every request. In a page only headers that Google's CORS accepts pass. */
  headers?: Record<string, string> | Headers | undefined;
  /** Used instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
  /**
   * Of an answer no more than this is read, in bytes once unpacked; a longer one fails with `too_large`,
   * possibly billed. Default: 268,435,456 (256 MiB). Results of jobs are streamed, with 64 MiB a row at
   * most; a picture that an answer links to has 64 MiB at most.
   */
  maxBodyBytes?: number | undefined;
  /** The chain, in order of preference. */
  models?: readonly (string | Target)[] | undefined;
  /** Models of your own, or changes of those that are built in: a new model needs no release. */
  catalog?: readonly CatalogRow[] | undefined;
  /**
   * How `generate` and `retry` try again. The drop-in, the batch and the fallback take only its
   * limits (`timeout`, `maxServerDelay`, `maxWaitPerTarget`): their tries and delays are their own.
   */
  retry?: RetryPolicy | undefined;
  /**
   * The longest wait of the server's that is obeyed, in ms. A longer one ends the call, or moves it to
   * the next model; in the background one request asks again after five minutes, unless a quota was
   * named. Default: 120,000.
   */
  maxServerDelay?: number | undefined;
  /** The longest wait for a model while there is a next one, in ms. Default: 5,000. */
  maxWaitPerTarget?: number | undefined;
  /**
   * What a minute and a day allow: by model, or by the tier of your billing account as last
   * published, which is for Google alone and not for targets elsewhere; those have theirs by the
   * `name` of the target. What the service says overrules a tier, and lowers what you give. Default:
   * learned from the service. `none` keeps no quota: nothing queues.
   */
  limits?: 'none' | 'free' | 'tier1' | 'tier2' | 'tier3' | Record<string, ModelLimits> | undefined;
  /** USD that the account may spend in any ten minutes. Default: that of the tier, or learned. */
  spendPer10Min?: number | undefined;
  /** When the day's quota is spent. Default: `fallback`, which fails where no model is left. */
  onDailyLimit?: OnDailyLimit | undefined;
  /** Shares of a limit at which `quotaAlert` is told. Default: 0.7. */
  alertAt?: number | readonly number[] | undefined;
  /** Requests in flight at most. Default: twice what a minute allows, for each model. */
  concurrency?: number | undefined;
  /** The longest outage that calls sit out, in ms. Default: 5 min, in the background 3 h. */
  maxOutage?: number | undefined;
  /** Where the quotas are counted, for several processes of one project. Default: here alone. */
  store?: QuotaStore | undefined;
  /**
   * What to do while the store is down: `local` goes on with an equal share of each limit, once what
   * the others used before has left the window (a minute), and takes itself for alone where it has
   * never reached the store (but spends nothing of a shared `budget` then); `open` goes on as if alone; `closed` sends nothing. Default: `local`.
   */
  onStoreDown?: 'open' | 'closed' | 'local' | undefined;
  /** The project's name in the store. Default: a hash of base URL and key. */
  project?: string | undefined;
  /** Listeners, by event. */
  on?: { [Name in keyof ClientEvents]?: (event: ClientEvents[Name]) => void } | undefined;
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
  /** What was spent has passed a threshold (`alertAt`) of the budget, in USD. */
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

/** A model that goes. */
export interface ModelRetired {
  model: string;
  status: 'deprecated' | 'retired';
  /** The id of the model to use instead, or of the one that has answered in its place. */
  successor?: string;
  /** When it ends, and what else answers say of it (`modelStatus`), where they say so. */
  endsAt?: string;
  message?: string;
  /** What the service said, where it said so. */
  info?: ErrorInfo;
}

/** A limit that is nearly used up; money is in USD. */
export interface QuotaAlert {
  model?: string;
  dimension: Dimension;
  used: number;
  limit: number;
  /** The threshold that was passed, as a share. */
  threshold: number;
}

/** What is used of one limit; money is in USD. */
export interface QuotaUsage {
  dimension: Dimension;
  used: number;
  /** What is kept to; absent where nothing is known. */
  limit?: number;
  /** `given` by you, of your `tier`, or `learned` from the service. */
  source?: 'given' | 'tier' | 'learned';
  /** When some of what is used is free again. */
  freesAt?: Date;
}

/** What a client has spent, in USD. */
export interface Costs {
  /** By answers that arrived; one without a picture by the tokens that it reports. */
  spent: number;
  /** What answers that were lost on the way may have cost beside that. */
  possible: number;
  /** The budget, where there is one: what is used of it includes what is reserved and `possible`. */
  total?: { used: number; limit: number };
  /** The same of the day. */
  today?: { used: number; limit: number; freesAt?: Date };
}

/** What is used of one model's limits, and of its account's money. */
export interface QuotaReport {
  model: string;
  limits: QuotaUsage[];
  /** Calls that wait. */
  queued: number;
  /** Requests in flight. */
  inFlight: number;
  /** Set while the model rests after failing for everybody: when it is asked next. */
  restsUntil?: Date;
}

/** What one request takes. */
export interface RequestUse {
  /** Input tokens. Default: 0. */
  tokens?: number | undefined;
  /** Pictures. Default: 1. */
  images?: number | undefined;
}

/** The options of `QuotaTracker`. */
export interface QuotaTrackerOptions extends ModelLimits {
  /** Shares of a limit at which `onAlert` is called. Default: 0.7. */
  alertAt?: number | readonly number[] | undefined;
  /** Called when the use of a limit passes a threshold. */
  onAlert?: ((alert: QuotaAlert) => void) | undefined;
}

/** What `QuotaTracker.reserve` gives. */
export type Reservation =
  | {
      ok: true;
      /** The request took this much; without an argument, what was reserved. */
      settle(used?: RequestUse): void;
      /** The request was not sent: all of it is free again. */
      cancel(): void;
    }
  | {
      ok: false;
      /** When the limit in the way lets it pass. */
      retryAt: Date;
      dimension?: Dimension;
    };

/** The context of the function that `retry` calls. */
export interface RetryContext {
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** Aborted when the attempt's time is over or the call ends; pass it to the SDK. */
  readonly signal: AbortSignal;
}

/** What `generateWithFallback` gives. */
export interface FallbackResult {
  result: GenerateContentResponse;
  /** The name of the model that made the picture, as `Nano Banana Pro`. */
  modelUsed: string;
  /** Its id. */
  model: string;
  /** What the answer costs in USD; absent for a model without a known price. */
  cost?: number;
  /** What answers that were lost on the way may have cost in USD. */
  possibleCost: number;
  attempts: Attempt[];
  /** The models that the call left for another, in order, and why. */
  switches: Switch[];
  /** The models that were left out, and why. */
  skipped: SkippedTarget[];
  /** The size that the model was asked for, where the request names one. */
  size?: string;
}

/** A picture or file inside a part. */
export interface Blob {
  mimeType?: string;
  /** base64 */
  data?: string;
}

/** A part of a content. */
export interface Part {
  text?: string;
  inlineData?: Blob;
  fileData?: { mimeType?: string; fileUri?: string };
  thought?: boolean;
  thoughtSignature?: string;
  functionCall?: unknown;
  functionResponse?: unknown;
  executableCode?: unknown;
  codeExecutionResult?: unknown;
}

/** What one side said. */
export interface Content {
  role?: string;
  parts?: Part[];
}

/** One of the answers in an answer. */
export interface Candidate {
  content?: Content;
  finishReason?: string;
  finishMessage?: string;
  index?: number;
  [key: string]: unknown;
}

/** What the service says of the prompt. */
export interface PromptFeedback {
  blockReason?: string;
  blockReasonMessage?: string;
  [key: string]: unknown;
}

/** Tokens of one modality. */
export interface ModalityTokenCount {
  modality?: string;
  tokenCount?: number;
}

/** The tokens that the service counted. */
export interface UsageMetadata {
  promptTokenCount?: number;
  candidatesTokenCount?: number;
  thoughtsTokenCount?: number;
  totalTokenCount?: number;
  promptTokensDetails?: ModalityTokenCount[];
  candidatesTokensDetails?: ModalityTokenCount[];
  [key: string]: unknown;
}

/** The fields of an answer. */
export interface GenerateContentResponseData {
  readonly candidates?: Candidate[];
  readonly promptFeedback?: PromptFeedback;
  readonly usageMetadata?: UsageMetadata;
  readonly modelVersion?: string;
  readonly responseId?: string;
  readonly createTime?: string;
}

/** `config.imageConfig`. */
export interface ImageConfig {
  /** As `16:9`. */
  aspectRatio?: string;
  /** `512`, `1K`, `2K` or `4K`, where the model takes it. */
  imageSize?: string;
}

/**
 * `config.httpOptions`, as far as it is honoured; only the timeout is for targets of every protocol. What a
 * batch or a job of a queue asks for is data: there `baseUrl`, `apiVersion` and `headers` are refused.
 */
export interface HttpOptions {
  /** Where it is at another address than the client, it gets neither the client's key nor its headers. */
  baseUrl?: string;
  apiVersion?: string;
  headers?: Record<string, string>;
  /** In ms, for each attempt. */
  timeout?: number;
  /** Merged into the body. */
  extraBody?: Record<string, unknown>;
}

/** The config of a request: what `ai.models.generateContent` takes. */
export interface GenerateContentConfig {
  responseModalities?: string[];
  imageConfig?: ImageConfig;
  systemInstruction?: string | Part | Content | readonly (string | Part)[];
  safetySettings?: unknown[];
  tools?: unknown[];
  toolConfig?: unknown;
  cachedContent?: string;
  /**
   * `flex` is served when there is room, for half, and by default gets 15 minutes; `priority` before
   * others, for 1.8 times the price. Reserved as asked, counted as served. Refused where no model of the
   * chain has it, and left out, with a warning, for those that have not.
   */
  serviceTier?: string;
  store?: boolean;
  /** On Vertex alone; left out elsewhere, with a warning. */
  labels?: Record<string, string>;
  /** On Vertex alone; other targets are skipped. */
  modelArmorConfig?: unknown;
  thinkingConfig?: { thinkingLevel?: string; includeThoughts?: boolean; thinkingBudget?: number };
  candidateCount?: number;
  maxOutputTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  seed?: number;
  stopSequences?: string[];
  presencePenalty?: number;
  frequencyPenalty?: number;
  responseMimeType?: string;
  responseSchema?: unknown;
  responseJsonSchema?: unknown;
  mediaResolution?: string;
  speechConfig?: unknown;
  logprobs?: number;
  responseLogprobs?: boolean;
  httpOptions?: HttpOptions;
  abortSignal?: AbortSignal;
  /** @deprecated Mapped to `imageConfig`, with one warning. */
  imageResolution?: string;
}

/** What is asked for: a text, parts, or turns of a conversation. */
export type Contents = string | Part | Content | readonly (string | Part | Content)[];

/** Contents alone ask for a picture at 1K; everything else is said in a request. */
export type Prompt = Contents | GenerateRequest;

/** What `ai.models.generateContent` takes, or the body of the REST API. */
export interface GenerateRequest {
  /** Asked first; `generate` goes on to the client's chain. Default: the first of that chain. */
  model?: string;
  contents: Contents;
  config?: GenerateContentConfig;
  generationConfig?: Record<string, unknown>;
  systemInstruction?: Content;
  safetySettings?: unknown[];
  tools?: unknown[];
  toolConfig?: unknown;
  cachedContent?: string;
  serviceTier?: string;
  store?: boolean;
}

/** The error of a failed call, for a `catch` that narrows. */
export type { GenerateError };

/**
 * Where the quota's books are kept, for all clients that share them: an atomic read-modify-write on
 * a short string, and a clock.
 */
export interface QuotaStore {
  /**
   * Replaces the state of a key by what `update` makes of it, and resolves with its `result`. The
   * whole is atomic; `update` is pure and may run more than once.
   *
   * `state` is ASCII of at most 4 KiB, `undefined` where the key was never written. `now` is the
   * store's clock in ms since 1970; where that is one that nobody can set, `wall` is the clock by
   * which the day ends. Rejects with what `update` throws, which changes
   * nothing, and where the store is out of reach, when it may or may not have been done.
   */
  transact<T>(
    key: string,
    update: (state: string | undefined, now: number, wall?: number) => { state: string; result: T },
  ): Promise<T>;
}
