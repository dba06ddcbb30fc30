/**
 * Image generation with Google's Gemini API that gets through 429 RESOURCE_EXHAUSTED, 503, 504 and
 * the rest. All durations are milliseconds.
 */
import { Client } from './client/client.js';
import { errorInfo } from './errors.js';
import { guarded, use } from './module/load.js';
import type { GenerateContentResponse } from './response.js';
import type { ErrorInfo } from './types/errors.js';
import type { FallbackResult } from './types/fallback.js';
import type {
  BatchGenerateOptions,
  ClientOptions,
  DropInOptions,
  FallbackOptions,
  RetryOptions,
} from './types/options.js';
import type { Prompt } from './types/request.js';
import type { RetryContext } from './types/retry.js';

export type * from './batch-types.js';
export type { Client } from './client/client.js';
export { errorInfo, GenerateError, type GenerateErrorFields, isGenerateError } from './errors.js';
export { limits, models, peakWindows, plan } from './guide/index.js';
export { ready } from './module/load.js';
export { GenerateContentResponse, GeneratedImage, GenerateResult } from './response.js';
export { memoryStore } from './stores/memory.js';
export { QuotaTracker } from './tracker.js';
export type * from './types/attempts.js';
export type * from './types/content.js';
export type * from './types/diagnosis.js';
export type * from './types/errors.js';
export type * from './types/events.js';
export type * from './types/fallback.js';
export type * from './types/jobs.js';
export type * from './types/models.js';
export type * from './types/options.js';
export type * from './types/plan.js';
export type * from './types/queue.js';
export type * from './types/quota.js';
export type * from './types/request.js';
export type * from './types/response.js';
export type * from './types/retry.js';
export type * from './types/target.js';

let shared: Client | undefined;

function client(): Client {
  shared ??= new Client();
  return shared;
}

/**
 * Makes a client with its own settings, chain, retry budget and events.
 *
 * @throws `TypeError` for an unknown or wrong option, naming the known ones (in browsers from the
 * first call on).
 */
export function createClient(options?: ClientOptions): Client {
  return new Client(options);
}

/**
 * Sets up the default client, which the functions of this module use. Calls that are under way keep
 * the settings that they started with.
 */
export function configure(options: ClientOptions): void {
  shared = new Client(options);
}

/**
 * Drop-in for the hand-rolled loop: asks one model, and retries 429, 503 and what else can pass.
 *
 * @param prompt a text or parts, what `ai.models.generateContent` takes, or the body of the REST API. A
 * text, or parts, are sent to the first model of the chain with responseModalities ['IMAGE'] and imageSize
 * '1K'.
 * @param maxRetries the number of requests in all, or options.
 * @param baseDelay the wait after the first try in ms; it doubles up to 60 s, and up to 1 s comes
 * on top. A wait that the service names is obeyed where it is longer.
 * @returns the answer, also one without a picture.
 * @throws {GenerateError} with the `status` of the last answer.
 */
export function generateWithRetry(
  prompt: Prompt,
  maxRetries?: number,
  baseDelay?: number,
): Promise<GenerateContentResponse>;
export function generateWithRetry(
  prompt: Prompt,
  options?: DropInOptions,
): Promise<GenerateContentResponse>;
export function generateWithRetry(
  prompt: Prompt,
  maxRetries?: number | DropInOptions,
  baseDelay?: number,
): Promise<GenerateContentResponse> {
  // Both signatures at once, which no overload takes.
  return client().generateWithRetry(prompt, maxRetries as number, baseDelay);
}

/**
 * Makes pictures one after the other, each as `generateWithRetry` does.
 *
 * @param prompts what to make, in order.
 * @param delay the pause after a success in ms (default 1,000; up to 500 ms come on top), or options.
 * @returns the answers in the same order; `null` for one that failed, which `onError` is told of.
 */
export function batchGenerate(
  prompts: readonly Prompt[],
  delay?: number | BatchGenerateOptions,
): Promise<(GenerateContentResponse | null)[]> {
  return client().batchGenerate(prompts, delay);
}

/**
 * Tries each model of the chain in order, two tries a model, until one makes a picture.
 *
 * @throws {GenerateError} of the last model, where none did.
 */
export function generateWithFallback(
  prompt: Prompt,
  options?: FallbackOptions,
): Promise<FallbackResult> {
  return client().generateWithFallback(prompt, options);
}

/**
 * Calls `fn` until it succeeds or trying again cannot help: for calls of any SDK.
 *
 * @throws the very error that `fn` threw last; `errorInfo(error)` tells what is known of it.
 */
export function retry<T>(
  fn: (context: RetryContext) => Promise<T> | T,
  options?: RetryOptions,
): Promise<T> {
  return client().retry(fn, options);
}

/**
 * The wait before the next try, by the kind of error and what the service named.
 *
 * @param attempt the number of the attempt that failed, from 1.
 * @returns ms; `null` where trying again soon cannot help.
 */
export function getRetryDelay(error: unknown, attempt: number): number | null {
  return guarded(() => use().core.getRetryDelay(error, attempt)) as number | null;
}

/**
 * Says what an error is, what limit it is about, and what to do.
 *
 * @param input an Error of any SDK, `{ status, headers, body }`, a text, or a 200 body without a
 * picture. Whatever it is, this does not throw because of it.
 */
export function classifyError(input: unknown): ErrorInfo {
  return guarded(() => use().core.classifyError(input)) as ErrorInfo;
}

/**
 * The wait after which an error is worth another try, for queues of jobs that take one, as Inngest's
 * `RetryAfterError` does.
 *
 * @param error what any call threw; also of an SDK.
 * @returns ms from now; `undefined` where nothing says when, or no other try can help.
 */
export function retryAfterOf(error: unknown): number | undefined {
  const { retry, retryAt, retryAfter } = errorInfo(error) ?? classifyError(error);
  if (retry === 'never') return undefined;
  return retryAt === undefined ? retryAfter : Math.max(0, retryAt.getTime() - Date.now());
}
