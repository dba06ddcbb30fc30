/** Results that the caller of `retry` does not want, told to the core as errors. */
import { ask } from '../base/callback.js';
import type { RetryOptions } from '../types/options.js';
import type { RetryContext, ShouldRetryContext } from '../types/retry.js';

type Asked<T> = (context: RetryContext) => Promise<T> | T;

class UnwantedResult extends Error {
  override readonly name = 'UnwantedResult';
  readonly result: unknown;

  constructor(result: unknown) {
    super('The answer holds no image that is wanted.');
    this.result = result;
  }
}

type Run<T> = (fn: Asked<T>, options: RetryOptions | undefined) => Promise<T>;

/**
 * Runs `fn` by `run`, with results that `shouldRetryResult` turns down as failures that are tried again;
 * the last of them is given all the same, for it may be paid for. Without it the promise is that of
 * `run`: one more would settle later, and an abort in between would seem to have come first.
 */
export function wanted<T>(
  fn: Asked<T>,
  options: RetryOptions | undefined,
  run: Run<T>,
): Promise<T> {
  try {
    return watched(fn, options, run);
  } catch (error) {
    // Options that cannot be read reject, as they do everywhere.
    return Promise.reject(error);
  }
}

function watched<T>(fn: Asked<T>, options: RetryOptions | undefined, run: Run<T>): Promise<T> {
  const { shouldRetryResult, shouldRetry } = options ?? {};
  // Anything but functions is left for the core to refuse.
  const isRight = typeof (shouldRetry ?? fn) === 'function' && typeof fn === 'function';
  if (typeof shouldRetryResult !== 'function' || !isRight) return run(fn, options);
  const asking: Asked<T> = async (context) => {
    const result = await fn(context);
    const about = { result, attempt: context.attempt };
    const retries = await ask('`shouldRetryResult`', shouldRetryResult, about);
    if (retries === true) throw new UnwantedResult(result);
    return result;
  };
  const decide = (context: ShouldRetryContext) =>
    context.error instanceof UnwantedResult ? true : shouldRetry?.(context);
  return run(asking, { ...options, shouldRetry: decide }).catch((error: unknown) => {
    if (error instanceof UnwantedResult) return error.result as T;
    throw error;
  });
}
