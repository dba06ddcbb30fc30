/**
 * Stands in for `client.batch` and `client.jobs`, for tests of the command line alone: preloaded
 * into it, it gives the client a batch of the plainest kind and jobs that end at once.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '../../../pkg/client.js';

const CONCURRENCY = 2;

class Run {
  #client;
  #options;
  #items = [];
  #listeners = { progress: new Set(), notice: new Set() };
  #wake = () => {};
  #stopping = false;
  #abort = new AbortController();
  #state = {
    taken: 0,
    complete: false,
    done: 0,
    failed: 0,
    restored: 0,
    inFlight: 0,
    cost: 0,
    possibleCost: 0,
    perMinute: 0,
    state: 'running',
  };

  constructor(client, source, options) {
    this.#client = client;
    this.#options = options;
    this.done = this.#work(source);
    this.done.catch(() => {});
  }

  async #work(source) {
    const { journal } = this.#options;
    const lines = existsSync(journal) ? readFileSync(journal, 'utf8').trim().split('\n') : [];
    const before = new Map(lines.map((line) => JSON.parse(line)).map((row) => [row.key, row]));
    const flying = new Set();
    const state = this.#state;
    for await (const given of source) {
      if (this.#stopping) break;
      const index = state.taken++;
      const key = given.key ?? `item-${index}`;
      const row = before.get(key);
      if (row !== undefined) {
        state.restored += 1;
        this.#end({ ...row, restored: true });
        continue;
      }
      const one = this.#one(given.request ?? given, index, key).finally(() => flying.delete(one));
      flying.add(one);
      if (flying.size >= CONCURRENCY) await Promise.race(flying);
    }
    await Promise.all(flying);
    const stopped = this.#stopping;
    Object.assign(state, { state: 'ended', complete: !stopped });
    this.#tell();
    const { done, failed, cost } = state;
    return {
      ...{ done, failed, cost, possibleCost: 0, resumable: stopped, notices: [] },
      ...(stopped ? { stopped: { reason: 'stopped', message: 'it was stopped', advice: '' } } : {}),
    };
  }

  async #one(request, index, key) {
    this.#state.inFlight += 1;
    this.#tell();
    const common = { index, key, restored: false, files: [], possibleCost: 0 };
    try {
      const { signal } = this.#abort;
      const result = await this.#client.generate(request, { priority: 'background', signal });
      const file = join(this.#options.out, `${index + 1}.png`);
      writeFileSync(file, result.images[0].bytes());
      const { model, cost } = result;
      const item = { ...common, status: 'done', files: [file], model, cost };
      appendFileSync(this.#options.journal, `${JSON.stringify(item)}\n`);
      this.#end(item);
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#end({ ...common, status: 'failed', error });
    } finally {
      this.#state.inFlight -= 1;
    }
  }

  #end(item) {
    this.#state[item.status] += 1;
    this.#state.cost += item.cost ?? 0;
    this.#items.push(item);
    this.#tell();
  }

  #tell() {
    this.#wake();
    for (const listener of this.#listeners.progress) listener(this.progress());
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#state.state === 'ended') return;
      else {
        await new Promise((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  stop() {
    this.#stopping = true;
    this.#state.state = 'stopping';
    return this.done;
  }

  cancel() {
    this.#abort.abort();
    return this.stop();
  }

  progress() {
    return { ...this.#state };
  }

  on(event, listener) {
    this.#listeners[event].add(listener);
    return () => this.#listeners[event].delete(listener);
  }
}

/** Jobs are kept in the folder in which the program runs. */
const JOBS = 'stand-in-jobs.json';
const readJobs = () => (existsSync(JOBS) ? JSON.parse(readFileSync(JOBS, 'utf8')) : {});

class Jobs {
  #client;

  constructor(client) {
    this.#client = client;
  }

  async create(source, { model = 'gemini-3-pro-image', displayName = 'stand-in', onCreated }) {
    const rows = [];
    for await (const given of source) {
      rows.push({ key: given.key ?? `item-${rows.length}`, request: given.request ?? given });
    }
    const jobs = readJobs();
    const name = `batches/stand-in-${Object.keys(jobs).length + 1}`;
    const about = { name, displayName, model, createdAt: new Date(), requests: rows.length };
    jobs[name] = { ...about, state: 'pending', ended: false, rows };
    writeFileSync(JOBS, JSON.stringify(jobs));
    const job = await this.get(name);
    await onCreated?.(
      job,
      rows.map(({ key }) => key),
    );
    return [job];
  }

  async get(name) {
    const { rows: _, createdAt, ...job } = readJobs()[name];
    return { ...job, createdAt: new Date(createdAt) };
  }

  async *list() {
    for (const name of Object.keys(readJobs())) yield await this.get(name);
  }

  async wait(name, { onProgress, signal } = {}) {
    const jobs = readJobs();
    const job = jobs[name];
    if (job.displayName === 'stuck') {
      onProgress?.(await this.get(name));
      await new Promise((_, reject) => {
        const alive = setInterval(() => {}, 1_000);
        signal.addEventListener('abort', () => {
          clearInterval(alive);
          reject(signal.reason);
        });
      });
    }
    Object.assign(job, { state: 'succeeded', ended: true, succeeded: job.requests, failed: 0 });
    writeFileSync(JOBS, JSON.stringify(jobs));
    return await this.get(name);
  }

  async *results(name) {
    for (const { key, request } of readJobs()[name].rows) {
      try {
        const { images, cost } = await this.#client.generate(request);
        yield { key, images, cost };
      } catch (error) {
        yield { key, images: [], error: error.info };
      }
    }
  }

  async cancel(name) {
    const jobs = readJobs();
    jobs[name].state = 'cancelled';
    writeFileSync(JOBS, JSON.stringify(jobs));
  }

  async delete(name) {
    const { [name]: _, ...jobs } = readJobs();
    writeFileSync(JOBS, JSON.stringify(jobs));
  }
}

Client.prototype.batch ??= function batch(source, options) {
  return new Run(this, source, options);
};

if (!('jobs' in Client.prototype)) {
  Object.defineProperty(Client.prototype, 'jobs', {
    get() {
      return new Jobs(this);
    },
  });
}
