/** The source of the requests of a batch. */
import type { BatchRequest, BatchSource } from '../batch-types.js';

type Requests = AsyncIterator<BatchRequest> | Iterator<BatchRequest>;

export class Source {
  readonly #requests: Requests | undefined;
  readonly #error: unknown;

  /** Begins to iterate at once: lines of `readline` go by whoever comes later. */
  constructor(source: BatchSource) {
    try {
      this.#requests = iterate(source);
    } catch (error) {
      this.#error = error;
    }
  }

  /** @throws `TypeError` for what cannot be iterated, and what iterating it has thrown. */
  check(): void {
    if (this.#requests === undefined) throw this.#error;
  }

  async next(): Promise<IteratorResult<BatchRequest>> {
    return (this.#requests as Requests).next();
  }

  /** Ends the iteration; a source that is in the middle of something ends when it comes to it. */
  end(): void {
    void (async () => this.#requests?.return?.())().catch(() => {});
  }
}

function iterate(source: BatchSource): Requests {
  if (typeof source === 'object' && source !== null) {
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
    if ('getReader' in source) return read(source);
  }
  throw new TypeError(
    'unexhausted: the requests of a batch are an array, an iterable, an async iterable or a stream',
  );
}

/** A stream in a browser that iterates none, as some Safaris. */
async function* read(stream: ReadableStream<BatchRequest>): AsyncGenerator<BatchRequest> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}
