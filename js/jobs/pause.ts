/** Waits that signals end. */

/** Waits so many ms; rejects with the reason of the first of the signals that aborts. */
export function pause(ms: number, signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  const given = signals.filter((signal) => signal !== undefined);
  return new Promise((resolve, reject) => {
    const off = (): void => {
      clearTimeout(timer);
      for (const signal of given) signal.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      off();
      reject(given.find(({ aborted }) => aborted)?.reason);
    };
    const timer = setTimeout(() => {
      off();
      resolve();
    }, ms);
    for (const signal of given) signal.addEventListener('abort', abort);
    if (given.some(({ aborted }) => aborted)) abort();
  });
}
