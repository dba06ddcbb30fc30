/** The items of a batch that jobs make, and those that no job made. */
import type { BatchNotice, BatchOptions } from '../batch-types.js';
import { GenerateError } from '../errors.js';
import type { ErrorInfo } from '../types/errors.js';
import type { Job, JobRow } from '../types/jobs.js';
import type { GenerateRequest } from '../types/request.js';
import { ByJob, type OpenJob } from './by-job.js';
import type { BatchCore } from './core.js';
import type { DurableStorage, Pictures } from './durable-storage.js';
import { ownModel } from './entry.js';
import type { PendingItem } from './item.js';
import type { JobMaker } from './maker.js';

/** The batch as the items of jobs see it. */
export interface JobItemsHost {
  /** Resolves once the batch is not paused. */
  goesOn(): Promise<void>;
  /** To be made by requests of its own, or by another job. */
  again(pending: PendingItem): void;
  kept(pending: PendingItem, pictures: Pictures): Promise<void>;
  failed(pending: PendingItem, error: unknown): Promise<void>;
  /** Nothing more can be said of jobs in this run; those that were created go on. */
  ends(error: unknown): void;
  waits(reason: string, until?: Date): void;
  notice(notice: BatchNotice): void;
  changed(): void;
}

export class JobItems {
  readonly #maker: JobMaker;
  readonly #options: BatchOptions;
  readonly #core: BatchCore;
  readonly #host: JobItemsHost;
  readonly #model: string | undefined;
  readonly #byJob: ByJob;
  #hasLeft = false;
  readonly #items: Map<string, PendingItem> = new Map();
  /** The errors of items that jobs did not make. */
  readonly #errors: Map<string, ErrorInfo> = new Map();

  constructor(
    maker: JobMaker,
    options: BatchOptions,
    deadline: Date | undefined,
    core: BatchCore,
    storage: DurableStorage,
    left: readonly OpenJob[],
    host: JobItemsHost,
  ) {
    this.#maker = maker;
    this.#options = options;
    this.#core = core;
    this.#host = host;
    this.#model = modelOf(options);
    this.#byJob = new ByJob(
      {
        jobs: maker.jobs,
        ...(deadline === undefined ? {} : { deadline }),
        isForgetting: options.retryFailed === true,
        goesOn: () => host.goesOn(),
        creating: (job) => storage.record(core.jobCreating(job)),
        created: (displayName, name) => storage.record(core.jobCreated(displayName, name)),
        ended: (displayName) => storage.record(core.jobEnded(displayName)),
        row: (job, row) => this.#row(job, row),
        unmade: (keys, job) => this.#unmade(keys, job),
        isOfTheModel: (kind) => core.isOfTheModel(kind),
        refused: (keys, error) => this.#refused(keys, error),
        back: (keys) => this.#back(keys),
        waits: (reason, until) => host.waits(reason, until),
        notice: (notice) => host.notice(notice),
        failed: (error) => host.ends(error),
        changed: () => host.changed(),
      },
      left,
    );
  }

  /** Jobs that have not ended. */
  get running(): number {
    return this.#byJob.running;
  }

  get isIdle(): boolean {
    return this.#byJob.isIdle;
  }

  /** Whether jobs of earlier runs wait for their items to come from the source. */
  get isExpecting(): boolean {
    return this.#byJob.isExpecting;
  }

  /** USD reserved for items that are in no job yet; the core knows of the others. */
  get fed(): number {
    return this.#byJob.fed;
  }

  /** Items that are in jobs. */
  get size(): number {
    return this.#items.size;
  }

  /** Whether no more items are to be added for now. */
  get isFull(): boolean {
    return this.#byJob.isFull;
  }

  /**
   * Gives an item to a job. What it is to cost where it does not fit
   * the budget now; `elsewhere` where it is none for a job.
   */
  async add(pending: PendingItem): Promise<{ tooExpensive: number } | 'elsewhere' | undefined> {
    const { key } = pending;
    const request = asks(pending.request, this.#model);
    let usd: number;
    try {
      usd = this.#maker.priceInJob(request, undefined);
    } catch (error) {
      if (this.#options.route === 'cheapest') return 'elsewhere';
      await this.#host.failed(pending, error);
      return undefined;
    }
    const { maxCost = Number.POSITIVE_INFINITY } = this.#options;
    if (usd > maxCost) {
      const message = `A picture by job, of up to $${usd.toFixed(3)}, does not fit the \`maxCost\` of $${maxCost}.`;
      const advice = 'Raise `maxCost`, or ask for a smaller picture or a cheaper model.';
      await this.#host.failed(pending, new GenerateError({ kind: 'over_budget', message, advice }));
      return undefined;
    }
    if (!this.#core.affords(this.fed + usd)) return { tooExpensive: usd };
    this.#items.set(key, pending);
    this.#byJob.add({ key, request, usd });
    return undefined;
  }

  /** An item of a job of an earlier run has come from the source. */
  rejoin(displayName: string, pending: PendingItem): void {
    this.#items.set(pending.key, pending);
    this.#byJob.rejoin(displayName, pending.key);
  }

  /** No more for now: what was given makes a job. */
  flush(): void {
    this.#byJob.flush();
  }

  /** The source has ended. */
  complete(): void {
    this.#byJob.complete();
  }

  /** The jobs go on, and nobody looks at them. */
  leave(): void {
    this.#hasLeft = true;
    this.#byJob.leave();
  }

  async #row(job: Job, { key, images, cost, error: info }: JobRow): Promise<boolean> {
    const pending = this.#items.get(key);
    if (pending === undefined) return true;
    if (images.length > 0) {
      await this.#host.kept(pending, { images, model: job.model, cost });
      this.#items.delete(key);
      return true;
    }
    if (info === undefined) return false;
    if (info.retry !== 'never') {
      this.#errors.set(key, info);
      return false;
    }
    this.#items.delete(key);
    await this.#host.failed(pending, refused(info));
    return true;
  }

  /** Into another job, or at once, as the caller chose. */
  async #unmade(keys: Iterable<string>, job: Job | undefined): Promise<void> {
    const { route, requeue = route === 'batch' ? 'batch' : 'realtime' } = this.#options;
    const failed: [PendingItem, GenerateError][] = [];
    // All in one breath, so that they go into one job.
    for (const key of keys) {
      const pending = this.#items.get(key);
      const info = this.#errors.get(key);
      this.#items.delete(key);
      this.#errors.delete(key);
      if (pending === undefined) continue;
      // An item that no job was asked for goes the way that it came.
      if (job !== undefined) {
        pending.jobs += 1;
        pending.atOnce = requeue === 'realtime';
      }
      if (pending.atOnce || this.#core.takesAnotherJob(pending.jobs)) this.#host.again(pending);
      else failed.push([pending, unlucky(pending.jobs, info, job?.error)]);
    }
    this.#host.changed();
    for (const [pending, error] of failed) await this.#host.failed(pending, error);
  }

  /** As those whose model has no jobs. */
  async #refused(keys: readonly string[], error: GenerateError): Promise<void> {
    for (const key of keys) {
      const pending = this.#items.get(key);
      // The failure of an earlier one may have ended the batch.
      if (pending === undefined || this.#hasLeft) continue;
      this.#items.delete(key);
      if (this.#options.route === 'cheapest') this.#host.again({ ...pending, atOnce: true });
      else await this.#host.failed(pending, error);
    }
    this.#host.changed();
  }

  #back(keys: Iterable<string>): void {
    for (const key of keys) {
      const pending = this.#items.get(key);
      this.#items.delete(key);
      if (pending !== undefined) this.#host.again(pending);
    }
    this.#host.changed();
  }
}

/** The error of an item that can never pass. */
function refused(info: ErrorInfo): GenerateError {
  const { kind, summary, message, advice } = info;
  return new GenerateError({ kind, message: `${summary} ${message}`.trim(), advice, info });
}

/** The error of an item that no job made; the fault of a job says nothing of its items. */
function unlucky(
  jobs: number,
  info: ErrorInfo | undefined,
  ofJob: ErrorInfo | undefined,
): GenerateError {
  const { kind } = info ?? { kind: 'unknown' as const };
  const { summary = '', message = '' } = info ?? ofJob ?? {};
  const said = `${jobs} jobs have ended without a picture of it. ${summary} ${message}`.trim();
  const advice = "Take `requeue: 'realtime'`, or resume later.";
  return new GenerateError({ kind, message: said, advice, ...(info && { info }) });
}

/** A request of a model by its name, unless it names one itself. */
function asks(
  request: string | GenerateRequest,
  model: string | undefined,
): string | GenerateRequest {
  if (model === undefined || ownModel(request) !== undefined) return request;
  return typeof request === 'string' ? { model, contents: request } : { ...request, model };
}

/** The model of all jobs of a batch, where it has a chain of its own. */
function modelOf({ models, route = 'realtime' }: BatchOptions): string | undefined {
  const [first] = models ?? [];
  if (first === undefined || typeof first === 'string') return first;
  if (route === 'realtime') return undefined;
  throw new TypeError(
    'unexhausted: jobs take a model by its name; put its target into the `models` of the client',
  );
}
