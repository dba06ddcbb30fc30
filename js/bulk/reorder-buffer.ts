/** Finished items that wait for the reader, in the order that was asked for. */
import type { BatchItem } from '../batch-types.js';

interface Reader {
  resolve(result: IteratorResult<BatchItem, undefined>): void;
  reject(error: unknown): void;
}

const END: IteratorResult<BatchItem, undefined> = { done: true, value: undefined };

export class ReorderBuffer {
  readonly #inOrder: boolean;
  /** Finished before an item that comes before them. */
  readonly #early: Map<number, BatchItem> = new Map();
  #next = 0;
  #ready: BatchItem[] = [];
  #readers: Reader[] = [];
  #ending: { error?: unknown } | undefined;
  /** Whether anybody reads; else items go by. */
  isRead = false;

  constructor(inOrder: boolean) {
    this.#inOrder = inOrder;
  }

  /** Items that wait to be read. */
  get waiting(): number {
    return this.#ready.length;
  }

  /** Items that wait for an earlier one. */
  get early(): number {
    return this.#early.size;
  }

  give(item: BatchItem): void {
    if (!this.#inOrder) {
      this.#push(item);
      return;
    }
    this.#early.set(item.index, item);
    for (;;) {
      const due = this.#early.get(this.#next);
      if (due === undefined) return;
      this.#early.delete(this.#next);
      this.#next += 1;
      this.#push(due);
    }
  }

  /** Nothing more comes; what waited for an item that never came is given now. */
  end(ending: { error?: unknown }): void {
    const left = [...this.#early.values()].sort((one, other) => one.index - other.index);
    this.#early.clear();
    for (const item of left) this.#push(item);
    this.#ending = ending;
    for (const reader of this.#readers) this.#finish(reader);
    this.#readers = [];
  }

  read(): Promise<IteratorResult<BatchItem, undefined>> {
    const item = this.#ready.shift();
    if (item !== undefined) return Promise.resolve({ done: false, value: item });
    return new Promise((resolve, reject) => {
      if (this.#ending !== undefined) this.#finish({ resolve, reject });
      else this.#readers.push({ resolve, reject });
    });
  }

  #push(item: BatchItem): void {
    if (!this.isRead) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#ready.push(item);
    else reader.resolve({ done: false, value: item });
  }

  #finish({ resolve, reject }: Reader): void {
    const { error } = this.#ending ?? {};
    if (error === undefined) resolve(END);
    else {
      // It is said once; who reads on finds the end.
      this.#ending = {};
      reject(error);
    }
  }
}
