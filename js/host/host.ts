/** What the core needs of JavaScript: promises, errors, events, the environment. No decisions. */

import { ask } from '../base/callback.js';
import { TIMER_MAX } from '../base/deadline.js';
import { digest } from '../base/digest.js';
import { GenerateError, remember } from '../errors.js';
import { base64Within, jsonWithin, MAX_BODY_BYTES, startOf } from '../http/body.js';
import { type Dispatcher, guardedDispatcher, patientDispatcher } from '../http/dispatcher.js';
import { follow, isNear } from '../http/redirects.js';
import { isCurrent, tell } from '../module/load.js';
import { cameWith, GenerateContentResponse, GenerateResult } from '../response.js';
import type { Attempt, SkippedTarget, Switch } from '../types/attempts.js';
import type { ErrorInfo, GenerateErrorKind } from '../types/errors.js';
import type { ClientEvents } from '../types/events.js';
import type { FallbackResult } from '../types/fallback.js';
import type { QuotaStore } from '../types/quota.js';
import type { RetryContext, ShouldRetryContext } from '../types/retry.js';
import type { Core } from '../wasm/unexhausted.js';

/** Whoever waits for a call. */
export interface Caller {
  readonly host: { reject(caller: Caller, error: unknown): void };
  /** Who waits need not have kept the client. */
  readonly life?: Life;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Stops listening to the caller's signal. */
  off?: () => void;
  /** What the caller's signal said, once it has. */
  reason?: unknown;
}

type Listener = (event: never) => void;

type Update = (
  state: string | undefined,
  now: number,
  wall?: number,
) => {
  state: string;
  result: undefined;
};

interface ProcessLike {
  env?: Record<string, string | undefined>;
  type?: string;
  versions?: { node?: string };
}

class Context implements RetryContext {
  readonly attempt: number;
  #controller: AbortController | undefined;

  constructor(attempt: number) {
    this.attempt = attempt;
  }

  // Most functions never ask for the signal, and making one costs as much as the rest of a call.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  static abort(context: Context, reason: unknown): void {
    context.#controller ??= new AbortController();
    context.#controller.abort(reason);
  }
}

const warned = new Set<string>();

/** What lives as long as its client, or as a call that somebody waits for. */
export class Life {
  core: Core | undefined;
  instance = 0;
  readonly listeners: Map<string, Set<Listener>> = new Map();
}

/** Where there are no weak references nothing is ever collected of what WebAssembly holds. */
const weakly = (life: Life): { deref(): Life | undefined } =>
  typeof WeakRef === 'function' ? new WeakRef(life) : { deref: () => life };

/** Everybody who waits, whatever their client: they are told when the WebAssembly fails. */
export const callers: Set<Caller> = new Set();

/** The JavaScript side of one client. */
export class Host {
  /** Weak, since the core holds this very object: no client would ever be collected. */
  readonly #life: { deref(): Life | undefined };
  /** The same while somebody waits, who keeps it anyway: asking a weak reference takes time. */
  #held: Life | undefined;
  /** The quotas of this process, in case the WebAssembly fails. */
  readonly #kept: Map<string, string> = new Map();
  readonly browser: boolean = isPage();
  listening = false;
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

  /** Once no call of this client waits any more. */
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

  context(attempt: number): Context {
    return new Context(attempt);
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
      // What comes too late for its instance is for nobody: whoever waited has been told.
      if (core !== undefined && isCurrent(instance)) tell(() => what(core));
    };
  }

  call(work: (context: Context) => unknown, context: Context, call: number, flight: number): void {
    const bring = this.#bringer();
    let promise: Promise<unknown>;
    try {
      promise = Promise.resolve(work(context));
    } catch (error) {
      promise = Promise.reject(error);
    }
    promise.then(
      (answer) => bring((core) => core.answered(call, flight, answer)),
      (error) => bring((core) => core.threw(call, flight, error)),
    );
  }

  canceller(): AbortController {
    return new AbortController();
  }

  abort(context: Context | AbortController, timedOut: boolean): void {
    const reason = timedOut
      ? new DOMException('the attempt took longer than its timeout', 'TimeoutError')
      : new DOMException('the call has ended', 'AbortError');
    if (context instanceof Context) Context.abort(context, reason);
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
      const priced = cost === undefined ? {} : { cost };
      const asked = size === undefined ? {} : { size };
      const told = { possibleCost, attempts, switches, skipped, ...asked };
      return { result: response, modelUsed: name, model, ...priced, ...told };
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
    const told: Attempt = { attempt, took, waited };
    if (model !== undefined) told.model = model;
    if (kind !== undefined) told.kind = kind;
    if (status !== undefined) told.status = status;
    list.push(told);
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

  /** What lies under an address, as base64; empty where it has more than `most` bytes. */
  async download(
    own: typeof fetch | undefined,
    url: string,
    init: RequestInit & { dispatcher?: Dispatcher | undefined },
    home: string,
    most: number,
  ): Promise<{ status: number; data: string }> {
    const { origin } = this.#url(home) as URL;
    const response = await follow(url, origin, (at) => {
      const isOpen = init.dispatcher === undefined || isNear(at, origin);
      return (own ?? fetch)(at, isOpen ? init : { ...init, dispatcher: guardedDispatcher() });
    });
    const { status } = response;
    const data = status === 200 ? await base64Within(response, most) : '';
    if (status !== 200) await response.body?.cancel();
    return { status, data };
  }

  on(name: string, listener: Listener): () => void {
    const all = this.#life.deref()?.listeners ?? new Map<string, Set<Listener>>();
    const listeners = all.get(name) ?? new Set();
    all.set(name, listeners.add(listener));
    this.listening = true;
    return () => {
      listeners.delete(listener);
      this.listening = [...all.values()].some(({ size }) => size > 0);
    };
  }

  sends(call: number, attempt: number, model: string | undefined): void {
    this.#emit('attempt', present({ call, attempt, model }));
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
    const event = present({ call, attempt, delay, retryAt: new Date(until), model, info, error });
    if (onRetry !== undefined) ask('`onRetry`', onRetry as (event: unknown) => unknown, event);
    this.#emit('retry', event);
    this.#emit('waiting', event);
  }

  switches(call: number, from: string, model: string, info: ErrorInfo): void {
    this.#emit('fallback', { call, from, model, info });
  }

  holds(
    call: number,
    attempt: number,
    delay: number,
    until: number,
    model: string | undefined,
    info: ErrorInfo,
  ): void {
    this.#emit('waiting', present({ call, attempt, delay, retryAt: new Date(until), model, info }));
  }

  notice(name: string, event: unknown): void {
    this.#emit(name as keyof ClientEvents, event as never);
  }

  /** Runs `update` over a state of the store, and waits for no store for ever. */
  async transact(
    store: QuotaStore,
    project: string | undefined,
    identity: string,
    book: string,
    update: Update,
  ): Promise<void> {
    const name = project ?? (await this.#digest(identity));
    await store.transact(`${name}:${book}`, update);
  }

  async #digest(identity: string): Promise<string> {
    try {
      return await known(identity);
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
    this.#emit('success', { call, attempts, waited });
  }

  fails(call: number, error: unknown): void {
    this.#emit('failure', { call, error });
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

  #emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    for (const listener of (this.#held ?? this.#life.deref())?.listeners.get(name) ?? []) {
      ask(`a listener of \`${name}\``, listener as (event: unknown) => unknown, event);
    }
  }

  warn(text: string): void {
    if (warned.has(text)) return;
    warned.add(text);
    console.warn(`unexhausted: ${text}`);
  }

  environment(): { apiKey?: string; baseUrl?: string; vertexUrl?: string } {
    const env = environment();
    // An empty variable is one that is not set.
    const apiKey = env['GOOGLE_API_KEY'] || env['GEMINI_API_KEY'] || undefined;
    const baseUrl = env['GOOGLE_GEMINI_BASE_URL'] || undefined;
    return present({ apiKey, baseUrl, vertexUrl: env['GOOGLE_VERTEX_BASE_URL'] || undefined });
  }

  isSameOrigin(one: string, other: string): boolean {
    return this.#url(one)?.origin === this.#url(other)?.origin;
  }

  #url(address: string): URL | undefined {
    // In a page an address may be relative: a proxy at the page's own host.
    const base = this.browser ? location.href : undefined;
    try {
      return new URL(address, base);
    } catch {
      return undefined;
    }
  }

  addressFault(address: string): string | undefined {
    const url = this.#url(address);
    if (url === undefined) return 'is no address; it must be like https://proxy.example/gemini';
    if (!/^https?:$/.test(url.protocol)) return 'must begin with https:// or http://';
    if (url.username !== '' || url.password !== '') {
      return 'must hold no credentials; pass them as `headers`';
    }
    if (url.search !== '' || url.hash !== '') {
      return 'must end before `?` and `#`: the path of the request comes behind it';
    }
    return undefined;
  }

  dispatcher(): Dispatcher | undefined {
    return patientDispatcher();
  }
}

/** The fields that have a value: one that is absent reads better than one that is undefined. */
function present<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as never;
}

const digests = new Map<string, Promise<string>>();

/** 16 hex digits that tell projects apart and give no key away. */
function known(identity: string): Promise<string> {
  let hashed = digests.get(identity);
  if (hashed === undefined) {
    hashed = hash(identity);
    digests.set(identity, hashed);
  }
  return hashed;
}

async function hash(text: string): Promise<string> {
  try {
    return await digest(text, 8);
  } catch (error) {
    throw new Error(`${(error as Error).message}; pass \`project\` with \`store\``);
  }
}

function nodeProcess(): ProcessLike | undefined {
  const { process } = globalThis as { process?: ProcessLike };
  return typeof process?.versions?.node === 'string' ? process : undefined;
}

function environment(): Record<string, string | undefined> {
  try {
    return nodeProcess()?.env ?? {};
  } catch {
    // Deno without permission to read the environment.
    return {};
  }
}

/** Pages and their workers, where CORS rules; not Node, Deno, Bun or workerd, nor jsdom in them. */
function isPage(): boolean {
  const process = nodeProcess();
  if (process !== undefined) return process.type === 'renderer';
  const scope = globalThis as {
    document?: object;
    importScripts?: unknown;
    Deno?: object;
    Bun?: object;
  };
  if (scope.Deno !== undefined || scope.Bun !== undefined) return false;
  return typeof scope.document === 'object' || typeof scope.importScripts === 'function';
}
