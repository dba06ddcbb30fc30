/** `jobs.create`: requests into parts, parts into files, files into jobs. */

import { ask } from '../base/callback.js';
import { hex } from '../base/digest.js';
import type { BatchRequest, BatchSource } from '../batch-types.js';
import { checkEntry, fingerprint, keyOf, requestOf } from '../bulk/entry.js';
import type { CreateJobOptions, Job } from '../types/jobs.js';
import type { Http } from './http.js';
import type { Link } from './link.js';
import { pause } from './pause.js';
import type { Part, Rules } from './rules.js';
import { Spool } from './spool.js';
import { upload } from './upload.js';

/** The service of jobs as creating one sees it. */
export interface Home {
  readonly link: Link;
  readonly rules: Rules;
  http(model: string): Http;
  read(operation: unknown): Job;
  search(
    http: Http,
    displayName: string,
    signal: AbortSignal | undefined,
  ): Promise<Job | undefined>;
  /** Remembers what a job was made of. */
  keep(job: Job, file: string | undefined): void;
  removeFile(http: Http, file: string): Promise<void>;
  /** Deletes the files of jobs that have ended meanwhile: they may be what is in the way. */
  removeEnded(http: Http): Promise<void>;
}

/** A request as the core writes it. */
interface Written {
  model: string;
  text: string;
  tokens: number;
  size?: string;
}

/** A job under construction. */
interface JobDraft {
  model: string;
  part: Part;
  spool: Spool;
  keys: string[];
}

export async function create(
  home: Home,
  requests: BatchSource,
  options: CreateJobOptions,
): Promise<Job[]> {
  const { link, rules } = home;
  const run = `${options.displayName ?? 'unexhausted'}-${randomText()}`;
  const keys = new Keys();
  const open = new Map<string, JobDraft>();
  const jobs: Job[] = [];
  let count = 0;
  const finish = async (ready: JobDraft): Promise<void> => {
    count += 1;
    try {
      jobs.push(await createOne(home, ready, `${run}-${count}`, options));
    } finally {
      open.delete(ready.model);
      await ready.spool.close();
    }
  };
  try {
    for await (const item of items(requests)) {
      options.signal?.throwIfAborted();
      checkEntry(item);
      const request = requestOf(item);
      const written = link.core((core) => core.jobRequest(request, options.model)) as Written;
      const { model, text, tokens, size } = written;
      const key = await keys.take(item);
      const line = `{"key":${JSON.stringify(key)},"request":${text}}\n`;
      const row = { bytes: new TextEncoder().encode(line).length, tokens, size, model };
      const before = open.get(model);
      let part = rules.add(before?.part, row, link.options.limits);
      if (part === null && before !== undefined) {
        await finish(before);
        part = rules.add(undefined, row, link.options.limits);
      }
      if (part === null) throw new TypeError('unexhausted: a request fits into no job');
      const into = open.get(model) ?? { model, part, spool: new Spool(), keys: [] };
      open.set(model, into);
      into.part = part;
      into.keys.push(key);
      await into.spool.write(line);
    }
    if (open.size === 0) throw new TypeError('unexhausted: there are no requests');
    for (const ready of [...open.values()]) await finish(ready);
    return jobs;
  } finally {
    for (const { spool } of open.values()) await spool.close();
  }
}

async function createOne(
  home: Home,
  { model, part, spool, keys }: JobDraft,
  displayName: string,
  options: CreateJobOptions,
): Promise<Job> {
  const { signal } = options;
  const http = home.http(model);
  let file: string | undefined;
  // Whether there may be a job that the file is needed for.
  let maybe = false;
  try {
    if (!part.inline) {
      const signals = [signal, home.link.closed];
      file = await withRoom(home, http, options, () =>
        upload(http, home.rules, spool, displayName, signals),
      );
    }
    const rows = file === undefined ? await inlined(spool) : [];
    // A refusal of what is sent may quote it.
    http.hide(promptsOf(rows));
    const inputConfig = file === undefined ? { requests: { requests: rows } } : { fileName: file };
    const body = JSON.stringify({ batch: { displayName, inputConfig } });
    await options.onCreating?.({ displayName, model, keys });
    const path = `${http.endpoint.path}:batchGenerateContent`;
    const send = async () => {
      maybe = true;
      return home.read(await http.json(path, { method: 'POST', body, signal, once: true }));
    };
    const job = await withRoom(home, http, options, send, {
      find: () => home.search(http, displayName, signal),
      refused() {
        maybe = false;
      },
    });
    home.keep(job, file);
    await options.onCreated?.(job, keys);
    return job;
  } catch (error) {
    if (file !== undefined && !maybe) await home.removeFile(http, file);
    throw error;
  }
}

/**
 * Runs what may be refused for want of room until there is some. Where it may have done its work
 * although it failed, `search` looks for that, then and before each further try. Without one it does no
 * harm twice.
 */
async function withRoom<T>(
  home: Home,
  http: Http,
  options: CreateJobOptions,
  run: () => Promise<T>,
  search?: Search<T>,
): Promise<T> {
  const { link, rules } = home;
  const signals = [options.signal, link.closed];
  const tries = { room: 0, other: 0 };
  let lost = false;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (http.isOver(error, options.signal)) throw error;
      const failed = http.failure(error, 'the job could not be created');
      const { next, wait = 0, reason = '', last } = rules.afterCreate(http.described(error), tries);
      lost ||= next === 'search';
      if (!lost) search?.refused();
      if (next === 'stop') throw failed;
      if (next === 'room') {
        tries.room += 1;
        const waiting = { reason, retryAt: new Date(Date.now() + wait) };
        if (options.onWaiting !== undefined) ask('`onWaiting`', options.onWaiting, waiting);
        await pause(wait, signals);
        await home.removeEnded(http);
      } else {
        tries.other += 1;
        // As long as a search would take.
        const idle = search === undefined ? rules.nextSearch(tries.other) : undefined;
        await pause(next === 'again' ? wait : (idle ?? 0), signals);
      }
      const found = lost ? await search?.find() : undefined;
      if (found !== undefined) return found;
      if (last) throw failed;
    }
  }
}

/** How to find what a try may have done. */
interface Search<T> {
  find(): Promise<T | undefined>;
  /** Told of a failure that has done nothing for sure, nor any before it. */
  refused(): void;
}

/** The rows of a small job, as the create takes them. */
async function inlined(spool: Spool): Promise<unknown[]> {
  const text = new TextDecoder().decode(await spool.read(0, spool.size));
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { key, request } = JSON.parse(line) as { key: string; request: unknown };
      return { request, metadata: { key } };
    });
}

/** Of a prompt this much is looked for in errors, in letters: 2,048 words are compared in all. */
const PROMPT_MAX = 16_384;

/** Every text of these requests. */
function promptsOf(rows: readonly unknown[]): string[] {
  const texts: string[] = [];
  JSON.stringify(rows, (key, value) => {
    if (key === 'text' && typeof value === 'string') texts.push(value.slice(0, PROMPT_MAX));
    return value;
  });
  return texts;
}

function items(requests: unknown): BatchSource {
  const has = (symbol: symbol) => typeof Object(requests)[symbol] === 'function';
  if (typeof requests === 'string' || !(has(Symbol.iterator) || has(Symbol.asyncIterator))) {
    throw new TypeError('unexhausted: `create` needs a list or a stream of requests');
  }
  return requests as BatchSource;
}

/** The keys of a batch, each of which is there once. */
class Keys {
  readonly #taken = new Set<string>();
  readonly #counts = new Map<string, number>();

  async take(item: BatchRequest): Promise<string> {
    const given = keyOf(item);
    if (given !== undefined && (typeof given !== 'string' || given === '')) {
      throw new TypeError('unexhausted: a `key` must be a text that is not empty');
    }
    const key = given ?? this.#next(await fingerprint(requestOf(item)));
    if (this.#taken.has(key)) {
      throw new TypeError(`unexhausted: two requests have the key ${JSON.stringify(key)}`);
    }
    this.#taken.add(key);
    return key;
  }

  #next(print: string): string {
    const count = (this.#counts.get(print) ?? 0) + 1;
    this.#counts.set(print, count);
    return count === 1 ? print : `${print}#${count}`;
  }
}

/** So that no other job has the same name. */
function randomText(): string {
  return hex(crypto.getRandomValues(new Uint8Array(6)));
}
