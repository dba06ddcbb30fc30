/** The way of a batch's items: from the source to where each is made. */
import type { BatchOptions, BatchRequest } from '../batch-types.js';
import type { GenerateRequest } from '../types/request.js';
import type { BatchCore } from './core.js';
import type { DurableStorage } from './durable-storage.js';
import { checkEntry, fingerprint, keyOf, promptOf, requestOf } from './entry.js';
import type { FinishedItems } from './finished-items.js';
import type { PendingItem } from './item.js';
import type { JobItems } from './job-items.js';
import type { RealtimeItems } from './realtime-items.js';
import type { ReorderBuffer } from './reorder-buffer.js';
import type { Source } from './source.js';

/** Items at once by default: more than the quota of any tier keeps in flight for long. */
const CONCURRENCY = 64;
/** Items that wait in the client's queue: enough that it is never empty, few to give back. */
const READ_AHEAD = 16;
/** Finished items on disk that wait for an earlier one. */
const EARLY_MAX = 1_000;

/** The places that an item comes by. */
export interface Stations {
  source: Source;
  core: BatchCore;
  storage: DurableStorage;
  realtime: RealtimeItems;
  /** Absent where nothing is made by jobs. */
  jobs: JobItems | undefined;
  finished: FinishedItems;
  buffer: ReorderBuffer;
}

/** The batch as its intake sees it. */
export interface IntakeHost {
  isRunning(): boolean;
  isStopped(): boolean;
  /** The next item, of up to so many USD, does not fit the budget, and nothing else is in flight. */
  overBudget(usd: number): void;
  fails(error: unknown): void;
  changed(): void;
  /** Progress and notices are to be emitted. */
  emit(): void;
}

export class Intake {
  readonly #options: BatchOptions;
  readonly #stations: Stations;
  readonly #host: IntakeHost;
  readonly #concurrency: number;
  /** Items that were taken before and are to be made. */
  readonly #again: PendingItem[] = [];
  /** USD that did not fit the budget while other things were in flight. */
  #tooExpensive: number | undefined;
  #wake: () => void = () => {};
  #isPulling = false;
  /** The next entry of the source, once it has come. */
  #next: BatchRequest | undefined;
  #hasNext = false;
  #index = 0;
  #isComplete = false;

  constructor(options: BatchOptions, stations: Stations, host: IntakeHost) {
    this.#options = options;
    this.#stations = stations;
    this.#host = host;
    this.#concurrency = options.concurrency ?? CONCURRENCY;
  }

  /** Whether the source has ended. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Items that were taken and neither made nor failed. */
  get left(): number {
    return this.#again.length + (this.#stations.jobs?.size ?? 0);
  }

  /** Has an item made that was taken before. */
  again(pending: PendingItem): void {
    this.#again.push(pending);
  }

  tooExpensive(usd: number): void {
    this.#tooExpensive = usd;
  }

  /** Something has changed that it may wait for. */
  wake(): void {
    this.#wake();
  }

  /** Whether so many USD fit the budget, beside the items that are on their way into jobs. */
  affords(usd: number): boolean {
    const { core, jobs } = this.#stations;
    return core.affords((jobs?.fed ?? 0) + usd);
  }

  /** Takes items until all are seen to, or the batch is stopped and nothing is in flight. */
  async run(): Promise<void> {
    for (;;) {
      const changed = this.#nextWake();
      if (this.#host.isStopped()) {
        if (this.#isIdle()) break;
      } else if (this.#hasAgain() && this.#hasRoom(true)) {
        await this.#place(this.#takeAgain());
        continue;
      } else if (this.#hasNext && this.#hasRoom()) {
        await this.#takeNext();
        continue;
      } else if (this.#isComplete) {
        if (this.#again.length === 0 && this.#isIdle()) break;
        this.#stations.jobs?.complete();
        if (this.#again.length === 0) this.#stations.jobs?.flush();
      } else if (!this.#hasNext && !this.#isPulling && this.#hasRoom()) {
        this.#pull();
      }
      await changed;
    }
    // A source that is in the middle of something ends when it comes to it.
    if (!this.#isComplete) this.#stations.source.end();
  }

  /** Resolves once nothing is in flight. */
  async finish(): Promise<void> {
    while (!this.#isIdle()) await this.#nextWake();
  }

  #nextWake(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #pull(): void {
    this.#isPulling = true;
    void this.#stations.source.next().then(
      ({ done, value }) => {
        this.#isPulling = false;
        if (done) this.#isComplete = true;
        else {
          this.#next = value;
          this.#hasNext = true;
        }
        this.#host.changed();
      },
      (error: unknown) => this.#host.fails(error),
    );
  }

  async #takeNext(): Promise<void> {
    const entry = this.#next as BatchRequest;
    this.#next = undefined;
    this.#hasNext = false;
    await this.#take(this.#index, entry);
    this.#index += 1;
  }

  /** Whether one of those that were taken before has where to go. */
  #hasAgain(): boolean {
    if (this.#stations.jobs?.isFull !== true) return this.#again.length > 0;
    return this.#again.some(({ atOnce }) => atOnce);
  }

  #takeAgain(): PendingItem {
    const isFull = this.#stations.jobs?.isFull === true;
    const at = isFull ? this.#again.findIndex(({ atOnce }) => atOnce) : 0;
    return this.#again.splice(at, 1)[0] as PendingItem;
  }

  #isIdle(): boolean {
    const { realtime, jobs } = this.#stations;
    return realtime.size === 0 && (jobs?.isIdle ?? true);
  }

  /** Whether one more item may be asked for now: one that was taken before, or the next. */
  #hasRoom(isTaken = false): boolean {
    const { storage, realtime, jobs, buffer } = this.#stations;
    if (!this.#host.isRunning() || storage.isFull) return false;
    // The jobs of earlier runs wait for items that come behind those that do not fit.
    const isExpecting = !isTaken && jobs?.isExpecting === true;
    const usd = this.#tooExpensive;
    if (usd !== undefined && !isExpecting && !this.#fits(usd)) return false;
    if (realtime.unsent >= READ_AHEAD || realtime.size >= this.#concurrency) return false;
    const { waiting, early } = buffer;
    if (storage.isKeeping) {
      // Others may wait for the very one that was taken.
      if (waiting >= this.#concurrency) return false;
      if (isTaken || isExpecting || early < EARLY_MAX) return true;
      // No more can come before those that wait for their job to be filled are made.
      jobs?.flush();
      return false;
    }
    return realtime.size + waiting + early < this.#concurrency;
  }

  /** Whether an item that did not fit the budget does so now; items in flight may still cost less. */
  #fits(usd: number): boolean {
    if (this.affords(usd)) {
      this.#tooExpensive = undefined;
      return true;
    }
    this.#stations.jobs?.flush();
    if (this.#isIdle()) this.#host.overBudget(usd);
    return false;
  }

  async #take(index: number, entry: BatchRequest): Promise<void> {
    checkEntry(entry);
    const { core, storage, finished, jobs } = this.#stations;
    const request = requestOf(entry);
    const given = keyOf(entry);
    if (given !== undefined && (typeof given !== 'string' || given === '')) {
      throw new TypeError(`unexhausted: the key of request ${index} must be a text`);
    }
    // One that cannot be written as JSON is refused when it is made, and others are not.
    const print = await fingerprint(request).catch(() => fingerprint(`request ${index}`));
    const taken = core.take(given, print);
    const { key } = taken;
    this.#host.emit();
    if (taken.what === 'failed') return finished.restoredFailure(index, taken);
    if (taken.what === 'made') {
      const missing = await storage.find(key, taken.made);
      if (missing === undefined) return finished.restored(index, taken);
      core.missing(key, missing);
      this.#host.emit();
    }
    const name = this.#name(index, key, request);
    const atOnce = (this.#options.route ?? 'realtime') === 'realtime';
    const twice = taken.what !== 'inJob' && taken.twice;
    const pending = { index, key, request, name, twice, atOnce, jobs: 0 };
    if (taken.what !== 'inJob') return this.#place(pending);
    jobs?.rejoin(taken.displayName, pending);
  }

  /** Gives an item to a job, or has it made at once. */
  async #place(pending: PendingItem): Promise<void> {
    const { realtime, jobs } = this.#stations;
    if (pending.atOnce || jobs === undefined) return realtime.begin(pending);
    const placed = await jobs.add(pending);
    if (placed === 'elsewhere') realtime.begin({ ...pending, atOnce: true });
    else if (placed !== undefined) {
      this.#tooExpensive = placed.tooExpensive;
      this.#again.push(pending);
    }
  }

  /** Names an item before anything is paid: an error of the caller's function ends the batch. */
  #name(index: number, key: string, request: string | GenerateRequest): string {
    const prompt = promptOf(request);
    const given = this.#options.fileName?.({ index, key, prompt });
    return this.#stations.core.name(given === undefined ? '' : String(given), index, prompt);
  }
}
