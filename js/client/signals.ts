/** The signals that end a call. */

/** The list of a call without signals, which is most calls. */
export const NO_SIGNALS: AbortSignal[] = [];

/** The signals of a call: that of its options, and that of its request. */
export function signalsOf(options: unknown, request?: unknown): AbortSignal[] {
  const own = signalOf(() => (options as { signal?: AbortSignal } | undefined)?.signal);
  const other = signalOf(
    () => (request as { config?: { abortSignal?: AbortSignal } } | undefined)?.config?.abortSignal,
  );
  if (own === undefined && other === undefined) return NO_SIGNALS;
  return [own, other].filter((signal) => signal !== undefined && signal !== null);
}

function signalOf(read: () => AbortSignal | undefined): AbortSignal | undefined {
  try {
    return read();
  } catch {
    // Options that cannot be read are refused where they are read as a whole.
    return undefined;
  }
}

interface Watch {
  callbacks: Set<() => void>;
  listener: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

/**
 * Calls back when a signal aborts; gives the function that ends that. A crowd of calls may share one
 * signal, and Node warns of a leak where one has more than ten listeners: each signal gets one of ours.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const watch = watches.get(signal) ?? begin(signal);
  const { callbacks, listener } = watch;
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    if (callbacks.size > 0) return;
    signal.removeEventListener('abort', listener);
    if (watches.get(signal) === watch) watches.delete(signal);
  };
}

function begin(signal: AbortSignal): Watch {
  const callbacks = new Set<() => void>();
  const listener = () => {
    watches.delete(signal);
    for (const callback of [...callbacks]) callback();
  };
  const watch = { callbacks, listener };
  watches.set(signal, watch);
  signal.addEventListener('abort', listener, { once: true });
  return watch;
}
