/** The batch in WebAssembly, which knows each item; with types. */
import type { BatchNotice } from '../batch-types.js';
import type { GenerateError } from '../errors.js';
import { internal } from '../module/load.js';
import type { Batch } from '../wasm/bulk.js';
import type { OpenJob } from './by-job.js';
import { bulk } from './load.js';
import type { SavedFile } from './storage.js';

/** The settings of a batch. */
export interface CoreSettings {
  budget: number | undefined;
  retryFailed: boolean;
  maxCost: boolean;
}

/** An item that was made. */
export interface Made {
  model: string;
  usd?: number;
  files: SavedFile[];
}

/** The next step with an item of the source. */
export type Taken =
  | { what: 'made'; key: string; made: Made; lost: number; twice: boolean }
  | {
      what: 'failed';
      key: string;
      failure: { kind: GenerateError['kind']; message: string; advice: string; again: boolean };
      lost: number;
      twice: boolean;
    }
  | { what: 'make'; key: string; twice: boolean }
  | { what: 'inJob'; key: string; displayName: string };

/** How an item failed. */
export interface Trouble {
  kind: string;
  message: string;
  advice: string;
  hasOwnModel: boolean;
}

export interface Counts {
  taken: number;
  done: number;
  failed: number;
  again: number;
  restored: number;
  cost: number;
  possibleCost: number;
  perMinute: number;
}

type Glue = Awaited<ReturnType<typeof bulk.load>>;

export class BatchCore {
  readonly #glue: Glue;
  readonly #batch: Batch;
  readonly #instance = bulk.instance;

  private constructor(glue: Glue, batch: Batch) {
    this.#glue = glue;
    this.#batch = batch;
  }

  static async open(settings: CoreSettings): Promise<BatchCore> {
    const glue = await bulk.load();
    const text = JSON.stringify(settings);
    return new BatchCore(
      glue,
      bulk.run(glue, () => new glue.Batch(text)),
    );
  }

  /** Whether the WebAssembly has failed since: then nothing is known any more. */
  get isLost(): boolean {
    return bulk.instance !== this.#instance;
  }

  /** The object that a journal is read into. */
  get journal(): Batch {
    return this.#batch;
  }

  begin(): string {
    return this.#ask((batch) => batch.begin(Date.now()));
  }

  take(key: string | undefined, print: string): Taken {
    return this.#parse((batch) => batch.take(key, print));
  }

  missing(key: string, file: string): void {
    this.#ask((batch) => batch.missing(key, file));
  }

  /** The line to write before a request; none where the budget says no. */
  sends(key: string, model: string, usd: number): string | undefined {
    return this.#ask((batch) => batch.sends(key, model, usd, Date.now()));
  }

  affords(usd: number): boolean {
    return this.#ask((batch) => batch.affords(usd));
  }

  waits(key: string, possiblyBilled: boolean): string | undefined {
    return this.#ask((batch) => batch.waits(key, possiblyBilled));
  }

  made(key: string, made: Made): string {
    return this.#ask((batch) => batch.made(key, JSON.stringify(made), Date.now()));
  }

  named(key: string, files: readonly SavedFile[]): string {
    return this.#ask((batch) => batch.named(key, JSON.stringify(files)));
  }

  failed(key: string, trouble: Trouble): { line: string; verdict: 'forGood' | 'again' | 'stop' } {
    return this.#parse((batch) => batch.failed(key, JSON.stringify(trouble), Date.now()));
  }

  /** The possible cost in USD of lost answers to an item, over all runs. */
  lost(key: string): number {
    return this.#ask((batch) => batch.lost(key));
  }

  counts(): Counts {
    return this.#parse((batch) => batch.progress(Date.now()));
  }

  notices(): BatchNotice[] {
    return this.#parse((batch) => batch.notices());
  }

  jobs(): OpenJob[] {
    return this.#parse((batch) => batch.jobs());
  }

  jobCreating(job: OpenJob): string {
    return this.#ask((batch) => batch.jobCreating(JSON.stringify(job), Date.now()));
  }

  jobCreated(displayName: string, name: string): string {
    return this.#ask((batch) => batch.jobCreated(displayName, name));
  }

  jobEnded(displayName: string): string {
    return this.#ask((batch) => batch.jobEnded(displayName));
  }

  isOfTheModel(kind: string): boolean {
    return bulk.run(this.#glue, () => this.#glue.isOfTheModel(kind));
  }

  takesAnotherJob(jobs: number): boolean {
    return bulk.run(this.#glue, () => this.#glue.takesAnotherJob(jobs));
  }

  endRun(): void {
    this.#ask((batch) => batch.endRun());
  }

  free(): void {
    // An address of an earlier instance is none of this one.
    if (!this.isLost) this.#batch.free();
  }

  /** The name of an item's picture: what the caller gave, made harmless, else of the prompt. */
  name(given: string, index: number, prompt: string): string {
    const safe = given === '' ? '' : bulk.run(this.#glue, () => this.#glue.safeName(given));
    if (safe !== '') return safe;
    return bulk.run(this.#glue, () => this.#glue.nameOfItem(index, prompt));
  }

  numberedName(base: string, picture: number, pictures: number, mime: string): string {
    return bulk.run(this.#glue, () => this.#glue.numberedName(base, picture, pictures, mime));
  }

  nameBeside(name: string, clashes: number): string {
    return bulk.run(this.#glue, () => this.#glue.nameBeside(name, clashes));
  }

  temporaryName(key: string, picture: number): string {
    return bulk.run(this.#glue, () => this.#glue.temporaryName(key, picture));
  }

  typeOf(name: string): string {
    return bulk.run(this.#glue, () => this.#glue.typeOf(name));
  }

  /** The obstacle to writing, where that may pass. */
  diskTrouble(code: string): string | undefined {
    return bulk.run(this.#glue, () => this.#glue.diskTrouble(code));
  }

  /** The wait in ms before the next try to write; none where it is time to give up. */
  diskWait(failures: number, elapsed: number): number | undefined {
    return bulk.run(this.#glue, () => this.#glue.diskWait(failures, elapsed));
  }

  #ask<T>(what: (batch: Batch) => T): T {
    // Another batch may have met the trap: its end must not be that of the instance that came after.
    if (this.isLost) throw internal(undefined);
    return bulk.run(this.#glue, () => what(this.#batch));
  }

  #parse<T>(what: (batch: Batch) => string): T {
    return JSON.parse(this.#ask(what));
  }
}
