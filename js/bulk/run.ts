/** A batch that runs: it takes items from the source, has them made, and keeps what comes of them. */

import { builtin } from '../base/builtin.js';
import { callAt, momentOf } from '../base/deadline.js';
import type {
  BatchItem,
  BatchNotice,
  BatchOptions,
  BatchProgress,
  BatchRequest,
  BatchRun,
  BatchSource,
  BatchStopReason,
  BatchSummary,
} from '../batch-types.js';
import { GenerateError, isGenerateError } from '../errors.js';
import type { GenerateResult } from '../response.js';
import type { ClientEvents } from '../types/events.js';
import type { GenerateOptions } from '../types/options.js';
import type { GenerateRequest } from '../types/request.js';
import { BatchCore, type Counts, type Made } from './core.js';
import { type Answer, codeOf, Vault } from './durable-storage.js';
import { checkEntry, fingerprint, keyOf, ownModel, promptOf, requestOf } from './entry.js';
import { Active, asGenerateError, type Pending } from './item.js';
import { JobItems, type JobMaker } from './job-items.js';
import { Listeners } from './listeners.js';
import { Outlet } from './reorder-buffer.js';
import { Source } from './source.js';
import type { Shelf } from './storage.js';

/** Items at once where nothing is said: more than the quota of any tier keeps in flight for long. */
const CONCURRENCY = 64;
/** Items that wait in the client's queue: enough that it is never empty, few to give back. */
const READ_AHEAD = 16;
/** Finished items on disk that wait for an earlier one. */
const EARLY_MAX = 1_000;
/** Called by a call before and after each of its requests. */
export interface AdmissionHook {
  pass(model: string, usd: number): Promise<void>;
  failed(possiblyBilled: boolean): void;
}

/** What a batch needs of its client. */
export interface Maker extends JobMaker {
  check(options: BatchOptions): Promise<void>;
  make(
    request: string | GenerateRequest,
    options: GenerateOptions,
    admission: AdmissionHook,
  ): Promise<GenerateResult>;
  /** A batch has begun, or ended: its client waits for it before it closes. */
  began(run: Run): void;
  ended(run: Run): void;
  onWaiting(listener: (event: ClientEvents['waiting']) => void): () => void;
}

interface Stopped {
  reason: BatchStopReason;
  message: string;
  advice: string;
  retryAt?: Date;
}

/** Said to a call that is not to send. */
const HELD = new Error('held back');

export class Run implements BatchRun {
  readonly #maker: Maker;
  readonly #source: Source;
  readonly #options: BatchOptions;
  readonly #outlet: Outlet;
  readonly #concurrency: number;
  readonly #active: Set<Active> = new Set();
  readonly #again: Pending[] = [];
  readonly #listeners: Listeners = new Listeners();
  #call: GenerateOptions = {};
  #done: Promise<BatchSummary> | undefined;
  #state: BatchProgress['state'] = 'idle';
  #core: BatchCore | undefined;
  #vault: Vault | undefined;
  #jobs: JobItems | undefined;
  #counts: Counts = NOTHING;
  #complete = false;
  #stopped: Stopped | undefined;
  /** What the run is rejected with. */
  #failure: { error: unknown } | undefined;
  #wake: () => void = ignore;
  #waiting: { reason: string; until?: Date } | undefined;
  #isTold = false;
  /** What did not fit the budget while other things were in flight. */
  #tooDear: number | undefined;
  /** Items that were made and could not be written down. */
  #unkept = 0;
  /** Requests that wait for what becomes of an earlier one of their item. */
  readonly #waiters: (() => void)[] = [];
  /** What ends watching the signal and the time. */
  readonly #endings: (() => void)[] = [];

  constructor(maker: Maker, source: BatchSource, options: BatchOptions) {
    this.#maker = maker;
    this.#source = new Source(source);
    this.#options = options;
    this.#concurrency = options.concurrency ?? CONCURRENCY;
    this.#outlet = new Outlet(options.order === 'input');
  }

  get done(): Promise<BatchSummary> {
    return this.#start();
  }

  [Symbol.asyncIterator](): AsyncIterator<BatchItem, undefined> {
    this.#outlet.isRead = true;
    return {
      next: async () => {
        this.#start();
        const read = await this.#outlet.read();
        this.#wake();
        return read;
      },
      return: async () => {
        // Nobody reads on; what is in flight is still kept where there is a place for it.
        this.#outlet.isRead = false;
        if (this.#state !== 'ended') void this.stop();
        return { done: true, value: undefined };
      },
    };
  }

  pause(): void {
    if (this.#state !== 'running' && this.#state !== 'idle') return;
    this.#state = 'paused';
    this.#callBack();
    this.#changed();
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = this.#done === undefined ? 'idle' : 'running';
    this.#changed();
  }

  stop(): Promise<BatchSummary> {
    this.#end({
      reason: 'stopped',
      message: 'The batch was stopped.',
      advice: this.#goOn(),
    });
    return this.#start();
  }

  cancel(): Promise<BatchSummary> {
    this.#end({
      reason: 'cancelled',
      message: 'The batch was cancelled; requests that were in flight may be billed.',
      advice: this.#goOn(),
    });
    for (const { controller } of this.#active) controller.abort();
    this.#vault?.cut();
    return this.#start();
  }

  progress(): BatchProgress {
    this.#count();
    const { taken, done, failed, restored, cost, possibleCost, perMinute } = this.#counts;
    let inFlight = 0;
    for (const active of this.#active) inFlight += active.inFlight;
    const now = Date.now();
    const waiting = this.#waiting;
    const until = waiting?.until?.getTime() ?? Number.POSITIVE_INFINITY;
    const jobs = this.#jobs?.running ?? 0;
    // What has no time is a job.
    const isOpen = this.#state !== 'ended' && (waiting?.until !== undefined || jobs > 0);
    const isWaiting = waiting !== undefined && until > now && isOpen;
    return {
      ...{ taken, done, failed, restored, cost, possibleCost, perMinute, inFlight, jobs },
      complete: this.#complete,
      state: this.#state,
      ...(isWaiting ? { waiting } : {}),
    };
  }

  on(event: 'progress', listener: (progress: BatchProgress) => void): () => void;
  on(event: 'notice', listener: (notice: BatchNotice) => void): () => void;
  on(event: 'progress' | 'notice', listener: (told: never) => void): () => void {
    return this.#listeners.on(event, listener);
  }

  #start(): Promise<BatchSummary> {
    if (this.#done === undefined) {
      if (this.#state === 'idle') this.#state = 'running';
      // In a moment: whoever takes `done` first may read in the same breath.
      this.#done = Promise.resolve().then(() => this.#run());
      // A reader is told of what goes wrong too.
      this.#done.catch(ignore);
    }
    return this.#done;
  }

  async #run(): Promise<BatchSummary> {
    this.#maker.began(this);
    const unwatch = this.#maker.onWaiting(({ retryAt, info }) => {
      this.#waits(info.summary, retryAt);
    });
    try {
      await this.#open();
      await this.#work();
    } catch (error) {
      this.#fail(error);
    }
    await this.#finish();
    unwatch();
    this.#unwatch();
    const summary = await this.#close();
    this.#maker.ended(this);
    this.#outlet.end(this.#failure ?? {});
    if (this.#failure !== undefined) throw this.#failure.error;
    return summary;
  }

  async #open(): Promise<void> {
    const options = this.#options;
    const { journal, out, budget, deadline, retryFailed, maxCost, route = 'realtime' } = options;
    await this.#maker.check(options);
    this.#source.check();
    this.#watch(options.signal);
    if (this.#failure !== undefined) throw this.#failure.error;
    const isKept = journal !== undefined || out !== undefined;
    if (!this.#outlet.isRead && !isKept && this.#stopped === undefined) {
      throw new TypeError(
        'unexhausted: nobody reads this batch, and it has no `journal` and no `out`: its pictures would be lost',
      );
    }
    const inNode = builtin('node:fs') !== undefined;
    if (out !== undefined && !inNode) {
      throw new TypeError('unexhausted: `out` is a folder, and here are none; take `journal`');
    }
    if (route !== 'realtime' && journal === undefined) {
      throw new TypeError(
        `unexhausted: the route \`${route}\` needs a \`journal\`: a job goes on for hours, and must be found again`,
      );
    }
    const end = momentOf(deadline);
    this.#call = call(options, end);
    if (end !== undefined) this.#expireAt(end);
    const settings = { budget, retryFailed: retryFailed ?? false, maxCost: maxCost !== undefined };
    const core = await BatchCore.open(settings);
    this.#core = core;
    let shelf: Shelf | undefined;
    if (isKept) {
      const lost = () => this.#giveUp({ code: 'taken_over' });
      shelf = inNode
        ? await (await import('./folder-storage.js')).Files.open(journal, out, lost)
        : await (await import('./database-storage.js')).Database.open(journal as string, lost);
    }
    const vault = new Vault(core, shelf, {
      waits: (reason, until) => this.#waits(reason, until),
      givesUp: (error) => this.#giveUp(error),
      changed: () => this.#changed(),
    });
    this.#vault = vault;
    if (shelf !== undefined) {
      await this.#opens(shelf.restore(core.journal));
      // What can be neither written nor brought to the disk is told before anything is paid for.
      await vault.probe();
      await this.#opens(shelf.append(core.begin()));
    }
    const left = core.jobs();
    if (route !== 'realtime' || left.length > 0) {
      this.#jobs = new JobItems(this.#maker, options, end, core, vault, left, {
        goesOn: () => this.#goesOn(),
        again: (pending) => this.#again.push(pending),
        kept: (pending, answer) => this.#keep(pending, answer),
        failed: (pending, error) => this.#failed(pending, error),
        ends: (error) => this.#jobsEnded(error),
        waits: (reason, until) => this.#waits(reason, until),
        notice: (notice) => this.#listeners.notice(notice),
        changed: () => this.#changed(),
      });
    }
    this.#tell();
  }

  #waits(reason: string, until?: Date): void {
    this.#waiting = until === undefined ? { reason } : { reason, until };
    this.#tell();
  }

  #watch(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const abort = () => {
      this.#failure ??= { error: signal.reason };
      void this.cancel();
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#endings.push(() => signal.removeEventListener('abort', abort));
  }

  /** A batch that is paused, or waits for its source, has no call that would tell of the time. */
  #expireAt(end: Date): void {
    const expire = () => {
      this.#end({
        reason: 'deadline',
        message: 'The time that the batch was given is over.',
        advice: `Give it a longer \`deadline\`. ${this.#goOn()}`,
      });
      for (const { controller } of this.#active) controller.abort();
    };
    this.#endings.push(callAt(end.getTime(), expire));
  }

  #unwatch(): void {
    for (const end of this.#endings) end();
    this.#vault?.wake();
  }

  /** What is wrong for all of it: what is in flight is still finished. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#end({ reason: 'stopped', message: 'The batch failed.', advice: this.#goOn() });
  }

  async #finish(): Promise<void> {
    while (!this.#isIdle()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** A journal that cannot be gone on with is told by its name. */
  async #opens(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (cause) {
      if (cause instanceof GenerateError) throw cause;
      const said = typeof cause === 'string' ? cause : (cause as Error).message;
      throw new Error(`unexhausted: ${this.#options.journal}: ${said}`, { cause });
    }
  }

  async #close(): Promise<BatchSummary> {
    this.#state = 'ended';
    this.#tried(() => this.#core?.endRun());
    this.#count();
    this.#tellNow();
    const { done, failed, again, cost, possibleCost } = this.#counts;
    const left = this.#again.length + (this.#jobs?.size ?? 0) + this.#unkept;
    const hasMore = !this.#complete || again > 0 || left > 0;
    try {
      await this.#vault?.close();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#core?.free();
    this.#core = undefined;
    return {
      ...{ done, failed, cost, possibleCost },
      resumable: hasMore && this.#options.journal !== undefined,
      ...(this.#stopped === undefined ? {} : { stopped: this.#stopped }),
      notices: this.#listeners.notices,
    };
  }

  async #work(): Promise<void> {
    const source = this.#source;
    let isPulling = false;
    let index = 0;
    let came: IteratorResult<BatchRequest> | undefined;
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#stopped !== undefined) {
        if (this.#isIdle()) break;
      } else if (this.#hasAgain() && this.#hasRoom(true)) {
        await this.#place(this.#nextAgain());
        continue;
      } else if (came !== undefined && !came.done && this.#hasRoom()) {
        const { value } = came;
        came = undefined;
        await this.#take(index, value);
        index += 1;
        continue;
      } else if (this.#complete) {
        if (this.#again.length === 0 && this.#isIdle()) break;
        this.#jobs?.complete();
        if (this.#again.length === 0) this.#jobs?.flush();
      } else if (came === undefined && !isPulling && this.#hasRoom()) {
        isPulling = true;
        void source.next().then(
          (result) => {
            isPulling = false;
            came = result;
            if (result.done) this.#complete = true;
            this.#changed();
          },
          (error: unknown) => this.#fail(error),
        );
      }
      await changed;
    }
    if (!this.#complete) {
      // A source that is in the middle of something ends when it comes to it.
      source.end();
    }
  }

  /** Whether one of those that were taken before has where to go. */
  #hasAgain(): boolean {
    if (this.#jobs?.isFull !== true) return this.#again.length > 0;
    return this.#again.some(({ atOnce }) => atOnce);
  }

  #nextAgain(): Pending {
    const isFull = this.#jobs?.isFull === true;
    const at = isFull ? this.#again.findIndex(({ atOnce }) => atOnce) : 0;
    return this.#again.splice(at, 1)[0] as Pending;
  }

  #isIdle(): boolean {
    return this.#active.size === 0 && (this.#jobs?.isIdle ?? true);
  }

  /** Whether one more item may be asked for now: one that was taken before, or the next. */
  #hasRoom(isTaken = false): boolean {
    const vault = this.#keeper;
    if (this.#state !== 'running' || vault.isFull) return false;
    // The jobs of earlier runs wait for items that come behind those that do not fit.
    const isExpecting = !isTaken && this.#jobs?.isExpecting === true;
    if (this.#tooDear !== undefined && !isExpecting && !this.#fits(this.#tooDear)) return false;
    let unsent = 0;
    for (const active of this.#active) if (!active.wasSent) unsent += 1;
    if (unsent >= READ_AHEAD || this.#active.size >= this.#concurrency) return false;
    const waiting = this.#outlet.waiting;
    if (vault.isKeeping) {
      // Others may wait for the very one that was taken.
      if (waiting >= this.#concurrency) return false;
      if (isTaken || isExpecting || this.#outlet.early < EARLY_MAX) return true;
      // No more can come before those that wait for their job to be filled are made.
      this.#jobs?.flush();
      return false;
    }
    return this.#active.size + waiting + this.#outlet.early < this.#concurrency;
  }

  /** Whether what did not fit the budget does so now; what is in flight may still come to less. */
  #fits(usd: number): boolean {
    if (this.#affords(usd)) {
      this.#tooDear = undefined;
      return true;
    }
    this.#jobs?.flush();
    if (this.#isIdle()) {
      this.#end({
        reason: 'over_budget',
        message: `The next picture, of up to $${usd.toFixed(3)}, does not fit the budget of $${this.#options.budget}.`,
        advice: `Raise \`budget\` to go on. ${this.#goOn()}`,
      });
    }
    return false;
  }

  /** What is on its way into jobs counts too. */
  #affords(usd: number): boolean {
    return this.#known.affords((this.#jobs?.fed ?? 0) + usd);
  }

  async #take(index: number, entry: BatchRequest): Promise<void> {
    checkEntry(entry);
    const request = requestOf(entry);
    const key = keyOf(entry);
    if (key !== undefined && (typeof key !== 'string' || key === '')) {
      throw new TypeError(`unexhausted: the key of request ${index} must be a text`);
    }
    // One that cannot be written as JSON is refused when it is made, and others are not.
    const print = await fingerprint(request).catch(() => fingerprint(`request ${index}`));
    const taken = this.#known.take(key, print);
    this.#tell();
    if (taken.what === 'failed') {
      const { failure, lost, twice } = taken;
      const error = new GenerateError({ ...failure });
      this.#give({
        ...{ index, key: taken.key, status: 'failed', restored: true, files: [] },
        ...{ possibleCost: lost, possiblyPaidTwice: twice, error, retriedOnResume: false },
      });
      return;
    }
    if (taken.what === 'made') {
      const missing = await this.#keeper.find(taken.key, taken.made);
      if (missing === undefined) {
        this.#giveMade(index, taken.key, taken.made, taken.lost, taken.twice, true);
        return;
      }
      this.#known.missing(taken.key, missing);
      this.#tell();
    }
    const name = this.#name(index, taken.key, request);
    const atOnce = (this.#options.route ?? 'realtime') === 'realtime';
    const twice = taken.what !== 'inJob' && taken.twice;
    const pending = { index, key: taken.key, request, name, twice, atOnce, jobs: 0 };
    if (taken.what !== 'inJob') return this.#place(pending);
    this.#jobs?.rejoin(taken.displayName, pending);
  }

  /** To where it is made. */
  async #place(pending: Pending): Promise<void> {
    if (pending.atOnce || this.#jobs === undefined) return this.#begin(pending);
    const placed = await this.#jobs.add(pending);
    if (placed === 'elsewhere') this.#begin({ ...pending, atOnce: true });
    else if (placed !== undefined) {
      this.#tooDear = placed.tooDear;
      this.#again.push(pending);
    }
  }

  #jobsEnded(thrown: unknown): void {
    if (!(thrown instanceof GenerateError)) {
      this.#fail(thrown);
      return;
    }
    this.#endBy(thrown);
  }

  /** Others would fail alike. */
  #endBy({ kind, message, advice, retryAt }: GenerateError): void {
    const at = retryAt === undefined ? {} : { retryAt };
    this.#end({ reason: kind, message, advice: `${advice} ${this.#goOn()}`.trim(), ...at });
  }

  /** Before anything is paid: what a caller's function throws ends the batch. */
  #name(index: number, key: string, request: string | GenerateRequest): string {
    const prompt = promptOf(request);
    const given = this.#options.fileName?.({ index, key, prompt });
    return this.#known.name(given === undefined ? '' : String(given), index, prompt);
  }

  #begin(pending: Pending): void {
    const active = new Active(pending);
    this.#active.add(active);
    this.#make(active)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#active.delete(active);
        this.#changed();
      });
  }

  async #make(active: Active): Promise<void> {
    const { pending, controller } = active;
    const admission = {
      pass: (model: string, usd: number) => this.#pass(active, model, usd),
      failed: (possiblyBilled: boolean) => this.#requestFailed(active, possiblyBilled),
    };
    let result: GenerateResult;
    try {
      const options = { ...this.#call, signal: controller.signal };
      result = await this.#maker.make(pending.request, options, admission);
    } catch (error) {
      active.end();
      if (active.isGivenBack) this.#again.push(pending);
      else await this.#failed(pending, error);
      return;
    }
    active.end();
    try {
      await this.#keep(pending, result);
      if (!this.#keeper.isKeeping) this.#giveResult(pending, result);
    } catch (error) {
      this.#giveUp(error);
      this.#unkept += 1;
      // It is paid for: whoever reads has it at least.
      this.#giveResult(pending, result);
    }
  }

  /** A request may go once it is written down. */
  async #pass(active: Active, model: string, usd: number): Promise<void> {
    for (;;) {
      if (!active.isOver && !this.#isHolding()) {
        const fits = this.#affords(usd);
        const line = fits ? this.#known.sends(active.pending.key, model, usd) : undefined;
        if (line === undefined) this.#tooDear = usd;
        else if (await this.#writesDown(active, line)) return;
      }
      // An earlier request, past its timeout, may still bring the picture: it would be given up.
      if (active.isOver || active.inFlight === 0) {
        active.isHeld = true;
        throw HELD;
      }
      await this.#nextChange();
    }
  }

  #isHolding(): boolean {
    return this.#keeper.isFull || this.#state !== 'running';
  }

  async #writesDown(active: Active, line: string): Promise<boolean> {
    active.inFlight += 1;
    if (!(await this.#keeper.note(line))) {
      this.#known.waits(active.pending.key, false);
      active.inFlight -= 1;
      return false;
    }
    active.wasSent = true;
    this.#changed();
    return true;
  }

  #requestFailed(active: Active, possiblyBilled: boolean): void {
    // What is aborted may be told of when it is gone.
    if (active.isHeld || !this.#active.has(active)) return;
    active.inFlight = Math.max(0, active.inFlight - 1);
    const line = this.#known.waits(active.pending.key, possiblyBilled);
    // Nothing relies on it: without it a crash tells of one that was possibly paid too many.
    if (line !== undefined) this.#keeper.mention(line);
    this.#changed();
  }

  async #keep(pending: Pending, answer: Answer): Promise<void> {
    const { index, key, name, twice } = pending;
    const made = await this.#keeper.keep(key, name, answer);
    if (this.#keeper.isKeeping)
      this.#giveMade(index, key, made, this.#known.lost(key), twice, false);
  }

  async #failed(pending: Pending, thrown: unknown): Promise<void> {
    const { index, key, request, twice } = pending;
    const error = asGenerateError(thrown);
    const { kind, message, advice } = error;
    const trouble = { kind, message, advice, hasOwnModel: ownModel(request) !== undefined };
    const { line, verdict } = this.#known.failed(key, trouble);
    try {
      await this.#keeper.record(line);
    } catch (cause) {
      this.#giveUp(cause);
    }
    this.#give({
      ...{ index, key, status: 'failed', restored: false, files: [], error },
      ...{ possibleCost: this.#known.lost(key), possiblyPaidTwice: twice },
      retriedOnResume: verdict !== 'forGood',
    });
    if (verdict === 'stop') this.#endBy(error);
  }

  #giveResult({ index, key, twice }: Pending, result: GenerateResult): void {
    const { model, cost } = result;
    // It is paid for: a core that has failed must not keep it from whoever reads.
    const possibleCost = this.#tried(() => this.#known.lost(key)) ?? 0;
    this.#give(
      {
        ...{ index, key, status: 'done', restored: false, files: [], result, model, possibleCost },
        ...(cost === undefined ? {} : { cost }),
        possiblyPaidTwice: twice,
      },
      async () => result.images,
    );
  }

  #giveMade(
    index: number,
    key: string,
    { model, usd, files }: Made,
    possibleCost: number,
    possiblyPaidTwice: boolean,
    restored: boolean,
  ): void {
    const vault = this.#keeper;
    this.#give(
      {
        ...{ index, key, status: 'done', restored, model, possibleCost, possiblyPaidTwice },
        ...(usd === undefined ? {} : { cost: usd }),
        files: files.map(({ name }) => vault.path(name)),
      },
      () => vault.read(files),
    );
  }

  #give(item: Omit<BatchItem, 'images'>, images?: BatchItem['images']): void {
    // A method that is no data: an item that is printed or written as JSON shows what it tells.
    const method = { value: images ?? (async () => []), enumerable: false };
    this.#outlet.give(Object.defineProperty(item, 'images', method) as BatchItem);
    this.#changed();
  }

  #giveUp(error: unknown): void {
    if (codeOf(error) === 'taken_over') {
      this.#end({
        reason: 'taken_over',
        message: 'Another process took the journal over while this one stood still.',
        advice: 'Leave the batch to that one.',
      });
      return;
    }
    if (isGenerateError(error)) {
      // A core that has failed is no disk that has.
      this.#fail(error);
      return;
    }
    const said = (error as Error | undefined)?.message ?? error;
    this.#end({
      reason: 'disk',
      message: `Nothing more could be written down or saved: ${said}`,
      advice: `Make room, or see to the folder. ${this.#goOn()}`,
    });
  }

  #goOn(): string {
    return this.#options.journal === undefined
      ? 'With a `journal` it could go on where it ended.'
      : 'The same call with the same journal goes on where it ended.';
  }

  /** Nothing more is sent; the first reason counts. */
  #end(stopped: Stopped): void {
    if (this.#state === 'ended') return;
    this.#stopped ??= stopped;
    this.#state = 'stopping';
    // Jobs go on, and the next run finds them.
    this.#jobs?.leave();
    this.#callBack();
    this.#changed();
  }

  /** Calls that nothing has been sent for go back, at no cost. */
  #callBack(): void {
    for (const active of this.#active) {
      if (active.inFlight > 0) continue;
      active.isHeld = true;
      active.controller.abort();
    }
  }

  /** Resolves once it is not paused. */
  async #goesOn(): Promise<void> {
    while (this.#state === 'paused') await this.#nextChange();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #changed(): void {
    this.#wake();
    for (const wake of this.#waiters.splice(0)) wake();
    this.#tell();
  }

  /** Once for all that changes in one breath. */
  #tell(): void {
    if (this.#isTold || this.#state === 'ended') return;
    this.#isTold = true;
    queueMicrotask(() => this.#tellNow());
  }

  #tellNow(): void {
    this.#isTold = false;
    const notices = this.#tried(() => this.#core?.notices()) ?? [];
    for (const notice of notices) this.#listeners.notice(notice);
    this.#listeners.progress(() => this.progress());
  }

  #count(): void {
    this.#counts = this.#tried(() => this.#core?.counts()) ?? this.#counts;
  }

  /** What the core says to nobody who could be told of its failure: that ends the batch. */
  #tried<T>(ask: () => T): T | undefined {
    try {
      return ask();
    } catch (error) {
      if (this.#failure === undefined) this.#fail(error);
      return undefined;
    }
  }

  /** What is there once the batch is open. */
  get #known(): BatchCore {
    return this.#core as BatchCore;
  }

  get #keeper(): Vault {
    return this.#vault as Vault;
  }
}

const NOTHING: Counts = {
  ...{ taken: 0, done: 0, failed: 0, again: 0, restored: 0 },
  ...{ cost: 0, possibleCost: 0, perMinute: 0 },
};

/** What each item's call is told. */
function call(options: BatchOptions, deadline: Date | undefined): GenerateOptions {
  const { priority = 'background', onDailyLimit, models, retry, maxCost } = options;
  const { degrade, timeout, avoidPeak } = options;
  const given = { onDailyLimit, models, retry, maxCost, degrade, timeout, avoidPeak, deadline };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { priority, ...Object.fromEntries(set) };
}

function ignore(): void {}
