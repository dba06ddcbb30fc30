/** The options of the adapters that go around the client of an SDK. Durations are milliseconds. */
import type { Client } from '../client/client.js';
import type { RetryOptions } from '../types/options.js';
import { retry } from './package-entry.js';

/** Options of the adapters of SDKs: those of `client.retry`, for each call. */
export interface AdapterOptions
  extends Omit<
    RetryOptions,
    'deadline' | 'images' | 'model' | 'shouldRetryResult' | 'signal' | 'tokens'
  > {
  /**
   * The client whose queue and ledger the calls go through. Default: the default client, which
   * `configure` sets up; calls to Vertex AI, whose limits are others, then go through no queue.
   */
  client?: Pick<Client, 'retry'> | undefined;
  /**
   * How long each call may take in all, waits included, in ms; of a stream until it begins. Default:
   * none.
   */
  deadline?: number | undefined;
}

/** One call of an SDK, for the queue and the ledger. */
export interface SdkCall {
  /** Absent for a call that goes through no queue. */
  model: string | undefined;
  tokens: number;
  images: number;
  signal: AbortSignal | undefined;
  shouldRetry?: RetryOptions['shouldRetry'];
  shouldRetryResult?: RetryOptions['shouldRetryResult'];
}

/** Makes one call of an SDK by `retry` of the client that the options name. */
export function retryBy<T>(
  options: AdapterOptions,
  call: SdkCall,
  fn: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { client, ...rest } = options;
  const { model, tokens, images, signal, shouldRetry, shouldRetryResult } = call;
  const use = model === undefined ? {} : { model, tokens, images };
  const own = { ...rest, ...use, signal, shouldRetryResult };
  const all = shouldRetry === undefined ? own : { ...own, shouldRetry };
  const run = ({ signal }: { signal: AbortSignal }) => fn(signal);
  return client === undefined ? retry(run, all) : client.retry(run, all);
}

/** One signal of those that there are. */
export function eitherSignal(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? one : AbortSignal.any([one, other]);
}

/** The id in the name of a model, as in `publishers/google/models/ID`. */
export function modelId(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Whether a model makes pictures, by its name: the catalogue cannot know those of tomorrow. */
export function makesPictures(model: string): boolean {
  return /image|banana/i.test(model);
}

/** The tokens that a picture takes at most (the price lists of 2026-11). */
const PICTURE = 1_120;

/**
 * The input tokens that a request is expected to take, as the core expects them of its own: a letter is
 * a quarter of one.
 */
export function expectedTokens(input: unknown): number {
  const { letters, files } = count(input);
  return Math.ceil(letters / 4) + files * PICTURE;
}

function count(input: unknown): { letters: number; files: number } {
  if (typeof input === 'string') return { letters: input.length, files: 0 };
  if (typeof input !== 'object' || input === null) return { letters: 0, files: 0 };
  if (Array.isArray(input)) return sum(input);
  const { text, parts, content, ...part } = input as Record<string, unknown>;
  const isFile = ['inlineData', 'fileData', 'mediaType', 'url'].some((key) => key in part);
  return isFile ? { letters: 0, files: 1 } : sum([text, parts, content]);
}

function sum(inputs: unknown[]): { letters: number; files: number } {
  const total = { letters: 0, files: 0 };
  for (const { letters, files } of inputs.map(count)) {
    total.letters += letters;
    total.files += files;
  }
  return total;
}
