/** The decisions about jobs: the functions of the module of batches, with types. */
import { bulk } from '../bulk/load.js';

type Glue = typeof import('../wasm/bulk.js');

/** Sizes in bytes and times in ms. */
export interface Numbers {
  chunk: number;
  lineMax: number;
  page: number;
  requestTimeout: number;
  chunkTimeout: number;
}

/** The size of a job so far. */
export interface Part {
  requests: number;
  bytes: number;
  tokens: number;
  results: number;
  inline: boolean;
}

/** A job as the core reads it. */
export interface ReadJob {
  name: string;
  displayName: string;
  model: string;
  state: string;
  ended: boolean;
  requests?: number;
  succeeded?: number;
  failed?: number;
  resultsFile?: string;
  inputFile?: string;
  inlined: boolean;
  hasError: boolean;
  advice?: string;
}

/** An error as plain data; with its kind where it is one of ours. */
export interface Failed {
  error: unknown;
  kind: string | undefined;
}

/** The step after a create that failed. */
export interface AfterCreate {
  next: 'room' | 'again' | 'search' | 'stop';
  wait?: number;
  reason?: string;
  /** Whether it is not created again where it is not found. */
  last: boolean;
}

export class Rules {
  readonly #glue: Glue;
  readonly numbers: Numbers;

  private constructor(glue: Glue) {
    this.#glue = glue;
    this.numbers = this.#run(() => JSON.parse(glue.jobNumbers()));
  }

  static async open(): Promise<Rules> {
    return new Rules(await bulk.load());
  }

  /** @throws `TypeError` for an option that the method does not have. */
  checkOptions(method: string, options: object | undefined): void {
    if (options === undefined) return;
    if (typeof options !== 'object' || options === null) {
      throw new TypeError('unexhausted: the options must be an object');
    }
    const entries = Object.entries(options);
    const keys = entries.map(([key]) => key);
    const types = entries.map(([, value]) => (value === null ? 'null' : typeof value));
    this.#run(() => this.#glue.checkJobOptions(method, keys, types));
  }

  readJob(operation: unknown, age: number | undefined, unread: boolean): ReadJob {
    return this.#ask('readJob', { operation, age, unread });
  }

  refusal(operation: unknown): { kind: string; message: string; advice: string } {
    return this.#ask('jobRefusal', { operation });
  }

  /** Advice on a failed request about one job, beside that on its kind. */
  failureAdvice(failed: Failed, results: boolean): string | null {
    return this.#ask('failureAdvice', { ...failed, results });
  }

  fileState(state: string | undefined): 'ready' | 'pending' | 'failed' {
    return this.#run(() => this.#glue.fileState(state ?? '')) as 'ready' | 'pending' | 'failed';
  }

  isDeleted(status: number, attempt: number): boolean {
    return this.#run(() => this.#glue.isDeleted(status, attempt));
  }

  isName(name: string, collection: 'batches' | 'files'): boolean {
    return this.#run(() => this.#glue.isName(name, collection));
  }

  fileId(displayName: string): string {
    return this.#run(() => this.#glue.fileId(displayName));
  }

  /** The part with one more request; `null` where it belongs into the next one. */
  add(
    part: Part | undefined,
    row: { bytes: number; tokens: number; size: string | undefined; model: string },
    tier: unknown,
  ): Part | null {
    const known = typeof tier === 'string' ? tier : undefined;
    return this.#ask('addToPart', { part, ...row, tier: known });
  }

  afterCreate(failed: Failed, tries: { room: number; other: number }): AfterCreate {
    return this.#ask('afterCreate', {
      ...failed,
      ...tries,
      random: Math.random(),
      now: Date.now(),
    });
  }

  afterLook(failed: Failed, looks: number): number | null {
    return this.#ask('afterLook', { ...failed, looks, random: Math.random(), now: Date.now() });
  }

  nextLook(age: number): number {
    return this.#run(() => this.#glue.nextLook(age, Math.random()));
  }

  /** The wait, or what is left of the time; nothing once that is over. */
  within(wait: number, left: number | undefined): number | undefined {
    return this.#run(() => this.#glue.within(wait, left));
  }

  /** The wait until the last look, where so much is left until a deadline. */
  lastLook(left: number): number {
    return this.#run(() => this.#glue.lastLook(left));
  }

  nextSearch(looks: number): number | undefined {
    return this.#run(() => this.#glue.nextSearch(looks));
  }

  cost(row: { model: string; usage: unknown; pictures: number; catalog: unknown }): number | null {
    return this.#ask('rowCost', row);
  }

  keyOf(head: string): string | undefined {
    return this.#run(() => this.#glue.keyOf(head));
  }

  clean(text: string, secrets: string[], prompts: string[]): string {
    return this.#run(() => this.#glue.clean(text, secrets, prompts));
  }

  #ask<T>(
    what:
      | 'readJob'
      | 'jobRefusal'
      | 'failureAdvice'
      | 'addToPart'
      | 'afterCreate'
      | 'afterLook'
      | 'rowCost',
    about: unknown,
  ): T {
    return this.#run(() => JSON.parse(this.#glue[what](JSON.stringify(about))));
  }

  #run<T>(what: () => T): T {
    return bulk.run(this.#glue, what);
  }
}
