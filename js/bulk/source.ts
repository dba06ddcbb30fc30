/** Where a batch takes its requests from. */
import type { BatchRequest, BatchSource } from '../batch-types.js';

/** @throws `TypeError` for what cannot be iterated. */
export function checkSource(source: unknown): void {
  const isIterable =
    typeof source === 'object' &&
    source !== null &&
    (Symbol.asyncIterator in source || Symbol.iterator in source || 'getReader' in source);
  if (isIterable) return;
  throw new TypeError(
    'unexhausted: the requests of a batch are an array, an iterable, an async iterable or a stream',
  );
}

export function iterate(source: BatchSource): AsyncIterator<BatchRequest> | Iterator<BatchRequest> {
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
  if (Symbol.iterator in source) return source[Symbol.iterator]();
  return read(source);
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
