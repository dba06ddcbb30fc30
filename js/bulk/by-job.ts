/** The items of a batch that are made by jobs of the Batch API. */
import type { BatchNotice } from '../batch-types.js';
import { GenerateError } from '../errors.js';
import type { Job, JobRow, Jobs } from '../types/jobs.js';
import type { GenerateRequest } from '../types/request.js';

/** An item for a job. */
export interface JobEntry {
  key: string;
  request: string | GenerateRequest;
  /** USD to be reserved for it. */
  usd: number;
}

/** A job as the journal has it. */
export interface OpenJob {
  displayName: string;
  name?: string;
  model: string;
  keys: readonly string[];
  usd: number;
}

/** The batch as its jobs see it. */
export interface JobsHost {
  readonly jobs: Jobs;
  /** When the batch is to end. */
  readonly deadline?: Date;
  /** Whether a job that is gone is given up; what it made may have been billed. */
  readonly isForgetting: boolean;
  /** Resolves once a job may be created. */
  goesOn(): Promise<void>;
  /** Each is on disk when it resolves. */
  creating(job: OpenJob): Promise<void>;
  created(displayName: string, name: string): Promise<void>;
  ended(displayName: string): Promise<void>;
  /** A row of a job; resolves once what it holds is kept, false where it is to be made elsewhere. */
  row(job: Job, row: JobRow): Promise<boolean>;
  /** The job has ended, and these are to be made elsewhere; resolves once that is seen to. */
  unmade(keys: Iterable<string>, job: Job | undefined): Promise<void>;
  /** Whether a failure says something of its model alone: others may have their jobs. */
  isOfTheModel(kind: GenerateError['kind']): boolean;
  /** The service takes no job of these, because of their model. */
  refused(keys: readonly string[], error: GenerateError): Promise<void>;
  /** These are to be given again. */
  back(keys: Iterable<string>): void;
  waits(reason: string, until?: Date): void;
  notice(notice: BatchNotice): void;
  failed(error: unknown): void;
  changed(): void;
}

/** Items that wait for a job to be filled: few, as a job may wait for room for hours. */
const READ_AHEAD = 16;

/** Items on their way into jobs, one stream of them. */
class Feed {
  /** USD reserved for each item that is in no job yet. */
  readonly #usd: Map<string, number> = new Map();
  #reserved = 0;
  readonly #keys: Set<string> = new Set();
  #waiting: JobEntry[] = [];
  #wake: () => void = () => {};
  #isClosed = false;

  /** Called once there is room again. */
  readonly #drained: () => void;

  constructor(drained: () => void) {
    this.#drained = drained;
  }

  /** Whether so many wait already that no more are to be given. */
  get isFull(): boolean {
    return this.#waiting.length >= READ_AHEAD;
  }

  add(item: JobEntry): void {
    this.#usd.set(item.key, item.usd);
    this.#reserved += item.usd;
    this.#keys.add(item.key);
    this.#waiting.push(item);
    this.#wake();
  }

  /** The sum for all of them; asked for with each item, so it is kept and not made anew. */
  get reserved(): number {
    return this.#usd.size === 0 ? 0 : this.#reserved;
  }

  /** The items that are in no job yet. */
  get left(): Iterable<string> {
    return this.#usd.keys();
  }

  /** USD reserved for these. */
  reservedFor(keys: readonly string[]): number {
    return keys.reduce((sum, key) => sum + (this.#usd.get(key) ?? 0), 0);
  }

  /** These are in a job now. */
  placed(keys: readonly string[]): void {
    this.#reserved -= this.reservedFor(keys);
    for (const key of keys) this.#usd.delete(key);
  }

  /** Whether it was given this before. */
  had(key: string): boolean {
    return this.#keys.has(key);
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Forgets the items that wait, since no job will take them. */
  drop(): void {
    this.#waiting = [];
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<{ key: string; request: JobEntry['request'] }> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        const { key, request } = next;
        if (this.#waiting.length === READ_AHEAD - 1) this.#drained();
        yield { key, request };
      } else if (this.#isClosed) {
        return;
      } else {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
  }
}

/** A job of an earlier run. */
interface LeftoverJob {
  job: OpenJob;
  missing: Set<string>;
  came: string[];
}

export class ByJob {
  readonly #host: JobsHost;
  readonly #ending = new AbortController();
  /** Takes the next items. */
  #feed: Feed | undefined;
  /** That one, and those whose items are still on their way into jobs. */
  readonly #feeds: Set<Feed> = new Set();
  /** Jobs of earlier runs, until their items have come from the source again. */
  readonly #left: Map<string, LeftoverJob> = new Map();
  /** Work under way: creating, and jobs that have not ended. */
  readonly #busy: Set<Promise<void>> = new Set();
  #running = 0;

  constructor(host: JobsHost, left: readonly OpenJob[]) {
    this.#host = host;
    for (const job of left) {
      this.#left.set(job.displayName, { job, missing: new Set(job.keys), came: [] });
    }
  }

  /** Jobs that have not ended. */
  get running(): number {
    return this.#running + this.#left.size;
  }

  get isIdle(): boolean {
    return this.#busy.size === 0 && this.#left.size === 0;
  }

  /** Whether jobs of earlier runs wait for their items to come from the source. */
  get isExpecting(): boolean {
    return this.#left.size > 0;
  }

  /** USD of what is on its way into jobs that are not written down yet. */
  get fed(): number {
    let sum = 0;
    for (const { reserved } of this.#feeds) sum += reserved;
    return sum;
  }

  /** Whether no more items are to be given for now. */
  get isFull(): boolean {
    return this.#feed?.isFull === true;
  }

  /** An item for the next job. */
  add(item: JobEntry): void {
    // Of one stream no two items may have the same key, and this may come back from an earlier job.
    if (this.#feed?.had(item.key)) this.flush();
    if (this.#feed === undefined) {
      const feed = new Feed(() => this.#host.changed());
      this.#feed = feed;
      this.#feeds.add(feed);
      this.#watch(this.#create(feed));
    }
    this.#feed.add(item);
  }

  /** No more for now: what was given makes a job. */
  flush(): void {
    this.#feed?.close();
    this.#feed = undefined;
  }

  /** The source has ended: items that it no longer has keep nobody waiting. */
  complete(): void {
    for (const { missing } of this.#left.values()) missing.clear();
    this.#followLeft();
  }

  /** An item of a job of an earlier run has come from the source. */
  rejoin(displayName: string, key: string): void {
    const left = this.#left.get(displayName);
    if (left?.missing.delete(key)) left.came.push(key);
    this.#followLeft();
  }

  /** The jobs go on, and nobody looks at them. */
  leave(): void {
    this.#ending.abort();
    for (const feed of this.#feeds) {
      feed.drop();
      feed.close();
    }
    this.#feed = undefined;
    this.#left.clear();
  }

  #watch(work: Promise<void>): void {
    const watched = work
      .catch((error: unknown) => {
        if (!this.#ending.signal.aborted) this.#host.failed(error);
      })
      .finally(() => {
        this.#busy.delete(watched);
        this.#host.changed();
      });
    this.#busy.add(watched);
  }

  async #create(feed: Feed): Promise<void> {
    const { signal } = this.#ending;
    let open: OpenJob | undefined;
    const creating = this.#host.jobs.create(feed, {
      signal,
      onCreating: async ({ displayName, model, keys }) => {
        await this.#host.goesOn();
        // The next run would look in vain for a job that is written down now.
        signal.throwIfAborted();
        const usd = feed.reservedFor(keys) / keys.length;
        open = { displayName, model, keys, usd };
        await this.#host.creating(open);
        feed.placed(keys);
      },
      onCreated: async (job, keys) => {
        open = undefined;
        await this.#host.created(job.displayName, job.name);
        this.#watch(this.#follow(job, keys));
      },
      onWaiting: ({ reason, retryAt }) => this.#host.waits(reason, retryAt),
    });
    try {
      await creating;
    } catch (error) {
      const isOfTheModel = error instanceof GenerateError && this.#host.isOfTheModel(error.kind);
      if (open === undefined || !isOfTheModel || signal.aborted) throw error;
      this.#end(feed);
      this.#host.back(feed.left);
      await this.#refused(open, error);
    } finally {
      this.#end(feed);
    }
  }

  /** Ends a feed, whose items go into no job. */
  #end(feed: Feed): void {
    feed.drop();
    this.#feeds.delete(feed);
    if (this.#feed === feed) this.#feed = undefined;
  }

  async #refused({ displayName, model, keys }: OpenJob, error: GenerateError): Promise<void> {
    // An answer may have been lost before.
    const { signal } = this.#ending;
    const found = await this.#host.jobs.find(displayName, { model, signal });
    if (found !== undefined) {
      await this.#host.created(displayName, found.name);
      return this.#follow(found, keys);
    }
    await this.#host.ended(displayName);
    await this.#host.refused(keys, error);
  }

  /** Until it has ended, and what it made is kept. */
  async #follow(job: Job, keys: readonly string[]): Promise<void> {
    const { displayName } = job;
    const { signal } = this.#ending;
    const { jobs, deadline } = this.#host;
    let said: string | undefined;
    this.#running += 1;
    try {
      const ended = await jobs.wait(job, {
        signal,
        deadline,
        onProgress: ({ name, state, ended, requests, succeeded, error, advice }) => {
          const so = requests === undefined ? '' : `, ${succeeded ?? 0} of ${requests} made`;
          this.#host.waits(`The job ${name} is ${state}${so}.`);
          // Of rows that failed the items tell.
          if (advice === undefined || advice === said || (ended && state === 'succeeded')) return;
          said = advice;
          const why = error === undefined ? '' : ` ${error.summary} ${error.message}`.trimEnd();
          const message = `The job ${name} is ${state}.${why} ${advice}`;
          this.#host.notice({ kind: 'job', message });
        },
      });
      const left = new Set(keys);
      if (ended.state === 'succeeded' || ended.resultsFile !== undefined) {
        for await (const row of jobs.results(ended, { signal })) {
          if (left.has(row.key) && (await this.#host.row(ended, row))) left.delete(row.key);
        }
      }
      await this.#host.ended(displayName);
      await this.#host.unmade(left, ended);
    } catch (error) {
      // The service answers so for whatever is not there.
      const isGone = error instanceof GenerateError && error.kind === 'model_not_found';
      if (!isGone) throw error;
      await this.#gone(job, keys);
    } finally {
      this.#running -= 1;
    }
  }

  async #gone({ name, displayName }: Job, keys: readonly string[]): Promise<void> {
    const message = `The job ${name} is gone: it was deleted, it is older than six weeks, or it is another project's.`;
    if (!this.#host.isForgetting) {
      const advice =
        'If the key is that of another project, take the right one. To make the pictures anew, which costs as much again, take `retryFailed`.';
      throw new GenerateError({ kind: 'model_not_found', message, advice });
    }
    this.#host.notice({ kind: 'job', message: `${message} Its pictures are made anew.` });
    await this.#host.ended(displayName);
    await this.#host.unmade(keys, undefined);
  }

  #followLeft(): void {
    for (const [displayName, left] of this.#left) {
      if (left.missing.size > 0) continue;
      this.#left.delete(displayName);
      this.#watch(this.#findLeft(left));
    }
  }

  /** A job that an earlier run created, or was about to when it was killed. */
  async #findLeft({ job: { displayName, name, model }, came }: LeftoverJob): Promise<void> {
    if (name !== undefined) {
      // A name alone does not tell whose account it is of.
      return this.#follow({ name, displayName, model, state: 'unknown', ended: false }, came);
    }
    const { signal } = this.#ending;
    const found = await this.#host.jobs.find(displayName, {
      model: model === '' ? undefined : model,
      signal,
      thorough: true,
    });
    if (found === undefined) {
      await this.#host.ended(displayName);
      return this.#host.unmade(came, undefined);
    }
    await this.#host.created(displayName, found.name);
    return this.#follow(found, came);
  }
}
