/** Lines that tell of retries, in the words of the loop that everybody writes. */
import { ask } from '../base/callback.js';
import type { RetryEvent } from '../types/events.js';

interface Logged {
  log?: ((line: string) => void) | undefined;
  onRetry?: ((event: RetryEvent) => void) | undefined;
}

/**
 * The same options, with a line for each retry where the call or its client asks for that. `given` may be
 * the drop-in's bare `maxRetries`, which counts requests; `most` is the drop-in's default for it, shown in
 * "Attempt 2/5".
 */
export function logged<T extends Logged>(
  given: T | number | undefined,
  own: unknown,
  most?: number,
): T | number | undefined {
  const isCount = typeof given === 'number';
  const options = (isCount ? { maxRetries: given } : (given ?? {})) as T & { maxRetries?: number };
  const { log = own, onRetry } = options;
  // Wrong options are left for the core to refuse.
  const isRight = typeof options === 'object' && !Array.isArray(options);
  const isOurs = onRetry === undefined || typeof onRetry === 'function';
  if (typeof log !== 'function' || !isRight || !isOurs) return given;
  const count = most === undefined ? '' : `/${Math.max(1, options.maxRetries ?? most)}`;
  const logRetry = (event: RetryEvent) => {
    ask('`log`', log as (line: string) => void, lineOf(event, count));
    if (onRetry !== undefined) ask('`onRetry`', onRetry, event);
  };
  return { ...options, onRetry: logRetry };
}

function lineOf({ attempt, delay, info }: RetryEvent, count: string): string {
  const seconds = (delay / 1_000).toFixed(1);
  return `Attempt ${attempt}${count} failed (${info.status ?? info.kind}). Retrying in ${seconds}s...`;
}
