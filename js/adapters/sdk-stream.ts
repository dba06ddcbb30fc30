/** Streams of `@google/genai`: when one has begun, and whether it has come to its end. */
import { remember } from '../errors.js';
import { cutShort } from './cut-short.js';
import { classifyError } from './package-entry.js';

/** A chunk of an answer, as far as it is used. */
export interface Chunk {
  candidates?: { finishReason?: string }[];
  promptFeedback?: object;
}

/** A stream that has begun. */
export interface OpenedStream {
  /** The chunks that have come, the last of which says something. */
  begun: Chunk[];
  stream: AsyncGenerator<Chunk>;
}

/** Waits for the first chunk that says something: until then nobody has seen anything. */
export async function opened(stream: AsyncGenerator<Chunk>): Promise<OpenedStream> {
  const begun: Chunk[] = [];
  for (;;) {
    const { done, value } = await stream.next();
    if (done) throw cutShort();
    begun.push(value);
    if (value.candidates !== undefined || value.promptFeedback !== undefined) {
      return { begun, stream };
    }
  }
}

/** The whole stream; what it throws is known to `errorInfo`. */
export async function* rest({ begun, stream }: OpenedStream): AsyncGenerator<Chunk> {
  let isWhole = false;
  const see = (chunk: Chunk) => {
    isWhole ||= chunk.promptFeedback !== undefined;
    isWhole ||= chunk.candidates?.some(({ finishReason }) => finishReason !== undefined) ?? false;
    return chunk;
  };
  try {
    for (const chunk of begun) yield see(chunk);
    for await (const chunk of stream) yield see(chunk);
    if (!isWhole) throw cutShort();
  } catch (error) {
    if (typeof error === 'object' && error !== null) remember(error, classifyError(error));
    throw error;
  } finally {
    await stream.return(undefined);
  }
}
