/** A batch that runs: it takes items from the source, has them made, and keeps what comes of them. */

import { encode } from '../base64.js';
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
import { builtin } from '../builtin.js';
import { GenerateError } from '../errors.js';
import type { Job, JobRow, Jobs } from '../job-types.js';
import { GeneratedImage, type GenerateResult } from '../response.js';
import type { ClientEvents, GenerateOptions, GenerateRequest } from '../types.js';
import type { Batch } from '../wasm/bulk.js';
import { ByJob, type JobsHost, type OpenJob } from './by-job.js';
import { fingerprint, keyOf, ownModel, promptOf, requestOf } from './entry.js';
import { bulk } from './load.js';
import { Outlet } from './outlet.js';
import type { SavedFile, Shelf } from './shelf.js';

/** Items at once where nothing is said: more than the quota of any tier keeps in flight for long. */
const CONCURRENCY = 64;
/** Items that wait in the client's queue: enough that it is never empty, few to give back. */
const READ_AHEAD = 16;
/** Finished items on disk that wait for an earlier one. */
const EARLY_MAX = 1_000;
/** Notices that the summary repeats. */
const NOTICES_MAX = 1_000;
/** Jobs that an item is given to, where one after the other makes nothing of it. */
const JOBS_MAX = 2;
/** The longest timer of any host. */
const TIMER_MAX = 2 ** 31 - 1;

/** What a call tells whoever made it before and after each request. */
export interface Gate {
  pass(model: string, usd: number): Promise<void>;
  failed(possiblyBilled: boolean): void;
}

/** What a batch needs of its client. */
export interface Maker {
  check(options: BatchOptions): Promise<void>;
  make(
    request: string | GenerateRequest,
    options: GenerateOptions,
    gate: Gate,
  ): Promise<GenerateResult>;
  onWaiting(listener: (event: ClientEvents['waiting']) => void): () => void;
  readonly jobs: Jobs;
  /** What a request is to cost in a job, in USD. @throws where its model has no jobs. */
  priceInJob(request: string | GenerateRequest, model: string | undefined): number;
}

/** An item that is to be made. */
interface Pending {
  index: number;
  key: string;
  request: string | GenerateRequest;
  name: string;
  twice: boolean;
  /** Whether it is no item for a job. */
  atOnce: boolean;
  /** Jobs that ended without it. */
  jobs: number;
}

/** An answer with pictures. */
interface Answer {
  images: readonly GeneratedImage[];
  model: string;
  cost?: number | undefined;
}

/** An item that is being made. */
interface Active extends Pending {
  controller: AbortController;
  /** Requests that are with the service. */
  inFlight: number;
  wasSent: boolean;
  /** Whether it was held back, and not refused. */
  isHeld: boolean;
  /** Whether its call has ended. */
  isOver: boolean;
}

interface Stopped {
  reason: BatchStopReason;
  message: string;
  advice: string;
  retryAt?: Date;
}

interface Counts {
  taken: number;
  done: number;
  failed: number;
  again: number;
  restored: number;
  cost: number;
  possibleCost: number;
  perMinute: number;
}

interface MadeBefore {
  model: string;
  usd?: number;
  files: SavedFile[];
}

type Taken =
  | { what: 'made'; key: string; made: MadeBefore; lost: number; twice: boolean }
  | {
      what: 'failed';
      key: string;
      failure: { kind: GenerateError['kind']; message: string; advice: string; again: boolean };
      lost: number;
      twice: boolean;
    }
  | { what: 'make'; key: string; twice: boolean }
  | { what: 'inJob'; key: string; displayName: string };

type Glue = Awaited<ReturnType<typeof bulk.load>>;

/** Said to a call that is not to send. */
const HELD = new Error('held back');

export class Run implements BatchRun {
  readonly #maker: Maker;
  readonly #source: BatchSource;
  readonly #options: BatchOptions;
  readonly #outlet: Outlet;
  readonly #concurrency: number;
  readonly #active: Set<Active> = new Set();
  readonly #again: Pending[] = [];
  readonly #listeners = {
    progress: new Set<(progress: BatchProgress) => void>(),
    notice: new Set<(notice: BatchNotice) => void>(),
  };
  readonly #notices: BatchNotice[] = [];
  #call: GenerateOptions = {};
  #done: Promise<BatchSummary> | undefined;
  #state: BatchProgress['state'] = 'idle';
  #glue: Glue | undefined;
  #batch: Batch | undefined;
  #byJob: ByJob | undefined;
  /** Items that jobs make. */
  readonly #inJobs: Map<string, Pending> = new Map();
  #shelf: Shelf | undefined;
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
  /** Since when, and how often in a row, nothing could be written. */
  #disk: { since: number; failures: number; until: number } | undefined;
  /** Writes that wait for room, each with something that is paid for. */
  #unwritten = 0;
  /** Items that were made and could not be written down. */
  #unkept = 0;
  /** Whether what waits for room waits no more. */
  #isCut = false;
  /** Requests that wait for what becomes of an earlier one of their item. */
  readonly #waiters: (() => void)[] = [];
  /** What ends each wait for room. */
  readonly #naps: Set<() => void> = new Set();
  /** What ends watching the signal and the time. */
  readonly #endings: (() => void)[] = [];

  constructor(maker: Maker, source: BatchSource, options: BatchOptions) {
    this.#maker = maker;
    this.#source = source;
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
    this.#isCut = true;
    for (const { controller } of this.#active) controller.abort();
    for (const wake of [...this.#naps]) wake();
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
    const isWaiting = waiting !== undefined && until > now && this.#state !== 'ended';
    const jobs = this.#byJob?.running ?? 0;
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
    const listeners = this.#listeners[event] as Set<(told: never) => void> | undefined;
    if (listeners === undefined) {
      throw new TypeError(
        `unexhausted: unknown event \`${event}\`; the events are progress, notice`,
      );
    }
    listeners.add(listener);
    return () => void listeners.delete(listener);
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
    const unwatch = this.#maker.onWaiting(({ retryAt, info }) => {
      this.#waiting = { reason: info.summary, until: retryAt };
      this.#tell();
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
    this.#outlet.end(this.#failure ?? {});
    if (this.#failure !== undefined) throw this.#failure.error;
    return summary;
  }

  async #open(): Promise<void> {
    const options = this.#options;
    const { journal, out, budget, deadline, retryFailed, maxCost, route = 'realtime' } = options;
    await this.#maker.check(options);
    checkSource(this.#source);
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
    const end = typeof deadline === 'number' ? soon(deadline) : deadline;
    this.#call = call(options, end);
    if (end !== undefined) this.#expireAt(end);
    this.#glue = await bulk.load();
    const settings = { budget, retryFailed: retryFailed ?? false, maxCost: maxCost !== undefined };
    const batch = this.#ask((glue) => new glue.Batch(JSON.stringify(settings)));
    this.#batch = batch;
    if (isKept) {
      const lost = () => this.#giveUp({ code: 'taken_over' });
      this.#shelf = inNode
        ? await (await import('./files.js')).Files.open(journal, out, lost)
        : await (await import('./database.js')).Database.open(journal as string, lost);
      await this.#restored(this.#shelf.restore(batch));
      await this.#shelf.append(this.#ask(() => batch.begin(Date.now())));
    }
    const left = this.#parse<OpenJob[]>(() => batch.jobs());
    if (route !== 'realtime' || left.length > 0) this.#byJob = new ByJob(this.#jobsHost(), left);
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
    for (const wake of [...this.#naps]) wake();
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
  async #restored(restoring: Promise<void>): Promise<void> {
    try {
      await restoring;
    } catch (error) {
      if (typeof error !== 'string') throw error;
      throw new Error(`unexhausted: ${this.#options.journal}: ${error}`);
    }
  }

  async #close(): Promise<BatchSummary> {
    this.#state = 'ended';
    this.#batch?.endRun();
    this.#tellNow();
    const { done, failed, again, cost, possibleCost } = this.#counts;
    const left = this.#again.length + this.#inJobs.size + this.#unkept;
    const hasMore = !this.#complete || again > 0 || left > 0;
    try {
      await this.#shelf?.close();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#batch?.free();
    this.#batch = undefined;
    return {
      ...{ done, failed, cost, possibleCost },
      resumable: hasMore && this.#options.journal !== undefined,
      ...(this.#stopped === undefined ? {} : { stopped: this.#stopped }),
      notices: this.#notices,
    };
  }

  async #work(): Promise<void> {
    const source = iterate(this.#source);
    let isPulling = false;
    let index = 0;
    let came: IteratorResult<BatchRequest> | undefined;
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#stopped !== undefined) {
        if (this.#isIdle()) break;
      } else if (this.#again.length > 0 && this.#hasRoom(true)) {
        await this.#place(this.#again.shift() as Pending);
        continue;
      } else if (came !== undefined && !came.done && this.#hasRoom()) {
        const { value } = came;
        came = undefined;
        await this.#take(index, value);
        index += 1;
        continue;
      } else if (this.#complete) {
        if (this.#again.length === 0) {
          if (this.#isIdle()) break;
          this.#byJob?.flush();
        }
      } else if (came === undefined && !isPulling && this.#hasRoom()) {
        isPulling = true;
        void Promise.resolve(source.next()).then(
          (result) => {
            isPulling = false;
            came = result;
            if (result.done) this.#complete = true;
            this.#wake();
          },
          (error: unknown) => this.#fail(error),
        );
      }
      await changed;
    }
    if (!this.#complete) {
      // A source that is in the middle of something ends when it comes to it.
      void Promise.resolve(source.return?.()).catch(ignore);
    }
  }

  #isIdle(): boolean {
    return this.#active.size === 0 && (this.#byJob?.isIdle ?? true);
  }

  /** Whether one more item may be asked for now: one that was taken before, or the next. */
  #hasRoom(isTaken = false): boolean {
    if (this.#state !== 'running' || this.#unwritten > 0) return false;
    if (this.#tooDear !== undefined && !this.#fits(this.#tooDear)) return false;
    const until = this.#disk?.until ?? 0;
    if (until > Date.now()) return false;
    let unsent = 0;
    for (const active of this.#active) if (!active.wasSent) unsent += 1;
    if (unsent >= READ_AHEAD || this.#active.size >= this.#concurrency) return false;
    const waiting = this.#outlet.waiting;
    if (this.#shelf !== undefined) {
      // Others may wait for the very one that was taken.
      return waiting < this.#concurrency && (isTaken || this.#outlet.early < EARLY_MAX);
    }
    return this.#active.size + waiting + this.#outlet.early < this.#concurrency;
  }

  /** Whether what did not fit the budget does so now; what is in flight may still come to less. */
  #fits(usd: number): boolean {
    if (this.#ask((_, batch) => batch.affords(usd))) {
      this.#tooDear = undefined;
      return true;
    }
    this.#byJob?.flush();
    if (this.#isIdle()) {
      this.#end({
        reason: 'over_budget',
        message: `The next picture, of up to $${usd.toFixed(3)}, does not fit the budget of $${this.#options.budget}.`,
        advice: `Raise \`budget\` to go on. ${this.#goOn()}`,
      });
    }
    return false;
  }

  async #take(index: number, entry: BatchRequest): Promise<void> {
    const request = requestOf(entry);
    const key = keyOf(entry);
    if (key !== undefined && (typeof key !== 'string' || key === '')) {
      throw new TypeError(`unexhausted: the key of request ${index} must be a text`);
    }
    // One that cannot be written as JSON is refused when it is made, and others are not.
    const print = await fingerprint(request).catch(() => fingerprint(`request ${index}`));
    const taken = this.#parse<Taken>((_, batch) => batch.take(key, print));
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
      const missing = await this.#findPictures(taken.key, taken.made);
      if (missing === undefined) {
        this.#giveMade(index, taken.key, taken.made, taken.lost, taken.twice, true);
        return;
      }
      this.#ask((_, batch) => batch.missing(taken.key, missing));
      this.#tell();
    }
    const name = this.#name(index, taken.key, request);
    const atOnce = (this.#options.route ?? 'realtime') === 'realtime';
    const twice = taken.what !== 'inJob' && taken.twice;
    const pending = { index, key: taken.key, request, name, twice, atOnce, jobs: 0 };
    if (taken.what !== 'inJob') return this.#place(pending);
    this.#inJobs.set(taken.key, pending);
    this.#byJob?.rejoin(taken.displayName, taken.key);
  }

  /** To where it is made. */
  async #place(pending: Pending): Promise<void> {
    const byJob = this.#byJob;
    if (pending.atOnce || byJob === undefined) return this.#begin(pending);
    const { key, request } = pending;
    let usd: number;
    try {
      usd = this.#maker.priceInJob(request, this.#jobModel());
    } catch (error) {
      if (this.#options.route === 'cheapest') return this.#begin({ ...pending, atOnce: true });
      return this.#failed(pending, error);
    }
    if (!this.#ask((_, batch) => batch.affords(byJob.fed + usd))) {
      this.#tooDear = usd;
      this.#again.push(pending);
      return;
    }
    this.#inJobs.set(key, pending);
    await byJob.add({ key, request, usd });
  }

  #jobModel(): string | undefined {
    const [first] = this.#options.models ?? [];
    if (first === undefined || typeof first === 'string') return first;
    throw new TypeError(
      'unexhausted: jobs take a model by its name; put its target into the `models` of the client',
    );
  }

  #jobsHost(): JobsHost {
    const write = async (line: string) => {
      await this.#patiently(() => this.#shelf?.append(line));
    };
    return {
      jobs: this.#maker.jobs,
      model: this.#jobModel(),
      ...(this.#call.deadline === undefined ? {} : { deadline: this.#call.deadline as Date }),
      creating: (job) =>
        write(this.#ask((_, batch) => batch.jobCreating(JSON.stringify(job), Date.now()))),
      created: (displayName, name) =>
        write(this.#ask((_, batch) => batch.jobCreated(displayName, name))),
      ended: (displayName) => write(this.#ask((_, batch) => batch.jobEnded(displayName))),
      row: (job, row) => this.#jobRow(job, row),
      unmade: (key, job) => this.#unmade(key, job),
      waits: (reason, until) => {
        this.#waiting = { reason, ...(until === undefined ? {} : { until }) };
        this.#tell();
      },
      notice: (notice) => this.#notice(notice),
      failed: (error) => this.#jobFailed(error),
      changed: () => this.#changed(),
    };
  }

  async #jobRow(job: Job, { key, images, cost, error: info }: JobRow): Promise<boolean> {
    const pending = this.#inJobs.get(key);
    if (pending === undefined) return true;
    if (images.length > 0) {
      this.#inJobs.delete(key);
      await this.#keep(pending, { images, model: job.model, cost });
      return true;
    }
    if (info?.retry !== 'never') return false;
    this.#inJobs.delete(key);
    const { kind, summary, message, advice } = info;
    const said = message === '' ? summary : `${summary} ${message}`;
    await this.#failed(pending, new GenerateError({ kind, message: said, advice, info }));
    return true;
  }

  /** Another job, or at once, as the caller chose. */
  #unmade(key: string, job: Job | undefined): void {
    const pending = this.#inJobs.get(key);
    if (pending === undefined) return;
    this.#inJobs.delete(key);
    const { route, requeue = route === 'cheapest' ? 'realtime' : 'batch' } = this.#options;
    pending.jobs += job === undefined ? 0 : 1;
    pending.atOnce = requeue === 'realtime';
    if (pending.atOnce || pending.jobs < JOBS_MAX) this.#again.push(pending);
    else {
      const message = `${JOBS_MAX} jobs have ended without a picture of it.`;
      const advice = "Take `requeue: 'realtime'`, or resume later.";
      const error = new GenerateError({ kind: 'unknown', message, advice });
      this.#failed(pending, error).catch((thrown: unknown) => this.#jobFailed(thrown));
    }
    this.#changed();
  }

  /** Nothing more can be said of jobs in this run; those that were created go on. */
  #jobFailed(thrown: unknown): void {
    if (!(thrown instanceof GenerateError)) {
      this.#failure ??= { error: thrown };
      void this.stop();
      return;
    }
    const { kind, message, advice, retryAt } = thrown;
    const at = retryAt === undefined ? {} : { retryAt };
    this.#end({ reason: kind, message, advice: `${advice} ${this.#goOn()}`.trim(), ...at });
  }

  /** Before anything is paid: what a caller's function throws ends the batch. */
  #name(index: number, key: string, request: string | GenerateRequest): string {
    const prompt = promptOf(request);
    const given = this.#options.fileName?.({ index, key, prompt });
    const text = given === undefined ? '' : String(given);
    const safe = text === '' ? '' : this.#ask((glue) => glue.safeName(text));
    return safe === '' ? this.#ask((glue) => glue.nameOfItem(index, prompt)) : safe;
  }

  /** The first picture that is missing; names what a run was killed before naming. */
  async #findPictures(key: string, { files }: MadeBefore): Promise<string | undefined> {
    for (const file of files) {
      const found = await this.#shelf?.find(file);
      if (found === 'missing') return file.name;
      if (found === 'unnamed') await this.#nameFile(key, files, file);
    }
    return undefined;
  }

  #begin(pending: Pending): void {
    const controller = new AbortController();
    const begun = { ...pending, controller, inFlight: 0, wasSent: false };
    const active = { ...begun, isHeld: false, isOver: false };
    this.#active.add(active);
    this.#make(active)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#active.delete(active);
        this.#changed();
      });
  }

  async #make(active: Active): Promise<void> {
    const { request, controller, index, key, name, twice, atOnce, jobs } = active;
    const gate = {
      pass: (model: string, usd: number) => this.#pass(active, model, usd),
      failed: (possiblyBilled: boolean) => this.#requestFailed(active, possiblyBilled),
    };
    let result: GenerateResult;
    try {
      const options = { ...this.#call, signal: controller.signal };
      result = await this.#maker.make(request, options, gate);
    } catch (error) {
      active.inFlight = 0;
      active.isOver = true;
      if (active.isHeld || controller.signal.aborted) {
        this.#again.push({ index, key, request, name, twice, atOnce, jobs });
      } else {
        await this.#failed(active, error);
      }
      return;
    }
    active.inFlight = 0;
    active.isOver = true;
    try {
      await this.#keep(active, result);
      if (this.#shelf === undefined) this.#giveResult(active, result);
    } catch (error) {
      this.#giveUp(error);
      this.#unkept += 1;
      // It is paid for: whoever reads has it at least.
      this.#giveResult(active, result);
    }
  }

  /** A request may go once it is written down. */
  async #pass(active: Active, model: string, usd: number): Promise<void> {
    for (;;) {
      if (!active.isOver && !this.#isHolding()) {
        const line = this.#ask((_, batch) => batch.sends(active.key, model, usd, Date.now()));
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

  /** Whether nothing may be sent: while a picture waits for room, none is made that would wait too. */
  #isHolding(): boolean {
    const isFull = this.#unwritten > 0 || (this.#disk?.until ?? 0) > Date.now();
    return isFull || this.#state !== 'running';
  }

  async #writesDown(active: Active, line: string): Promise<boolean> {
    active.inFlight += 1;
    try {
      await this.#shelf?.append(line);
    } catch (error) {
      this.#ask((_, batch) => batch.waits(active.key, false));
      active.inFlight -= 1;
      this.#writeFailed(error);
      return false;
    }
    if (this.#unwritten === 0) this.#disk = undefined;
    active.wasSent = true;
    this.#changed();
    return true;
  }

  #requestFailed(active: Active, possiblyBilled: boolean): void {
    // What is aborted may be told of when it is gone.
    if (active.isHeld || !this.#active.has(active)) return;
    active.inFlight = Math.max(0, active.inFlight - 1);
    const line = this.#ask((_, batch) => batch.waits(active.key, possiblyBilled));
    // Nothing relies on it: without it a crash tells of one that was possibly paid too many.
    if (line !== undefined) this.#shelf?.append(line).catch(ignore);
    this.#changed();
  }

  /** Brings an answer to where it outlives a crash. */
  async #keep(pending: Pending, { images, model, cost }: Answer): Promise<void> {
    const { key, name } = pending;
    const shelf = this.#shelf;
    const kept = shelf === undefined ? [] : images;
    const files = kept.map(({ mimeType }, at) => ({
      name: this.#ask((glue) => glue.numberedName(name, at, kept.length, mimeType)),
      temp: this.#ask((glue) => glue.temporaryName(`${shelf?.place}\n${key}`, at)),
      size: 0,
    }));
    for (const [at, file] of files.entries()) {
      const bytes = images[at]?.bytes() ?? new Uint8Array();
      file.size = bytes.length;
      await this.#patiently(() => shelf?.save(file.temp, bytes));
    }
    const made = { model, files, ...(cost === undefined ? {} : { usd: cost }) };
    const line = this.#ask((_, batch) => batch.made(key, JSON.stringify(made), Date.now()));
    await this.#patiently(() => shelf?.append(line));
    for (const file of files) await this.#nameFile(key, files, file);
    if (shelf !== undefined) {
      this.#giveMade(pending.index, key, made, this.#lost(key), pending.twice, false);
    }
  }

  /** Where the name is taken the next is written down before it is used. */
  async #nameFile(key: string, files: SavedFile[], file: SavedFile): Promise<void> {
    const shelf = this.#shelf as Shelf;
    const wanted = file.name;
    for (let clashes = 1; !(await this.#patiently(() => shelf.name(file))); clashes += 1) {
      file.name = this.#ask((glue) => glue.nameBeside(wanted, clashes));
      const line = this.#ask((_, batch) => batch.named(key, JSON.stringify(files)));
      await this.#patiently(() => shelf.append(line));
    }
  }

  async #failed(pending: Pending, thrown: unknown): Promise<void> {
    const { index, key, request, twice } = pending;
    const error = asGenerateError(thrown);
    const { kind, message, advice, retryAt } = error;
    const trouble = { kind, message, advice, hasOwnModel: ownModel(request) !== undefined };
    const { line, verdict } = this.#parse<{ line: string; verdict: string }>((_, batch) =>
      batch.failed(key, JSON.stringify(trouble), Date.now()),
    );
    try {
      await this.#patiently(() => this.#shelf?.append(line));
    } catch (cause) {
      this.#giveUp(cause);
    }
    this.#give({
      ...{ index, key, status: 'failed', restored: false, files: [], error },
      ...{ possibleCost: this.#lost(key), possiblyPaidTwice: twice },
      retriedOnResume: verdict !== 'forGood',
    });
    if (verdict === 'stop') {
      const at = retryAt === undefined ? {} : { retryAt };
      this.#end({ reason: kind, message, advice: `${advice} ${this.#goOn()}`.trim(), ...at });
    }
  }

  #giveResult({ index, key, twice }: Active, result: GenerateResult): void {
    const { model, cost } = result;
    const possibleCost = this.#lost(key);
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
    { model, usd, files }: MadeBefore,
    possibleCost: number,
    possiblyPaidTwice: boolean,
    restored: boolean,
  ): void {
    const shelf = this.#shelf as Shelf;
    const images = async () => {
      const read = async ({ name }: SavedFile) =>
        new GeneratedImage(
          this.#ask((glue) => glue.typeOf(name)),
          encode(await shelf.read(name)),
        );
      return Promise.all(files.map(read));
    };
    this.#give(
      {
        ...{ index, key, status: 'done', restored, model, possibleCost, possiblyPaidTwice },
        ...(usd === undefined ? {} : { cost: usd }),
        files: files.map(({ name }) => shelf.path(name)),
      },
      images,
    );
  }

  #lost(key: string): number {
    return this.#ask((_, batch) => batch.lost(key));
  }

  #give(item: Omit<BatchItem, 'images'>, images?: BatchItem['images']): void {
    // A method that is no data: an item that is printed or written as JSON shows what it tells.
    const method = { value: images ?? (async () => []), enumerable: false };
    this.#outlet.give(Object.defineProperty(item, 'images', method) as BatchItem);
    this.#changed();
  }

  /** Writes; where the disk is full and the like, again and again for a while. */
  async #patiently<T>(write: () => Promise<T> | undefined): Promise<T | undefined> {
    let waits = false;
    try {
      for (;;) {
        try {
          const written = await write();
          this.#disk = undefined;
          return written;
        } catch (error) {
          if (!this.#writeFailed(error) || this.#isCut) throw error;
          if (!waits) this.#unwritten += 1;
          waits = true;
          await this.#nap((this.#disk?.until ?? 0) - Date.now());
        }
      }
    } finally {
      if (waits) this.#unwritten -= 1;
    }
  }

  /** Waits, unless the batch ends before. */
  #nap(ms: number): Promise<void> {
    if (this.#isCut) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        this.#naps.delete(end);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(end, Math.max(ms, 0));
      this.#naps.add(end);
    });
  }

  /** Whether it may pass; where not, the batch ends. */
  #writeFailed(error: unknown): boolean {
    const now = Date.now();
    const disk = this.#disk ?? { since: now, failures: 0, until: 0 };
    const reason = this.#ask((glue) => glue.diskTrouble(codeOf(error) ?? ''));
    if (reason !== undefined && disk.until > now) return true;
    const failures = disk.failures + 1;
    const wait = this.#ask((glue) => glue.diskWait(failures, now - disk.since));
    if (reason === undefined || wait === undefined) {
      this.#giveUp(error);
      return false;
    }
    const until = now + wait;
    this.#disk = { since: disk.since, failures, until };
    this.#waiting = { reason: `Nothing can be written: ${reason}.`, until: new Date(until) };
    this.#tell();
    void this.#nap(wait).then(() => this.#changed());
    return true;
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
    this.#byJob?.leave();
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
    this.#count();
    if (this.#batch !== undefined) {
      for (const notice of this.#parse<BatchNotice[]>((_, batch) => batch.notices())) {
        this.#notice(notice);
      }
    }
    if (this.#listeners.progress.size > 0) tellAll(this.#listeners.progress, this.progress());
  }

  #notice(notice: BatchNotice): void {
    if (this.#notices.length < NOTICES_MAX) this.#notices.push(notice);
    tellAll(this.#listeners.notice, notice);
  }

  #count(): void {
    if (this.#batch === undefined) return;
    this.#counts = this.#parse<Counts>((_, batch) => batch.progress(Date.now()));
  }

  #ask<T>(what: (glue: Glue, batch: Batch) => T): T {
    const glue = this.#glue as Glue;
    return bulk.run(glue, () => what(glue, this.#batch as Batch));
  }

  #parse<T>(what: (glue: Glue, batch: Batch) => string): T {
    return JSON.parse(this.#ask(what));
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

function checkSource(source: unknown): void {
  const isIterable =
    typeof source === 'object' &&
    source !== null &&
    (Symbol.asyncIterator in source || Symbol.iterator in source || 'getReader' in source);
  if (isIterable) return;
  throw new TypeError(
    'unexhausted: the requests of a batch are an array, an iterable, an async iterable or a stream',
  );
}

function iterate(source: BatchSource): AsyncIterator<BatchRequest> | Iterator<BatchRequest> {
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
  if (Symbol.iterator in source) return source[Symbol.iterator]();
  return read(source);
}

/** A stream in a browser that iterates none, as some Safaris. */
async function* read(stream: ReadableStream<BatchRequest>): AsyncGenerator<BatchRequest> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

/** A deadline beyond all dates is none. */
function soon(ms: number): Date | undefined {
  const at = new Date(Date.now() + ms);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** A wrong request is one item's failure, and a batch may hold a million others. */
function asGenerateError(thrown: unknown): GenerateError {
  if (thrown instanceof GenerateError) return thrown;
  const message = String((thrown as Error | undefined)?.message ?? thrown);
  const kind = thrown instanceof TypeError ? 'invalid_request' : 'unknown';
  return new GenerateError({ kind, message, advice: 'See to the request.' }, thrown);
}

function codeOf(error: unknown): string | undefined {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: string };
  return typeof code === 'string' ? code : name;
}

/** A listener's fault is its own: it surfaces as an uncaught error, and the batch goes on. */
function tellAll<T>(listeners: Iterable<(told: T) => void>, told: T): void {
  for (const listener of listeners) {
    try {
      listener(told);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** Calls back at a time, in ms since 1970; keeps no process alive. Gives what ends the wait. */
function callAt(time: number, call: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const arm = () => {
    const left = time - Date.now();
    timer = setTimeout(left > 0 ? arm : call, Math.min(Math.max(left, 0), TIMER_MAX));
    (timer as { unref?(): void }).unref?.();
  };
  arm();
  return () => clearTimeout(timer);
}

function ignore(): void {}
