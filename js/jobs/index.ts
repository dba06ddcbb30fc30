/** `client.jobs`: the methods, whose code is loaded on use. */
import type { BatchSource } from '../batch-types.js';
import { GenerateError } from '../errors.js';
import { guarded, ready } from '../module/load.js';
import type {
  CreateJobOptions,
  FindJobOptions,
  Job,
  JobRow,
  Jobs,
  ListJobsOptions,
  LookAtJobOptions,
  WaitForJobOptions,
} from '../types/jobs.js';
import type { ClientOptions } from '../types/options.js';
import type { Core } from '../wasm/unexhausted.js';
import type { Link, Retry } from './link.js';
import type { JobService } from './service.js';

/** @internal */
export class ClientJobs implements Jobs {
  readonly #closing = new AbortController();
  readonly #link: Link;
  #service: Promise<JobService> | undefined;

  constructor(options: ClientOptions, core: () => Core, retry: Retry) {
    const { signal } = this.#closing;
    this.#link = { options, retry, closed: signal, core: (what) => guarded(() => what(core())) };
  }

  async create(requests: BatchSource, options?: CreateJobOptions): Promise<Job[]> {
    return (await this.#load()).create(requests, options);
  }

  async get(job: string | Job, options?: LookAtJobOptions): Promise<Job> {
    return (await this.#load()).get(job, options);
  }

  async *list(options?: ListJobsOptions): AsyncGenerator<Job> {
    yield* (await this.#load()).list(options);
  }

  async find(displayName: string, options?: FindJobOptions): Promise<Job | undefined> {
    return (await this.#load()).find(displayName, options);
  }

  async wait(job: string | Job, options?: WaitForJobOptions): Promise<Job> {
    return (await this.#load()).wait(job, options);
  }

  async *results(job: string | Job, options?: LookAtJobOptions): AsyncGenerator<JobRow> {
    yield* (await this.#load()).results(job, options);
  }

  async cancel(job: string | Job): Promise<void> {
    return (await this.#load()).cancel(job);
  }

  async delete(job: string | Job): Promise<void> {
    return (await this.#load()).delete(job);
  }

  /** Ends every wait. */
  close(): void {
    const advice = 'Make a new client with createClient().';
    const message = 'the client was closed';
    this.#closing.abort(new GenerateError({ kind: 'closed', message, advice }));
  }

  #load(): Promise<JobService> {
    this.#service ??= this.#start().catch((error: unknown) => {
      this.#service = undefined;
      throw error;
    });
    return this.#service;
  }

  async #start(): Promise<JobService> {
    const [{ JobService }] = await Promise.all([import('./service.js'), ready()]);
    return JobService.open(this.#link);
  }
}
