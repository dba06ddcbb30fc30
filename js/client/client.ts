/// <reference lib="esnext.disposable" preserve="true" />
/** One client: it hands calls to the core and keeps who waits for them. */

import { ask } from '../base/callback.js';
import { momentOf } from '../base/deadline.js';
import type { BatchOptions, BatchRun, BatchSource } from '../batch-types.js';
import type { AdmissionHook, Maker } from '../bulk/maker.js';
import { Run } from '../bulk/run.js';
import { isGenerateError } from '../errors.js';
import { diagnoseSeen, type History, modelsWith } from '../guide/index.js';
import { type Caller, callers } from '../host/caller.js';
import { Host } from '../host/host.js';
import { Life } from '../host/life.js';
import { ClientJobs } from '../jobs/index.js';
import { guarded, ignoreTrap, isCurrent, isReady, onTrap, ready, use } from '../module/load.js';
import type { GenerateContentResponse, GenerateResult } from '../response.js';
import type { Diagnosis } from '../types/diagnosis.js';
import type { ClientEvents } from '../types/events.js';
import type { FallbackResult } from '../types/fallback.js';
import type { Jobs } from '../types/jobs.js';
import type { ModelInfo } from '../types/models.js';
import type {
  BatchGenerateFailure,
  BatchGenerateOptions,
  ClientOptions,
  CloseOptions,
  DropInOptions,
  FallbackOptions,
  GenerateOptions,
  RetryOptions,
} from '../types/options.js';
import type { Costs, QuotaReport } from '../types/quota.js';
import type { Prompt } from '../types/request.js';
import type { RetryContext } from '../types/retry.js';
import type { Core } from '../wasm/unexhausted.js';
import { checkData } from './data.js';
import { logged } from './retry-log.js';
import { serverless } from './serverless.js';
import { NO_SIGNALS, onAbort, signalsOf } from './signals.js';
import { sleep } from './sleep.js';
import { wanted } from './unwanted.js';

onTrap((error) => {
  for (const caller of [...callers]) caller.host.reject(caller, error);
});

/** A client of its own, with its own settings, retry budget and events. */
export class Client {
  readonly #options: ClientOptions;
  readonly #life: Life = new Life();
  readonly #host: Host;
  #state: 'open' | 'draining' | 'closed' = 'open';
  readonly #runs: Set<BatchRun> = new Set();
  readonly #pauses: Set<() => void> = new Set();
  #jobs: ClientJobs | undefined;

  /** @internal Use `createClient`. */
  constructor(options: ClientOptions = {}) {
    // Copied, so that a change of the caller's object later changes nothing; what is no object is
    // left for the core to refuse.
    this.#options = isPlain(options) ? { ...options } : options;
    this.#host = new Host(this.#life, this.#options?.maxBodyBytes);
    for (const [name, listener] of Object.entries((isPlain(options) && options.on) || {})) {
      if (typeof listener === 'function') this.on(name as keyof ClientEvents, listener as never);
    }
    // A wrong option is told by the line that has it, where the core is there already.
    if (isReady()) this.#open();
  }

  /**
   * Makes a picture: asks the first model of the chain, retries what can pass, and goes on to the
   * next model where the rules say so.
   *
   * @throws {GenerateError} where no model gave a picture; the reason of `signal` on abort;
   * `TypeError` for a wrong request or option, before any request.
   */
  generate(request: Prompt, options?: GenerateOptions): Promise<GenerateResult> {
    return this.#generate(request, options);
  }

  /**
   * Makes pictures in bulk, at the pace that the quota allows. With `journal` it goes on after a crash
   * where it was, and pays nothing twice that is finished.
   *
   * @example
   * ```ts
   * const run = client.batch(prompts, { journal: 'batch.jsonl' });
   * for await (const { status, files, error } of run) console.log(status, files, error?.message);
   * ```
   *
   * @param requests prompts, requests, or either with a `key`: a list, or anything that can be iterated,
   * as a stream; it is read as far as is needed.
   */
  batch(requests: BatchSource, options: BatchOptions = {}): BatchRun {
    const maker: Maker = {
      check: async (given) => {
        await ready();
        const core = this.#open();
        try {
          guarded(() => core.checkBatch(given));
        } catch (error) {
          // A missing key ends the batch with its first item, and with advice.
          if (!isGenerateError(error)) throw error;
        }
      },
      make: async (request, call, admission) => {
        checkData(request);
        return this.#generate(request, call, admission);
      },
      began: (run) => void this.#runs.add(run),
      ended: (run) => void this.#runs.delete(run),
      onWaiting: (listener) => this.on('waiting', listener),
      jobs: this.jobs,
      priceInJob: (request, model) =>
        guarded(() => this.#open().jobRequest(request, model) as { usd: number }).usd,
    };
    return new Run(maker, requests, options);
  }

  /** The drop-in of the function of the same name, with this client's settings. */
  generateWithRetry(
    request: Prompt,
    maxRetries?: number,
    baseDelay?: number,
  ): Promise<GenerateContentResponse>;
  generateWithRetry(request: Prompt, options?: DropInOptions): Promise<GenerateContentResponse>;
  generateWithRetry(
    request: Prompt,
    maxRetries?: number | DropInOptions,
    baseDelay?: number,
  ): Promise<GenerateContentResponse> {
    return this.#run(signalsOf(maxRetries, request), (core, caller) => {
      const options = logged(maxRetries, this.#log(), DEFAULT_MAX_REQUESTS);
      return core.generateWithRetry(caller, request, options, baseDelay);
    });
  }

  /** The function of the same name, with this client's settings. */
  generateWithFallback(request: Prompt, options?: FallbackOptions): Promise<FallbackResult> {
    return this.#run(signalsOf(options, request), (core, caller) =>
      core.generateWithFallback(caller, request, logged(options, this.#log())),
    );
  }

  /** The function of the same name, with this client's settings. */
  batchGenerate(
    prompts: readonly Prompt[],
    options?: number | BatchGenerateOptions,
  ): Promise<(GenerateContentResponse | null)[]> {
    const { delay: _, onError, ...call } = typeof options === 'object' ? (options ?? {}) : {};
    // A deadline is the batch's and not each item's.
    let end: Date | undefined;
    try {
      end = momentOf(call.deadline);
    } catch (error) {
      return Promise.reject(error);
    }
    if (end !== undefined) call.deadline = end;
    const emitFailure = (failure: BatchGenerateFailure) =>
      ask('`onError`', typeof onError === 'function' ? onError : complain, failure);
    // No pause outlives the batch, however that ends, or the client.
    let ended = false;
    const pauses = this.#pauses;
    const one = (index: number) => {
      if (ended) return null;
      const prompt = prompts[index] as string;
      const item = this.generateWithRetry(prompt, call);
      // Should the core fail before it listens, nobody else does, and Node would end the process.
      item.catch((error: unknown) => {
        // An error that ended the batch is its caller's already.
        if (!ended && this.#state !== 'closed') emitFailure({ index, prompt, error });
      });
      return item;
    };
    let wake = ignore;
    const pause = (ms: number) =>
      // Prompts that are left after the deadline fail at once, which no pause need put off.
      sleep(Math.min(ms, (end?.getTime() ?? Infinity) - Date.now()), (end) => {
        wake = end;
        pauses.add(end);
      }).finally(() => pauses.delete(wake));
    return this.#run(signalsOf(call), (core, caller) => {
      caller.off = () => {
        ended = true;
        wake();
      };
      if (Array.isArray(prompts)) prompts.forEach(checkData);
      core.batchGenerate(caller, prompts, options, one, pause);
      return undefined;
    });
  }

  /**
   * Calls `fn` until it succeeds or trying again cannot help. It works with any SDK.
   *
   * @throws the very error that `fn` threw last; `errorInfo(error)` tells what is known of it.
   */
  retry<T>(fn: (context: RetryContext) => Promise<T> | T, options?: RetryOptions): Promise<T> {
    return wanted(fn, options, (fn, options) =>
      this.#run(signalsOf(options), (core, caller) =>
        core.retry(caller, fn, logged(options, this.#log())),
      ),
    );
  }

  /** The Batch API: half the price, and an answer within a day. */
  get jobs(): Jobs {
    const core = () => this.#open();
    this.#jobs ??= new ClientJobs(this.#options, core, (fn, options) => this.retry(fn, options));
    return this.#jobs;
  }

  /**
   * The use of each limit of each model that this client asks, the limits as far as they are known,
   * and when something is free again. A shared store is asked first.
   */
  quota(): Promise<QuotaReport[]> {
    return this.#run(NO_SIGNALS, (core, caller) => {
      core.quota(caller);
      return undefined;
    });
  }

  /** The costs of this client, and the rest of its budget. A shared store is asked first. */
  async costs(): Promise<Costs> {
    await this.quota();
    return this.#run(NO_SIGNALS, (core, caller) => {
      core.costs(caller);
      return undefined;
    });
  }

  /** Lists every image model that is known, with the rows of this client's `catalog`. */
  async models(): Promise<ModelInfo[]> {
    await ready();
    // A wrong row is refused in the same words as by a call.
    this.#open();
    return modelsWith(this.#options.catalog ?? []);
  }

  /**
   * Names the pattern behind what this client has seen in the last seven days, what to do about it,
   * and the numbers that say so.
   */
  async diagnose(): Promise<Diagnosis> {
    await ready();
    const core = this.#open();
    return diagnoseSeen(guarded(() => core.history()) as History);
  }

  /**
   * Listens to an event; gives a function that ends it. What a listener throws, or rejects with,
   * disturbs nothing: it is told of once by `console.error`.
   */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (event: ClientEvents[Name]) => void,
  ): () => void {
    if (isReady()) use().core.checkEvents({ [name]: listener }, this.#host);
    if (typeof listener !== 'function')
      throw new TypeError('unexhausted: a listener is a function');
    return this.#host.on(name, listener as (event: never) => void);
  }

  /**
   * Ends every call with a `GenerateError` of kind `closed`; later calls get it too. With `drain`
   * what is in flight, and likely paid for, may still finish: nothing new is sent, what waits ends as
   * `closed`, batches stop, and what is not done after so many ms is given up.
   *
   * @throws `TypeError` where `drain` is no time in ms.
   */
  async close({ drain = 0 }: CloseOptions = {}): Promise<void> {
    if (typeof drain !== 'number' || !(drain >= 0)) {
      throw new TypeError('unexhausted: `drain` must be a time in ms, 0 or more');
    }
    if (drain > 0 && this.#state === 'open') await this.#drain(drain);
    this.#state = 'closed';
    this.#notifyCore((core) => core.close());
    this.#jobs?.close();
    for (const wake of [...this.#pauses]) wake();
  }

  /** `close` that waits for what is in flight, however long that takes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ drain: Number.POSITIVE_INFINITY });
  }

  async #drain(ms: number): Promise<void> {
    this.#state = 'draining';
    this.#notifyCore((core) => core.retire());
    for (const wake of [...this.#pauses]) wake();
    const ends = [this.#host.idle(), ...[...this.#runs].map((run) => run.stop())];
    let late = ignore;
    const over = sleep(ms, (end) => {
      late = end;
    });
    await Promise.race([Promise.allSettled(ends), over]);
    late();
  }

  #generate(
    request: Prompt,
    options?: GenerateOptions,
    admission?: AdmissionHook,
  ): Promise<GenerateResult> {
    return this.#run(signalsOf(options, request), (core, caller) => {
      const call = core.generate(caller, request, logged(options, this.#log()), admission);
      if (admission === undefined) this.#warnOfHost(options);
      return call;
    });
  }

  /** A function on such a host is ended without an answer or an error where a call outlasts it. */
  #warnOfHost(options: GenerateOptions | undefined): void {
    const { deadline, priority = 'interactive' } = options ?? {};
    const host = deadline === undefined && priority === 'interactive' ? serverless() : undefined;
    if (host === undefined) return;
    const text = `on ${host} a function is ended after a while; give \`generate\` a \`deadline\` below that`;
    this.#host.warn(text);
  }

  #log(): unknown {
    return this.#options?.log;
  }

  #open(): Core {
    const { core, instance } = use();
    const life = this.#life;
    if (life.core === undefined || life.instance !== instance) {
      life.core = guarded(() => new core.Core(this.#options, this.#host));
      life.instance = instance;
      if (this.#state === 'draining') life.core.retire();
      if (this.#state === 'closed') life.core.close();
    }
    return life.core;
  }

  /** Runs a function of the core that nothing waits for; one that has failed needs to know no more. */
  #notifyCore(what: (core: Core) => void): void {
    const { core, instance } = this.#life;
    if (core !== undefined && isCurrent(instance)) ignoreTrap(() => what(core));
  }

  #run<T>(
    signals: AbortSignal[],
    start: (core: Core, caller: Caller) => number | undefined,
  ): Promise<T> {
    const aborted = signals.find((signal) => signal.aborted);
    if (aborted !== undefined) return Promise.reject(aborted.reason);
    return new Promise<T>((resolve, reject) => {
      const host = this.#host;
      const life = this.#life;
      const caller: Caller = { host, life, resolve: resolve as (value: unknown) => void, reject };
      if (isReady()) this.#start(caller, signals, start);
      else ready().then(() => this.#start(caller, signals, start), reject);
    });
  }

  #start(
    caller: Caller,
    signals: AbortSignal[],
    start: (core: Core, caller: Caller) => number | undefined,
  ): void {
    // While the WebAssembly loads nobody listens yet: nothing of the caller's is called then.
    const aborted = signals.find((signal) => signal.aborted);
    if (aborted !== undefined) {
      caller.reject(aborted.reason);
      return;
    }
    this.#host.begin(caller);
    try {
      const core = this.#open();
      const call = guarded(() => start(core, caller));
      for (const signal of signals) this.#watch(caller, signal, call);
    } catch (error) {
      this.#host.reject(caller, error);
    }
  }

  #watch(caller: Caller, signal: AbortSignal, call: number | undefined): void {
    if (!callers.has(caller)) return;
    const abort = () => {
      caller.reason = signal.reason;
      this.#host.reject(caller, signal.reason);
      if (call !== undefined) this.#notifyCore((core) => core.cancel(call));
    };
    if (signal.aborted) {
      abort();
      return;
    }
    const unwatch = onAbort(signal, abort);
    const before = caller.off;
    caller.off = () => {
      unwatch();
      before?.();
    };
  }
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The drop-in's requests in all, where the caller gives no `maxRetries`. */
const DEFAULT_MAX_REQUESTS = 5;

function complain({ error }: BatchGenerateFailure): void {
  console.error(`Failed: ${error}`);
}

function ignore(): void {}
