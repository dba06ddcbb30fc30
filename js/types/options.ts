/** The options of calls and clients. Durations are milliseconds. */

import type { ErrorInfo } from './errors.js';
import type { ClientEvents, RetryEvent } from './events.js';
import type { CatalogRow } from './models.js';
import type { OnDailyLimit, PeakOptions, QueueOptions } from './queue.js';
import type { BudgetOptions, ModelLimits, QuotaStore, RequestUse } from './quota.js';
import type { Prompt } from './request.js';
import type { Decided, RetryPolicy, ShouldRetryContext } from './retry.js';
import type { DegradeOptions, Target } from './target.js';

/** How a client is closed. */
export interface CloseOptions {
  /** How long what is in flight may go on, in ms; `Infinity` until its end. Default: 0. */
  drain?: number | undefined;
}

/** The options of every call. */
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
  /** Its place in the list, from 0. */
  index: number;
  prompt: Prompt;
  error: unknown;
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
   * The budget of all calls of this client, and of others on the same `store` and key. A call that
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
   * The limits of a minute and of a day: by model, or by the tier of your billing account as last
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
  /** The store in which several processes of one project count their quotas. Default: here alone. */
  store?: QuotaStore | undefined;
  /**
   * The conduct while the store is down: `local` goes on with an equal share of each limit, once what
   * the others used before has left the window (a minute), and takes itself for alone where it has
   * never reached the store (but spends nothing of a shared `budget` then); `open` goes on as if alone;
   * `closed` sends nothing. Default: `local`.
   */
  onStoreDown?: 'open' | 'closed' | 'local' | undefined;
  /** The project's name in the store. Default: a hash of base URL and key. */
  project?: string | undefined;
  /** Listeners, by event. */
  on?: { [Name in keyof ClientEvents]?: (event: ClientEvents[Name]) => void } | undefined;
}
