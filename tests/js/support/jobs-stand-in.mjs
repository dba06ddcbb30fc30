/**
 * Stands in for `client.jobs`, for tests of the command line alone: preloaded into it, it gives the
 * client jobs that end when they are waited for.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Client } from '../../../pkg/client.js';

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
    const { rows: _, createdAt, endedAt, ...job } = readJobs()[name];
    const ended = endedAt === undefined ? {} : { endedAt: new Date(endedAt) };
    return { ...job, ...ended, createdAt: new Date(createdAt) };
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
    Object.assign(job, {
      ...{ state: 'succeeded', ended: true, succeeded: job.requests, endedAt: new Date() },
    });
    writeFileSync(JOBS, JSON.stringify(jobs));
    return await this.get(name);
  }

  async *results({ name }) {
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

if (!('jobs' in Client.prototype)) {
  Object.defineProperty(Client.prototype, 'jobs', {
    get() {
      return new Jobs(this);
    },
  });
}
