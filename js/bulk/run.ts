/** A batch that runs: it takes items from the source, and has them made. */
import { callAt, momentOf } from '../base/deadline.js';
import { defined } from '../base/fields.js';
import type {
  BatchItem,
  BatchNotice,
  BatchOptions,
  BatchProgress,
  BatchRun,
  BatchSource,
  BatchSummary,
} from '../batch-types.js';
import { GenerateError, isGenerateError } from '../errors.js';
import { BatchCore, type Counts } from './core.js';
import { codeOf, DurableStorage } from './durable-storage.js';
import { FinishedItems } from './finished-items.js';
import { Intake } from './intake.js';
import type { PendingItem } from './item.js';
import type { JobItems } from './job-items.js';
import { Listeners } from './listeners.js';
import type { Maker } from './maker.js';
import { checkOptions, namingJournal, openJobs, openStorage } from './opening.js';
import { callOptions, RealtimeItems } from './realtime-items.js';
import { ReorderBuffer } from './reorder-buffer.js';
import { Source } from './source.js';
import { type Stop, StopReasons } from './stop-reasons.js';

export class Run implements BatchRun {
  readonly #maker: Maker;
  readonly #source: Source;
  readonly #options: BatchOptions;
  readonly #buffer: ReorderBuffer;
  readonly #listeners: Listeners;
  readonly #reasons: StopReasons;
  #done: Promise<BatchSummary> | undefined;
  #state: BatchProgress['state'] = 'idle';
  #core: BatchCore | undefined;
  #storage: DurableStorage | undefined;
  #finished: FinishedItems | undefined;
  #realtime: RealtimeItems | undefined;
  #jobs: JobItems | undefined;
  #intake: Intake | undefined;
  #counts: Counts = NOTHING;
  #stopped: Stop | undefined;
  /** Set where `done` is to be rejected. */
  #failure: { error: unknown } | undefined;
  #waiting: { reason: string; until?: Date } | undefined;
  /** Requests that wait for the end of an earlier one of their item. */
  readonly #waiters: (() => void)[] = [];
  /** Functions that end the watch of the signal and of the time. */
  readonly #endings: (() => void)[] = [];

  constructor(maker: Maker, source: BatchSource, options: BatchOptions) {
    this.#maker = maker;
    this.#source = new Source(source);
    this.#options = options;
    this.#buffer = new ReorderBuffer(options.order === 'input');
    this.#reasons = new StopReasons(options.journal);
    this.#listeners = new Listeners(
      () => this.#tried(() => this.#core?.notices()) ?? [],
      () => this.progress(),
    );
  }

  get done(): Promise<BatchSummary> {
    return this.#start();
  }

  [Symbol.asyncIterator](): AsyncIterator<BatchItem, undefined> {
    this.#buffer.isRead = true;
    return {
      next: async () => {
        this.#start();
        const read = await this.#buffer.read();
        this.#intake?.wake();
        return read;
      },
      return: async () => {
        // The reader has left; items in flight are still kept where there is a storage.
        this.#buffer.isRead = false;
        if (this.#state !== 'ended') void this.stop();
        return { done: true, value: undefined };
      },
    };
  }

  pause(): void {
    if (this.#state !== 'running' && this.#state !== 'idle') return;
    this.#state = 'paused';
    this.#realtime?.holdBack();
    this.#changed();
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = this.#done === undefined ? 'idle' : 'running';
    this.#changed();
  }

  stop(): Promise<BatchSummary> {
    this.#end(this.#reasons.stopped());
    return this.#start();
  }

  cancel(): Promise<BatchSummary> {
    this.#end(this.#reasons.cancelled());
    this.#realtime?.abort();
    this.#storage?.cut();
    return this.#start();
  }

  progress(): BatchProgress {
    this.#count();
    const { taken, done, failed, restored, cost, possibleCost, perMinute } = this.#counts;
    const waiting = this.#waiting;
    const until = waiting?.until?.getTime() ?? Number.POSITIVE_INFINITY;
    const jobs = this.#jobs?.running ?? 0;
    const progress: BatchProgress = {
      taken,
      done,
      failed,
      restored,
      cost,
      possibleCost,
      perMinute,
      inFlight: this.#realtime?.inFlight ?? 0,
      jobs,
      complete: this.#intake?.isComplete ?? false,
      state: this.#state,
    };
    // A wait without a time is one for a job.
    const isOpen = this.#state !== 'ended' && (waiting?.until !== undefined || jobs > 0);
    if (waiting !== undefined && until > Date.now() && isOpen) progress.waiting = waiting;
    return progress;
  }

  on(event: 'progress', listener: (progress: BatchProgress) => void): () => void;
  on(event: 'notice', listener: (notice: BatchNotice) => void): () => void;
  on(event: 'progress' | 'notice', listener: (event: never) => void): () => void {
    return this.#listeners.on(event, listener);
  }

  #start(): Promise<BatchSummary> {
    if (this.#done === undefined) {
      if (this.#state === 'idle') this.#state = 'running';
      // In the next microtask: code that takes `done` first may read right after that.
      this.#done = Promise.resolve().then(() => this.#run());
      // The reader gets the error too.
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
      await this.#intake?.run();
    } catch (error) {
      this.#fail(error);
    }
    await this.#intake?.finish();
    unwatch();
    this.#unwatch();
    const summary = await this.#close();
    this.#maker.ended(this);
    this.#buffer.end(this.#failure ?? {});
    if (this.#failure !== undefined) throw this.#failure.error;
    return summary;
  }

  async #open(): Promise<void> {
    const options = this.#options;
    const { budget, deadline, retryFailed = false, maxCost, journal } = options;
    await this.#maker.check(options);
    this.#source.check();
    this.#watch(options.signal);
    if (this.#failure !== undefined) throw this.#failure.error;
    checkOptions(options, this.#buffer.isRead || this.#stopped !== undefined);
    const end = momentOf(deadline);
    if (end !== undefined) this.#expireAt(end);
    const core = await BatchCore.open({ budget, retryFailed, maxCost: maxCost !== undefined });
    this.#core = core;
    const kept = await openStorage(options, () => this.#giveUp({ code: 'taken_over' }));
    const storage = new DurableStorage(core, kept, {
      waits: (reason, until) => this.#waits(reason, until),
      givesUp: (error) => this.#giveUp(error),
      changed: () => this.#changed(),
    });
    this.#storage = storage;
    if (kept !== undefined) {
      await namingJournal(journal, kept.restore(core.journal));
      // A journal or folder that cannot be written to is refused before anything is paid for.
      await storage.probe();
      await namingJournal(journal, kept.append(core.begin()));
    }
    await this.#begin(core, storage, end);
    this.#emit();
  }

  /** Puts the parts together that make the items. */
  async #begin(core: BatchCore, storage: DurableStorage, end: Date | undefined): Promise<void> {
    const options = this.#options;
    const again = (pending: PendingItem) => this.#intake?.again(pending);
    const changed = () => this.#changed();
    const finished = new FinishedItems(core, storage, this.#buffer, {
      givesUp: (error) => this.#giveUp(error),
      fails: (error) => this.#failOnce(error),
      stops: (error) => this.#end(this.#reasons.error(error)),
      changed,
    });
    const realtime = new RealtimeItems(this.#maker, callOptions(options, end), core, storage, {
      isRunning: () => this.#state === 'running',
      affords: (usd) => this.#intake?.affords(usd) === true,
      tooExpensive: (usd) => this.#intake?.tooExpensive(usd),
      nextChange: () => this.#nextChange(),
      again,
      made: (pending, result) => finished.made(pending, result),
      failed: (pending, error) => finished.failed(pending, error),
      fails: (error) => this.#fail(error),
      changed,
    });
    const jobs = await openJobs(this.#maker, options, end, core, storage, {
      goesOn: () => this.#goesOn(),
      again,
      kept: (pending, pictures) => finished.keep(pending, pictures),
      failed: (pending, error) => finished.failed(pending, error),
      ends: (error) => this.#jobsEnded(error),
      waits: (reason, until) => this.#waits(reason, until),
      notice: (notice) => this.#listeners.emitNotice(notice),
      changed,
    });
    // A batch that was stopped meanwhile would wait for the items of earlier jobs.
    if (this.#stopped !== undefined) jobs?.leave();
    const [source, buffer] = [this.#source, this.#buffer];
    const stations = { source, core, storage, realtime, jobs, finished, buffer };
    this.#finished = finished;
    this.#realtime = realtime;
    this.#jobs = jobs;
    this.#intake = new Intake(options, stations, {
      isRunning: () => this.#state === 'running',
      isStopped: () => this.#stopped !== undefined,
      overBudget: (usd) => this.#end(this.#reasons.overBudget(usd, options.budget)),
      fails: (error) => this.#fail(error),
      changed,
      emit: () => this.#emit(),
    });
  }

  #waits(reason: string, until?: Date): void {
    this.#waiting = until === undefined ? { reason } : { reason, until };
    this.#emit();
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

  /** Ends the batch at its deadline: one that is paused, or waits for its source, has no call that would. */
  #expireAt(end: Date): void {
    const expire = () => {
      this.#end(this.#reasons.deadline());
      this.#realtime?.abort();
    };
    this.#endings.push(callAt(end.getTime(), expire));
  }

  #unwatch(): void {
    for (const end of this.#endings) end();
    this.#storage?.wake();
  }

  /** Ends the whole batch by an error; requests in flight are still finished. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#end(this.#reasons.failed());
  }

  #failOnce(error: unknown): void {
    if (this.#failure === undefined) this.#fail(error);
  }

  async #close(): Promise<BatchSummary> {
    this.#state = 'ended';
    this.#tried(() => this.#core?.endRun());
    this.#count();
    this.#listeners.emit();
    const { done, failed, again, cost, possibleCost } = this.#counts;
    const left = (this.#intake?.left ?? 0) + (this.#finished?.unkept ?? 0);
    const hasMore = this.#intake?.isComplete !== true || again > 0 || left > 0;
    try {
      await this.#storage?.close();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#core?.free();
    this.#core = undefined;
    return defined({
      done,
      failed,
      cost,
      possibleCost,
      resumable: hasMore && this.#options.journal !== undefined,
      stopped: this.#stopped,
      notices: this.#listeners.notices,
    });
  }

  #jobsEnded(thrown: unknown): void {
    if (thrown instanceof GenerateError) this.#end(this.#reasons.error(thrown));
    else this.#fail(thrown);
  }

  #giveUp(error: unknown): void {
    if (codeOf(error) === 'taken_over') this.#end(this.#reasons.takenOver());
    // The core may have failed, and not the disk.
    else if (isGenerateError(error)) this.#fail(error);
    else this.#end(this.#reasons.unwritable(error));
  }

  /** Sends nothing more; the first reason counts. */
  #end(stop: Stop): void {
    if (this.#state === 'ended') return;
    this.#stopped ??= stop;
    this.#state = 'stopping';
    // Jobs go on, and the next run finds them.
    this.#jobs?.leave();
    this.#realtime?.holdBack();
    this.#changed();
  }

  /** Resolves once it is not paused. */
  async #goesOn(): Promise<void> {
    while (this.#state === 'paused') await this.#nextChange();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #changed(): void {
    this.#intake?.wake();
    for (const wake of this.#waiters.splice(0)) wake();
    this.#emit();
  }

  #emit(): void {
    if (this.#state !== 'ended') this.#listeners.emitSoon();
  }

  #count(): void {
    this.#counts = this.#tried(() => this.#core?.counts()) ?? this.#counts;
  }

  /** Asks the core where no caller could be given its failure: that ends the batch. */
  #tried<T>(ask: () => T): T | undefined {
    try {
      return ask();
    } catch (error) {
      this.#failOnce(error);
      return undefined;
    }
  }
}

const NOTHING: Counts = {
  taken: 0,
  done: 0,
  failed: 0,
  again: 0,
  restored: 0,
  cost: 0,
  possibleCost: 0,
  perMinute: 0,
};

function ignore(): void {}
