/** A client of somebody else's, as the judge calls it. */
import type { Dialect } from './faults.ts';

export interface Sdk {
  /** How the table calls it. */
  name: string;
  /** The package whose version counts. */
  package: string;
  dialect: Dialect;
  /** The switch of its own retries, as a caller writes it; absent where it has none. */
  retries?: string;
  /** The faults that cannot be given to it. */
  without?: string[];
  /** Whether its own waits cannot be jumped over. */
  isSlow?: true;
  /** One call; with `ownRetries` as the client does it by itself. */
  call(to: Target): Promise<unknown>;
  /** The same as a stream that is read to its end; absent where it has none of its own. */
  stream?(to: Target): Promise<unknown>;
}

export interface Target {
  /** The base URL. */
  url: string;
  /** Whether its own retries are left as they come. */
  ownRetries: boolean;
}

export const KEY = 'a-key-of-nobody';
export const PROMPT = 'a paper boat';

/** Reads a stream to its end. */
export async function readAll(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const chunks: unknown[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** The body of a `generateContent` request. */
export const REQUEST = { contents: [{ role: 'user', parts: [{ text: PROMPT }] }] };
