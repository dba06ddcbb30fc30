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

const jobs = new Map();

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
    const name = `batches/stand-in-${jobs.size + 1}`;
    const job = { name, displayName, model, state: 'pending', ended: false, requests: rows.length };
    await onCreated?.(
      job,
      rows.map(({ key }) => key),
    );
    return [job];
  }

  async get(name) {
    const numbers = { requests: 3, succeeded: 2, failed: 1 };
    const about = { displayName: 'stand-in', model: 'gemini-3-pro-image' };
    return { name, ...about, state: 'succeeded', ended: true, ...numbers };
  }

  async *list() {
    yield await this.get('batches/stand-in-1');
  }

  async wait(name, { onProgress, signal } = {}) {
    if (name === 'batches/slow') {
      const running = { ...(await this.get(name)), state: 'running', ended: false };
      onProgress?.(running);
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        setTimeout(() => {}, 60_000);
      });
    }
    return await this.get(name);
  }

  async *results() {
    for (const key of ['a/b', 'a-b', '../../c']) {
      const { images, cost } = await this.#client.generate(key);
      yield { key, images, cost };
    }
    yield {
      key: 'bad',
      images: [],
      error: { kind: 'blocked', summary: 'The prompt was blocked.' },
    };
  }

  async cancel() {}

  async delete() {}
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
