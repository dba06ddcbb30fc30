/** Streams of the AI SDK's models: when one has begun. */
import { cutShort } from './cut-short.js';

/** A part of a stream, as far as it is used. */
export interface Part {
  type: string;
  error?: unknown;
  finishReason?: unknown;
}

/** A stream that has begun. */
export interface OpenedParts {
  /** The parts that have come, the last of which says something. */
  begun: Part[];
  reader: ReadableStreamDefaultReader<Part>;
}

/** Parts that say nothing of the answer yet. */
const PREAMBLE = ['stream-start', 'response-metadata', 'raw'];

/** Waits for the first part that says something: until then nobody has seen anything. */
export async function opened(stream: ReadableStream<Part>): Promise<OpenedParts> {
  const reader = stream.getReader();
  const begun: Part[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw cutShort();
    begun.push(value);
    if (PREAMBLE.includes(value.type)) continue;
    const error = value.type === 'error' ? value.error : isInterrupted(value) && cutShort();
    if (!error) return { begun, reader };
    // What it has of the connection is of no use to anybody.
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** The whole stream. */
export function replayed({ begun, reader }: OpenedParts): ReadableStream<Part> {
  return new ReadableStream({
    start: (controller) => {
      for (const part of begun) controller.enqueue(part);
    },
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** The SDK takes a connection that breaks off for an answer that is interrupted. */
function isInterrupted({ type, finishReason }: Part): boolean {
  const reason = finishReason as { unified?: string } | undefined;
  return type === 'finish' && reason?.unified === 'interrupted';
}
