/** The finished items of a batch: kept, written down, and given to the reader. */
import { defined } from '../base/fields.js';
import type { BatchItem } from '../batch-types.js';
import { GenerateError } from '../errors.js';
import type { GenerateResult } from '../response.js';
import type { BatchCore, Made, Taken } from './core.js';
import type { DurableStorage, Pictures } from './durable-storage.js';
import { ownModel } from './entry.js';
import { asGenerateError, type PendingItem } from './item.js';
import type { ReorderBuffer } from './reorder-buffer.js';

/** The batch as its finished items see it. */
export interface FinishedHost {
  /** Nothing more can be written down or saved. */
  givesUp(error: unknown): void;
  /** The core has failed. */
  fails(error: unknown): void;
  /** The items that are left would fail alike. */
  stops(error: GenerateError): void;
  changed(): void;
}

type WithoutImages<Item> = Item extends unknown ? Omit<Item, 'images'> : never;

export class FinishedItems {
  readonly #core: BatchCore;
  readonly #storage: DurableStorage;
  readonly #buffer: ReorderBuffer;
  readonly #host: FinishedHost;
  /** Items that were made and could not be written down. */
  unkept = 0;

  constructor(core: BatchCore, storage: DurableStorage, buffer: ReorderBuffer, host: FinishedHost) {
    this.#core = core;
    this.#storage = storage;
    this.#buffer = buffer;
    this.#host = host;
  }

  /** Brings an item to where it outlives a crash; gives it to the reader where its pictures are kept. */
  async keep(pending: PendingItem, pictures: Pictures): Promise<void> {
    const { index, key, name, twice } = pending;
    const made = await this.#storage.keep(key, name, pictures);
    if (this.#storage.isKeeping) {
      this.#giveMade(index, key, made, this.#core.lost(key), twice, false);
    }
  }

  /** Keeps and gives an item that was made by a request of its own. */
  async made(pending: PendingItem, result: GenerateResult): Promise<void> {
    try {
      await this.keep(pending, result);
      if (!this.#storage.isKeeping) this.#giveResult(pending, result);
    } catch (error) {
      this.#host.givesUp(error);
      this.unkept += 1;
      // It is paid for: the reader has it at least.
      this.#giveResult(pending, result);
    }
  }

  async failed({ index, key, request, twice }: PendingItem, thrown: unknown): Promise<void> {
    const error = asGenerateError(thrown);
    const { kind, message, advice } = error;
    const trouble = { kind, message, advice, hasOwnModel: ownModel(request) !== undefined };
    const { line, verdict } = this.#core.failed(key, trouble);
    try {
      await this.#storage.record(line);
    } catch (cause) {
      this.#host.givesUp(cause);
    }
    this.#give({
      index,
      key,
      status: 'failed',
      restored: false,
      files: [],
      error,
      possibleCost: this.#core.lost(key),
      possiblyPaidTwice: twice,
      retriedOnResume: verdict !== 'forGood',
    });
    if (verdict === 'stop') this.#host.stops(error);
  }

  /** Gives an item that an earlier run has made. */
  restored(index: number, { key, made, lost, twice }: Extract<Taken, { what: 'made' }>): void {
    this.#giveMade(index, key, made, lost, twice, true);
  }

  /** Gives an item that an earlier run failed to make, for good. */
  restoredFailure(
    index: number,
    { key, failure, lost, twice }: Extract<Taken, { what: 'failed' }>,
  ): void {
    this.#give({
      index,
      key,
      status: 'failed',
      restored: true,
      files: [],
      possibleCost: lost,
      possiblyPaidTwice: twice,
      error: new GenerateError({ ...failure }),
      retriedOnResume: false,
    });
  }

  #giveResult({ index, key, twice }: PendingItem, result: GenerateResult): void {
    const item = defined({
      index,
      key,
      status: 'done' as const,
      restored: false,
      files: [],
      result,
      model: result.model,
      possibleCost: this.#lost(key),
      cost: result.cost,
      possiblyPaidTwice: twice,
    });
    this.#give(item, async () => result.images);
  }

  #giveMade(
    index: number,
    key: string,
    { model, usd, files }: Made,
    possibleCost: number,
    possiblyPaidTwice: boolean,
    restored: boolean,
  ): void {
    const storage = this.#storage;
    const item = defined({
      index,
      key,
      status: 'done' as const,
      restored,
      model,
      possibleCost,
      possiblyPaidTwice,
      cost: usd,
      files: files.map(({ name }) => storage.path(name)),
    });
    this.#give(item, () => storage.read(files));
  }

  #give(item: WithoutImages<BatchItem>, images?: BatchItem['images']): void {
    // Not enumerable, so that an item that is printed or written as JSON shows its data alone.
    const method = { value: images ?? (async () => []), enumerable: false };
    this.#buffer.give(Object.defineProperty(item, 'images', method) as BatchItem);
    this.#host.changed();
  }

  /** The item is paid for: a core that has failed must not keep it from the reader. */
  #lost(key: string): number {
    try {
      return this.#core.lost(key);
    } catch (error) {
      this.#host.fails(error);
      return 0;
    }
  }
}
