/** The host of the core: promises, errors, events and the environment. Nothing is decided here. */
import { ask } from '../base/callback.js';
import { TIMER_MAX } from '../base/deadline.js';
import { defined } from '../base/fields.js';
import { GenerateError, remember } from '../errors.js';
import { jsonWithin, MAX_BODY_BYTES, startOf } from '../http/body.js';
import { type Dispatcher, patientDispatcher } from '../http/dispatcher.js';
import { ignoreTrap, isCurrent } from '../module/load.js';
import { cameWith, GenerateContentResponse, GenerateResult } from '../response.js';
import type { Attempt, SkippedTarget, Switch } from '../types/attempts.js';
import type { ErrorInfo, GenerateErrorKind } from '../types/errors.js';
import type { ClientEvents } from '../types/events.js';
import type { FallbackResult } from '../types/fallback.js';
import type { QuotaStore } from '../types/quota.js';
import type { ShouldRetryContext } from '../types/retry.js';
import type { Core } from '../wasm/unexhausted.js';
import { addressFault, urlOf } from './addresses.js';
import { AttemptContext } from './attempt-context.js';
import { type Caller, callers } from './caller.js';
import { type DownloadInit, download } from './downloads.js';
import { isPage, settingsOfEnvironment } from './environment.js';
import { Events } from './events.js';
import { flat } from './flat.js';
import { type Life, type Listener, type WeakLife, weakly } from './life.js';
import { projectName } from './project.js';

type Update = (
  state: string | undefined,
  now: number,
  wall?: number,
) => {
  state: string;
  result: undefined;
};

const warned = new Set<string>();

/** The JavaScript side of one client; `src/wasm/host.rs` declares its methods. */
export class Host {
  /** Weak, since the core holds this very object: no client would ever be collected. */
  readonly #life: WeakLife;
  /** The same while somebody waits, who keeps it anyway: asking a weak reference takes time. */
  #held: Life | undefined;
  /** The quotas of this process, in case the WebAssembly fails. */
  readonly #kept: Map<string, string> = new Map();
  readonly browser: boolean = isPage();
  readonly #events: Events = new Events(() => this.#held ?? this.#life.deref());
  #nap: ReturnType<typeof setTimeout> | undefined;
  #pending = 0;
  readonly #idle: (() => void)[] = [];
  readonly #maxBodyBytes: number;

  constructor(life: Life, maxBodyBytes: number = MAX_BODY_BYTES) {
    this.#life = weakly(life);
    this.#maxBodyBytes = maxBodyBytes;
  }

  resolve(caller: Caller, value: unknown): void {
    this.forget(caller);
    caller.resolve(value);
  }

  reject(caller: Caller, error: unknown): void {
    this.forget(caller);
    caller.reject(error);
  }

  begin(caller: Caller): void {
    callers.add(caller);
    this.#held = caller.life;
    this.#pending += 1;
  }

  forget(caller: Caller): void {
    caller.off?.();
    if (!callers.delete(caller)) return;
    this.#pending -= 1;
    if (this.#pending > 0) return;
    this.#held = undefined;
    for (const wake of this.#idle.splice(0)) wake();
  }

  /** Resolves once no call of this client waits any more. */
  idle(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  error(
    kind: GenerateErrorKind,
    message: string,
    advice: string,
    info: ErrorInfo | undefined,
    attempts: Attempt[] | undefined,
    model: string | undefined,
    possibleCost: number,
    cause: unknown,
  ): GenerateError {
    const fields = { kind, message, advice, info, attempts, model, possibleCost };
    return new GenerateError(fields, cause);
  }

  remember(error: object, info: ErrorInfo): void {
    remember(error, info);
  }

  context(attempt: number): AttemptContext {
    return new AttemptContext(attempt);
  }

  /** Wakes the core after a while, if the process is still there: it is not kept alive. */
  nap(delay: number): void {
    clearTimeout(this.#nap);
    const bring = this.#bringer();
    this.#nap = setTimeout(() => bring((core) => core.wake()), Math.min(delay, TIMER_MAX));
    (this.#nap as { unref?(): void }).unref?.();
  }

  /** Brings something to the core that is there now. */
  #bringer(): (what: (core: Core) => void) => void {
    const life = this.#held ?? this.#life.deref();
    const [core, instance] = [life?.core, life?.instance ?? 0];
    return (what) => {
      // An earlier instance has failed, and its callers were rejected then.
      if (core !== undefined && isCurrent(instance)) ignoreTrap(() => what(core));
    };
  }

  call(
    work: (context: AttemptContext) => unknown,
    context: AttemptContext,
    call: number,
    attempt: number,
  ): void {
    const bring = this.#bringer();
    let promise: Promise<unknown>;
    try {
      promise = Promise.resolve(work(context));
    } catch (error) {
      promise = Promise.reject(error);
    }
    promise.then(
      (answer) => bring((core) => core.answered(call, attempt, answer)),
      (error) => bring((core) => core.threw(call, attempt, error)),
    );
  }

  canceller(): AbortController {
    return new AbortController();
  }

  abort(context: AttemptContext | AbortController, timedOut: boolean): void {
    const reason = timedOut
      ? new DOMException('the attempt took longer than its timeout', 'TimeoutError')
      : new DOMException('the call has ended', 'AbortError');
    if (context instanceof AttemptContext) AttemptContext.abort(context, reason);
    else context.abort(reason);
  }

  answer(body: unknown): GenerateContentResponse {
    return new GenerateContentResponse(body);
  }

  result(
    response: GenerateContentResponse,
    model: string,
    name: string | undefined,
    requestedModel: string,
    cost: number | undefined,
    possibleCost: number,
    attempts: Attempt[],
    waited: number,
    skipped: SkippedTarget[],
    switches: Switch[],
    size: string | undefined,
  ): GenerateResult | FallbackResult {
    if (name !== undefined) {
      return defined({
        result: response,
        modelUsed: name,
        model,
        cost,
        possibleCost,
        attempts,
        switches,
        skipped,
        size,
      });
    }
    return new GenerateResult({
      response,
      model,
      requestedModel,
      cost,
      possibleCost,
      attempts,
      waited,
      skipped,
      switches,
      size,
    });
  }

  addAttempt(
    list: Attempt[],
    attempt: number,
    model: string | undefined,
    took: number,
    waited: number,
    kind: GenerateErrorKind | undefined,
    status: number | undefined,
  ): void {
    // Written out, since each call comes by here.
    const made: Attempt = { attempt, took, waited };
    if (model !== undefined) made.model = model;
    if (kind !== undefined) made.kind = kind;
    if (status !== undefined) made.status = status;
    list.push(made);
  }

  addSwitch(
    list: Switch[],
    from: string,
    to: string,
    kind: GenerateErrorKind,
    reason: string,
  ): void {
    list.push({ from, to, kind, reason });
  }

  addSkipped(
    list: SkippedTarget[],
    model: string,
    lacks: string | undefined,
    reason: string,
  ): void {
    list.push(lacks === undefined ? { model, reason } : { model, lacks, reason });
  }

  /** The JSON of an answer; `undefined` where it is longer than may be read. */
  async body(response: Response): Promise<unknown> {
    const body = await jsonWithin(response, this.#maxBodyBytes, this.browser);
    if (typeof response.headers?.[Symbol.iterator] === 'function') cameWith(body, response.headers);
    return body;
  }

  /** The text of an error's body, no more than `most` bytes of it: it may never end. */
  errorText(response: Response, most: number): Promise<string> {
    return startOf(response, most);
  }

  /** The bytes at an address as base64, which is empty where there are more than `most`. */
  async download(
    own: typeof fetch | undefined,
    url: string,
    init: DownloadInit,
    home: string,
    most: number,
  ): Promise<{ status: number; data: string }> {
    const { origin } = this.#url(home) as URL;
    return download(own, url, init, origin, most);
  }

  get listening(): boolean {
    return this.#events.hasListeners;
  }

  on(name: string, listener: Listener): () => void {
    return this.#events.on(name, listener);
  }

  sends(call: number, attempt: number, model: string | undefined): void {
    this.#events.emit('attempt', defined({ call, attempt, model }));
  }

  waits(
    call: number,
    attempt: number,
    delay: number,
    until: number,
    model: string | undefined,
    info: ErrorInfo,
    error: unknown,
    onRetry: Listener | undefined,
  ): void {
    const event = defined({ call, attempt, delay, retryAt: new Date(until), model, info, error });
    if (onRetry !== undefined) ask('`onRetry`', onRetry as (event: unknown) => unknown, event);
    this.#events.emit('retry', event);
    this.#events.emit('waiting', event);
  }

  switches(call: number, from: string, model: string, info: ErrorInfo): void {
    this.#events.emit('fallback', { call, from, model, info });
  }

  holds(
    call: number,
    attempt: number,
    delay: number,
    until: number,
    model: string | undefined,
    info: ErrorInfo,
  ): void {
    this.#events.emit(
      'waiting',
      defined({ call, attempt, delay, retryAt: new Date(until), model, info }),
    );
  }

  notice(name: string, event: unknown): void {
    this.#events.emit(name as keyof ClientEvents, event as never);
  }

  /** Runs `update` over a state of the store, and waits for no store for ever. */
  async transact(
    store: QuotaStore,
    project: string | undefined,
    identity: string,
    replica: string,
    update: Update,
  ): Promise<void> {
    const name = project ?? (await this.#projectName(identity));
    await store.transact(`${name}:${replica}`, update);
  }

  async #projectName(identity: string): Promise<string> {
    try {
      return await projectName(identity);
    } catch (error) {
      this.warn((error as Error).message);
      throw error;
    }
  }

  keep(name: string, state: string): void {
    this.#kept.set(name, state);
  }

  kept(name: string): string | undefined {
    return this.#kept.get(name);
  }

  succeeds(call: number, attempts: number, waited: number): void {
    this.#events.emit('success', { call, attempts, waited });
  }

  fails(call: number, error: unknown): void {
    this.#events.emit('failure', { call, error });
  }

  ask(
    shouldRetry: (context: ShouldRetryContext) => unknown,
    error: unknown,
    info: ErrorInfo,
    attempt: number,
    delay: number | undefined,
  ): unknown {
    return ask('`shouldRetry`', shouldRetry, { error, info, attempt, delay: delay ?? null });
  }

  leaves(fallbackOn: (info: ErrorInfo) => unknown, info: ErrorInfo): unknown {
    return ask('`fallbackOn`', fallbackOn, info);
  }

  warn(text: string): void {
    if (warned.has(text)) return;
    warned.add(text);
    console.warn(`unexhausted: ${text}`);
  }

  environment(): { apiKey?: string; baseUrl?: string; vertexUrl?: string } {
    return settingsOfEnvironment();
  }

  isSameOrigin(one: string, other: string): boolean {
    return this.#url(one)?.origin === this.#url(other)?.origin;
  }

  #url(address: string): URL | undefined {
    return urlOf(address, this.browser);
  }

  addressFault(address: string): string | undefined {
    return addressFault(this.#url(address));
  }

  dispatcher(): Dispatcher | undefined {
    return patientDispatcher();
  }

  flat(value: unknown, kept: unknown[], headers: boolean): string {
    return flat(value, kept, headers);
  }
}
