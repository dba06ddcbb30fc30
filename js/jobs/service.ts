/** The jobs of one client. */

import { ask } from '../base/callback.js';
import { callAt, momentOf } from '../base/deadline.js';
import type { BatchSource } from '../batch-types.js';
import { use } from '../module/load.js';
import type { ErrorInfo, GenerateErrorKind } from '../types/errors.js';
import type {
  CreateJobOptions,
  FindJobOptions,
  Job,
  JobRow,
  JobState,
  ListJobsOptions,
  LookAtJobOptions,
  WaitForJobOptions,
} from '../types/jobs.js';
import { create, type Home } from './creating.js';
import { type Endpoint, Http } from './http.js';
import { lines } from './lines.js';
import type { Link } from './link.js';
import { pause } from './pause.js';
import { type RowContext, rowOf, rowOfLine } from './rows.js';
import { Rules } from './rules.js';

/** Facts of a job that the service does not tell. */
interface Kept {
  model: string;
  /** The file that was uploaded for it; `null` once it is deleted. */
  file: string | null | undefined;
}

/** A job, and where it lies. */
interface LocatedJob {
  name: string;
  http: Http;
}

export class JobService implements Home {
  readonly link: Link;
  readonly rules: Rules;
  readonly #kept: Map<string, Kept> = new Map();

  private constructor(link: Link, rules: Rules) {
    this.link = link;
    this.rules = rules;
  }

  static async open(link: Link): Promise<JobService> {
    return new JobService(link, await Rules.open());
  }

  create(requests: BatchSource, options: CreateJobOptions = {}): Promise<Job[]> {
    this.rules.checkOptions('create', options);
    return create(this, requests, options);
  }

  async get(job: string | Job, options: LookAtJobOptions = {}): Promise<Job> {
    this.rules.checkOptions('get', options);
    const { name, http } = this.#at(job);
    return this.read(await this.#operation(http, name, options.signal));
  }

  async *list(options: ListJobsOptions = {}): AsyncGenerator<Job> {
    this.rules.checkOptions('list', options);
    yield* this.#list(this.http(options.model), options.signal);
  }

  async find(displayName: string, options: FindJobOptions = {}): Promise<Job | undefined> {
    this.rules.checkOptions('find', options);
    const { model, signal, thorough = false } = options;
    const http = this.http(model);
    const found = await this.#find(http, displayName, signal);
    return found === undefined && thorough ? this.search(http, displayName, signal) : found;
  }

  async wait(job: string | Job, options: WaitForJobOptions = {}): Promise<Job> {
    this.rules.checkOptions('wait', options);
    const until = momentOf(options.deadline)?.getTime();
    const { name, http } = this.#at(job);
    const advice = 'The job goes on: wait for it again by its name.';
    const late = () => http.error('deadline', `${name} has not ended in time`, undefined, advice);
    const { signal, off } = ending(options.signal, until, late);
    const began = Date.now();
    const last = until === undefined ? undefined : began + this.rules.lastLook(until - began);
    let failed = 0;
    try {
      for (;;) {
        const looked = await this.#look(http, name, signal, failed);
        failed = looked.job === undefined ? failed + 1 : 0;
        if (looked.job !== undefined && options.onProgress !== undefined) {
          ask('`onProgress`', options.onProgress, looked.job);
        }
        if (looked.job?.ended === true) {
          await this.#tidy(http, looked.job, signal);
          return looked.job;
        }
        const age = Date.now() - (looked.job?.createdAt?.getTime() ?? began);
        const left = last === undefined ? undefined : last - Date.now();
        const wait = this.rules.within(looked.wait ?? this.rules.nextLook(age), left);
        await this.#pause(wait ?? (until ?? 0) - Date.now(), signal);
        if (wait === undefined) throw late();
      }
    } finally {
      off();
    }
  }

  async *results(job: string | Job, options: LookAtJobOptions = {}): AsyncGenerator<JobRow> {
    this.rules.checkOptions('results', options);
    const { signal } = options;
    const { name, http } = this.#at(job);
    const known = typeof job === 'object' && job.ended && job.resultsFile !== undefined;
    let operation: Operation | undefined;
    let found: Job;
    if (known) {
      found = job;
    } else {
      operation = await this.#operation(http, name, signal, true);
      found = this.read(operation);
    }
    if (!found.ended) {
      throw new TypeError(`unexhausted: ${name} has not ended: \`wait\` for it`);
    }
    const { catalog } = this.link.options;
    const context: RowContext = { rules: this.rules, model: found.model, catalog };
    if (found.resultsFile !== undefined) {
      this.#checked(found.resultsFile, 'files');
      try {
        for await (const line of lines(http, this.rules, found.resultsFile, signal)) {
          yield rowOfLine(line, context);
        }
      } catch (error) {
        throw http.failure(error, `the results of ${name} could not be read`);
      }
      return;
    }
    const rows = inlinedRows(operation);
    if (rows === undefined) {
      const { kind, message, advice } = this.rules.refusal(light(operation));
      throw http.error(kind as GenerateErrorKind, `${name}: ${message}`, found.error, advice);
    }
    for (const row of rows) yield rowOf(row, context);
  }

  async cancel(job: string | Job): Promise<void> {
    const { name, http } = this.#at(job);
    try {
      await http.json(`${name}:cancel`, { method: 'POST', body: '{}' });
    } catch (error) {
      throw http.jobFailure(error, `${name} could not be cancelled`);
    }
  }

  async delete(job: string | Job): Promise<void> {
    const { name, http } = this.#at(job);
    const file = this.#kept.get(name)?.file;
    try {
      await http.call({}, (ended, attempt) => http.remove(name, ended, attempt));
    } catch (error) {
      throw http.jobFailure(error, `${name} could not be deleted`);
    }
    if (typeof file === 'string') await this.removeFile(http, file);
    this.#kept.delete(name);
  }

  http(model: string | undefined): Http {
    const endpoint = this.link.core((core) => core.jobPlace(model)) as Endpoint;
    return new Http(this.link, this.rules, endpoint);
  }

  read(operation: unknown, unread = false): Job {
    const { metadata, createTime } = (operation ?? {}) as Operation;
    const times = metadata ?? (operation as Operation);
    const created = date(times?.createTime ?? createTime);
    const age = created === undefined ? undefined : Math.max(0, Date.now() - created.getTime());
    const {
      inputFile,
      inlined: _,
      hasError,
      state,
      ...facts
    } = this.rules.readJob(light(operation), age, unread);
    const job: Job = { ...facts, state: state as JobState };
    const [updatedAt, endedAt] = [date(times?.updateTime), date(times?.endTime)];
    if (created !== undefined) job.createdAt = created;
    if (updatedAt !== undefined) job.updatedAt = updatedAt;
    if (endedAt !== undefined && job.ended) job.endedAt = endedAt;
    if (hasError) {
      const error = (operation as Operation).error ?? metadata?.error;
      job.error = use().core.classifyError({ error }) as ErrorInfo;
    }
    const own = `files/${this.rules.fileId(job.displayName)}`;
    // Of a job with a file of somebody else's nothing is to be deleted. Where the service does not say
    // what it was made of, ours is known by its name.
    const isOwn = inputFile === own || (inputFile === undefined && job.resultsFile !== undefined);
    const kept = this.#kept.get(job.name);
    const file = kept?.file === undefined && isOwn ? own : kept?.file;
    this.#kept.set(job.name, { model: job.model, file });
    return job;
  }

  keep(job: Job, file: string | undefined): void {
    if (file !== undefined) this.#kept.set(job.name, { model: job.model, file });
  }

  /** Looks several times, since a list may lag behind. */
  async search(
    http: Http,
    displayName: string,
    signal: AbortSignal | undefined,
  ): Promise<Job | undefined> {
    for (let looks = 1; ; looks += 1) {
      const wait = this.rules.nextSearch(looks);
      if (wait === undefined) return undefined;
      await this.#pause(wait, signal);
      const job = await this.#find(http, displayName, signal);
      if (job !== undefined) return job;
    }
  }

  /** Deletes a file of ours; one that is left is deleted by the service after 48 h. */
  async removeFile(http: Http, file: string, signal?: AbortSignal): Promise<void> {
    if (!this.rules.isName(file, 'files')) return;
    await http.json(file, { method: 'DELETE', once: true, signal }).catch(() => {});
  }

  async removeEnded(http: Http): Promise<void> {
    if (![...this.#kept.values()].some(({ file }) => typeof file === 'string')) return;
    try {
      for await (const job of this.#list(http, undefined)) {
        if (job.ended) await this.#tidy(http, job);
      }
    } catch {
      // They are deleted by whoever waits for their jobs, or by the service after 48 h.
    }
  }

  /** One look at a job; where that fails for now, how long to wait for the next. */
  async #look(
    http: Http,
    name: string,
    signal: AbortSignal | undefined,
    failed: number,
  ): Promise<{ job?: Job; wait?: number }> {
    try {
      return { job: this.read(await http.json(name, { signal })) };
    } catch (error) {
      if (http.isOver(error, signal)) throw error;
      // The results inside of a job may be too much to send; a list leaves them out.
      const listed = await this.#listed(http, name, signal);
      if (listed !== undefined) return { job: listed };
      const wait = this.rules.afterLook(http.described(error), failed + 1);
      if (wait === null) throw http.jobFailure(error, `${name} could not be looked at`);
      return { wait };
    }
  }

  async #listed(
    http: Http,
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<Job | undefined> {
    try {
      for await (const job of this.#list(http, signal, true)) if (job.name === name) return job;
    } catch (error) {
      signal?.throwIfAborted();
      if (this.link.closed.aborted) throw error;
    }
    return undefined;
  }

  async #find(
    http: Http,
    displayName: string,
    signal: AbortSignal | undefined,
  ): Promise<Job | undefined> {
    let newest: Job | undefined;
    const time = (job: Job | undefined) => job?.createdAt?.getTime() ?? 0;
    for await (const job of this.#list(http, signal)) {
      if (job.displayName === displayName && (newest === undefined || time(job) > time(newest))) {
        newest = job;
      }
    }
    return newest;
  }

  async *#list(http: Http, signal: AbortSignal | undefined, unread = false): AsyncGenerator<Job> {
    let token = '';
    do {
      const query = new URLSearchParams({ pageSize: String(this.rules.numbers.page) });
      if (token !== '') query.set('pageToken', token);
      let page: Page;
      try {
        page = (await http.json(`batches?${query}`, { signal })) as Page;
      } catch (error) {
        throw http.failure(error, 'the jobs could not be listed');
      }
      for (const operation of page.operations ?? page.batches ?? []) {
        yield this.read(operation, unread);
      }
      token = page.nextPageToken ?? '';
    } while (token !== '');
  }

  async #operation(
    http: Http,
    name: string,
    signal: AbortSignal | undefined,
    results = false,
  ): Promise<Operation> {
    try {
      return (await http.json(name, { signal })) as Operation;
    } catch (error) {
      throw http.jobFailure(error, `${name} could not be read`, results);
    }
  }

  /** Deletes what `create` has uploaded: the store has 20 GB, and keeps a file for 48 h. */
  async #tidy(http: Http, job: Job, signal?: AbortSignal): Promise<void> {
    const file = this.#kept.get(job.name)?.file;
    if (typeof file !== 'string') return;
    await this.removeFile(http, file, signal);
    this.#kept.set(job.name, { model: job.model, file: null });
  }

  #at(job: string | Job): LocatedJob {
    const name = typeof job === 'string' ? job : job?.name;
    this.#checked(name, 'batches');
    const model = typeof job === 'string' ? this.#kept.get(job)?.model : job.model;
    return { name, http: this.http(model === '' ? undefined : model) };
  }

  #checked(name: unknown, collection: 'batches' | 'files'): void {
    if (typeof name !== 'string' || !this.rules.isName(name, collection)) {
      const what = collection === 'batches' ? 'a job' : 'a file';
      throw new TypeError(`unexhausted: ${what} is named as \`${collection}/abc\``);
    }
  }

  #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return pause(ms, [signal, this.link.closed]);
  }
}

/** A signal that aborts with the caller's, and at a time, in ms since 1970; `off` ends the watch. */
function ending(
  caller: AbortSignal | undefined,
  until: number | undefined,
  late: () => unknown,
): { signal: AbortSignal | undefined; off: () => void } {
  if (until === undefined) return { signal: caller, off: () => {} };
  const controller = new AbortController();
  const abort = () => controller.abort(caller?.reason);
  if (caller?.aborted === true) abort();
  caller?.addEventListener('abort', abort);
  const uncall = callAt(until, () => controller.abort(late()));
  const off = () => {
    uncall();
    caller?.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, off };
}

interface Times {
  createTime?: unknown;
  updateTime?: unknown;
  endTime?: unknown;
}

interface Operation extends Times {
  metadata?: Times & { output?: Output; error?: unknown };
  response?: Output;
  error?: unknown;
}

interface Output {
  inlinedResponses?: unknown;
}

interface Page {
  operations?: unknown[];
  batches?: unknown[];
  nextPageToken?: string;
}

/** The operation without the results inside of it, which may be a gigabyte. */
function light(operation: unknown): unknown {
  const text = JSON.stringify(operation, (key, value) =>
    key === 'inlinedResponses' ? true : key === 'inlinedRequests' ? undefined : value,
  );
  return text === undefined ? null : JSON.parse(text);
}

function inlinedRows(operation: Operation | undefined): object[] | undefined {
  const output =
    operation?.response?.inlinedResponses ?? operation?.metadata?.output?.inlinedResponses;
  const rows = Array.isArray(output)
    ? output
    : (output as { inlinedResponses?: unknown } | undefined)?.inlinedResponses;
  if (!Array.isArray(rows)) return undefined;
  return rows.filter((row) => typeof row === 'object' && row !== null);
}

function date(text: unknown): Date | undefined {
  if (typeof text !== 'string') return undefined;
  const found = new Date(text);
  return Number.isNaN(found.getTime()) ? undefined : found;
}
