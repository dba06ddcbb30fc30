/** The items of a batch that are made by jobs of the Batch API. */
import type { BatchNotice } from '../batch-types.js';
import type { Job, JobRow, Jobs } from '../job-types.js';
import type { GenerateRequest } from '../types.js';

/** An item for a job. */
export interface ForJob {
  key: string;
  request: string | GenerateRequest;
  /** What is to be reserved for it, in USD. */
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

/** What jobs need of their batch. */
export interface JobsHost {
  readonly jobs: Jobs;
  readonly model: string | undefined;
  /** When the batch is to end. */
  readonly deadline?: Date;
  /** Each is on disk when it resolves. */
  creating(job: OpenJob): Promise<void>;
  created(displayName: string, name: string): Promise<void>;
  ended(displayName: string): Promise<void>;
  /** A row of a job; resolves once what it holds is kept, false where it is to be made elsewhere. */
  row(job: Job, row: JobRow): Promise<boolean>;
  /** The job has ended, and this is to be made elsewhere. */
  unmade(key: string, job: Job | undefined): void;
  waits(reason: string, until?: Date): void;
  notice(notice: BatchNotice): void;
  failed(error: unknown): void;
  changed(): void;
}

/** Items on their way into jobs, one stream of them. */
class Feed {
  readonly usd: Map<string, number> = new Map();
  #waiting: { item: ForJob; taken: () => void }[] = [];
  #wake: () => void = () => {};
  #isClosed = false;

  /** Resolves once it is on its way. */
  add(item: ForJob): Promise<void> {
    this.usd.set(item.key, item.usd);
    return new Promise((taken) => {
      this.#waiting.push({ item, taken });
      this.#wake();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Nobody takes them any more. */
  drop(): void {
    for (const { taken } of this.#waiting) taken();
    this.#waiting = [];
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<{ key: string; request: ForJob['request'] }> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        const { key, request } = next.item;
        next.taken();
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

export class ByJob {
  readonly #host: JobsHost;
  readonly #ending = new AbortController();
  #feed: Feed | undefined;
  /** Jobs of earlier runs, until their items have come from the source again. */
  readonly #left: Map<string, { job: OpenJob; missing: Set<string> }> = new Map();
  /** What is under way: creating, and jobs that have not ended. */
  readonly #busy: Set<Promise<void>> = new Set();
  #running = 0;

  constructor(host: JobsHost, left: readonly OpenJob[]) {
    this.#host = host;
    for (const job of left) {
      this.#left.set(job.displayName, { job, missing: new Set(job.keys) });
    }
  }

  /** Jobs that have not ended. */
  get running(): number {
    return this.#running + this.#left.size;
  }

  get isIdle(): boolean {
    return this.#busy.size === 0 && this.#left.size === 0;
  }

  /** USD of what is on its way into jobs that are not written down yet. */
  get fed(): number {
    let sum = 0;
    for (const usd of this.#feed?.usd.values() ?? []) sum += usd;
    return sum;
  }

  /** An item for the next job; resolves once there is room for one more. */
  add(item: ForJob): Promise<void> {
    if (this.#feed === undefined) {
      const feed = new Feed();
      this.#feed = feed;
      this.#watch(this.#create(feed));
    }
    return this.#feed.add(item);
  }

  /** No more for now: what was given makes a job. */
  flush(): void {
    this.#feed?.close();
    this.#feed = undefined;
    // Items that the source no longer has keep nobody waiting.
    for (const { missing } of this.#left.values()) missing.clear();
    this.#followLeft();
  }

  /** An item of a job of an earlier run has come from the source. */
  rejoin(displayName: string, key: string): void {
    this.#left.get(displayName)?.missing.delete(key);
    this.#followLeft();
  }

  /** The jobs go on, and nobody looks at them. */
  leave(): void {
    this.#ending.abort();
    this.#feed?.drop();
    this.#feed?.close();
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
    const { jobs, model } = this.#host;
    const { signal } = this.#ending;
    const creating = jobs.create(feed, {
      ...(model === undefined ? {} : { model }),
      signal,
      onCreating: async ({ displayName, keys }) => {
        const usd = keys.reduce((sum, key) => sum + (feed.usd.get(key) ?? 0), 0) / keys.length;
        await this.#host.creating({ displayName, model: model ?? '', keys, usd });
        for (const key of keys) feed.usd.delete(key);
      },
      onCreated: async (job, keys) => {
        await this.#host.created(job.displayName, job.name);
        this.#watch(this.#follow(job, job.displayName, keys));
      },
      onWaiting: ({ reason, retryAt }) => this.#host.waits(reason, retryAt),
    });
    try {
      await creating;
    } finally {
      feed.drop();
      if (this.#feed === feed) this.#feed = undefined;
    }
  }

  /** Until it has ended, and what it made is kept. */
  async #follow(job: string | Job, displayName: string, keys: readonly string[]): Promise<void> {
    const { signal } = this.#ending;
    const { jobs, deadline } = this.#host;
    let said: string | undefined;
    this.#running += 1;
    try {
      const ended = await jobs.wait(job, {
        ...{ signal, deadline },
        onProgress: ({ name, state, ended, requests, succeeded, advice }) => {
          const so = requests === undefined ? '' : `, ${succeeded ?? 0} of ${requests} made`;
          this.#host.waits(`The job ${name} is ${state}${so}.`);
          // Of rows that failed the items tell.
          if (advice === undefined || advice === said || (ended && state === 'succeeded')) return;
          said = advice;
          this.#host.notice({ kind: 'job', message: `The job ${name} is ${state}. ${advice}` });
        },
      });
      const left = new Set(keys);
      if (ended.state === 'succeeded' || ended.resultsFile !== undefined) {
        for await (const row of jobs.results(ended, { signal })) {
          if (left.has(row.key) && (await this.#host.row(ended, row))) left.delete(row.key);
        }
      }
      await this.#host.ended(displayName);
      for (const key of left) this.#host.unmade(key, ended);
    } finally {
      this.#running -= 1;
    }
  }

  #followLeft(): void {
    for (const [displayName, { job, missing }] of this.#left) {
      if (missing.size > 0) continue;
      this.#left.delete(displayName);
      this.#watch(this.#findLeft(job));
    }
  }

  /** A job that an earlier run created, or was about to when it was killed. */
  async #findLeft({ displayName, name, model, keys }: OpenJob): Promise<void> {
    if (name !== undefined) return this.#follow(name, displayName, keys);
    const { signal } = this.#ending;
    const found = await this.#host.jobs.find(displayName, {
      ...(model === '' ? {} : { model }),
      ...{ signal, thorough: true },
    });
    if (found === undefined) {
      await this.#host.ended(displayName);
      for (const key of keys) this.#host.unmade(key, undefined);
      return;
    }
    await this.#host.created(displayName, found.name);
    return this.#follow(found, displayName, keys);
  }
}
