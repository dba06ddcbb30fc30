/** Which items of a batch go into jobs, and what becomes of those that no job made. */
import type { BatchNotice, BatchOptions } from '../batch-types.js';
import { GenerateError } from '../errors.js';
import type { Job, JobRow, Jobs } from '../job-types.js';
import type { GenerateRequest } from '../types.js';
import { ByJob, type OpenJob } from './by-job.js';
import type { BatchCore } from './core.js';
import type { Pending } from './item.js';
import type { Answer, Vault } from './vault.js';

/** Jobs that an item is given to, where one after the other makes nothing of it. */
const JOBS_MAX = 2;

/** What jobs need of the client. */
export interface JobMaker {
  readonly jobs: Jobs;
  /** What a request is to cost in a job, in USD. @throws where its model has no jobs. */
  priceInJob(request: string | GenerateRequest, model: string | undefined): number;
}

/** What the items of jobs tell their batch. */
export interface JobItemsHost {
  /** To be made by requests of its own, or by another job. */
  again(pending: Pending): void;
  kept(pending: Pending, answer: Answer): Promise<void>;
  failed(pending: Pending, error: unknown): Promise<void>;
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
  readonly #items: Map<string, Pending> = new Map();

  constructor(
    maker: JobMaker,
    options: BatchOptions,
    deadline: Date | undefined,
    core: BatchCore,
    vault: Vault,
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
        model: this.#model,
        ...(deadline === undefined ? {} : { deadline }),
        creating: (job) => vault.record(core.jobCreating(job)),
        created: (displayName, name) => vault.record(core.jobCreated(displayName, name)),
        ended: (displayName) => vault.record(core.jobEnded(displayName)),
        row: (job, row) => this.#row(job, row),
        unmade: (key, job) => this.#unmade(key, job),
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

  /** Items that are in jobs. */
  get size(): number {
    return this.#items.size;
  }

  /**
   * Gives an item to a job, once there is room for one more. What it is to cost where it does not fit
   * the budget now; `elsewhere` where it is none for a job.
   */
  async add(pending: Pending): Promise<{ tooDear: number } | 'elsewhere' | undefined> {
    const { key, request } = pending;
    let usd: number;
    try {
      usd = this.#maker.priceInJob(request, this.#model);
    } catch (error) {
      if (this.#options.route === 'cheapest') return 'elsewhere';
      await this.#host.failed(pending, error);
      return undefined;
    }
    if (!this.#core.affords(this.#byJob.fed + usd)) return { tooDear: usd };
    this.#items.set(key, pending);
    await this.#byJob.add({ key, request, usd });
    return undefined;
  }

  /** An item of a job of an earlier run has come from the source. */
  rejoin(displayName: string, pending: Pending): void {
    this.#items.set(pending.key, pending);
    this.#byJob.rejoin(displayName, pending.key);
  }

  /** No more for now. */
  flush(): void {
    this.#byJob.flush();
  }

  /** The jobs go on, and nobody looks at them. */
  leave(): void {
    this.#byJob.leave();
  }

  async #row(job: Job, { key, images, cost, error: info }: JobRow): Promise<boolean> {
    const pending = this.#items.get(key);
    if (pending === undefined) return true;
    if (images.length > 0) {
      this.#items.delete(key);
      await this.#host.kept(pending, { images, model: job.model, cost });
      return true;
    }
    if (info?.retry !== 'never') return false;
    this.#items.delete(key);
    const { kind, summary, message, advice } = info;
    const said = message === '' ? summary : `${summary} ${message}`;
    await this.#host.failed(pending, new GenerateError({ kind, message: said, advice, info }));
    return true;
  }

  /** Another job, or at once, as the caller chose. */
  #unmade(key: string, job: Job | undefined): void {
    const pending = this.#items.get(key);
    if (pending === undefined) return;
    this.#items.delete(key);
    const { route, requeue = route === 'cheapest' ? 'realtime' : 'batch' } = this.#options;
    pending.jobs += job === undefined ? 0 : 1;
    pending.atOnce = requeue === 'realtime';
    if (pending.atOnce || pending.jobs < JOBS_MAX) this.#host.again(pending);
    else {
      const message = `${JOBS_MAX} jobs have ended without a picture of it.`;
      const advice = "Take `requeue: 'realtime'`, or resume later.";
      const error = new GenerateError({ kind: 'unknown', message, advice });
      this.#host.failed(pending, error).catch((thrown: unknown) => this.#host.ends(thrown));
    }
    this.#host.changed();
  }
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
