/**
 * Brings the WebAssembly up on first use, and up again after a trap.
 *
 * An entry registers where the bytes come from. Where a module can be made synchronously (Node,
 * Deno, Bun, and runtimes that import a module) everything works at once; elsewhere the first
 * asynchronous call loads, and synchronous functions need `await ready()` before.
 */
import { GenerateError } from '../errors.js';
import * as glue from '../wasm/unexhausted.js';

/** The source of the module. @internal */
export interface Source {
  /** A module or its bytes at once, where the runtime can give them; `undefined` elsewhere. */
  now(): WebAssembly.Module | Uint8Array<ArrayBuffer> | undefined;
  /** The bytes, wherever there is WebAssembly. */
  later(): Promise<Uint8Array<ArrayBuffer>>;
}

let source: Source | undefined;
let loading: Promise<void> | undefined;
let loaded = false;
let trapped: unknown;
let instance = 1;
const trapListeners = new Set<(error: GenerateError) => void>();

/** Tells where the module comes from; entries call this, and nothing else does. @internal */
export function register(from: Source): void {
  source = from;
}

/** Calls `listener` when the WebAssembly has failed, so that whoever waits can be told. @internal */
export function onTrap(listener: (error: GenerateError) => void): void {
  trapListeners.add(listener);
}

/**
 * Loads the WebAssembly. Asynchronous calls do this by themselves; it is needed before the
 * synchronous ones where a module cannot be made synchronously, as in browsers.
 *
 * @throws what the runtime says where it cannot load WebAssembly; the next call tries again.
 */
export async function ready(): Promise<void> {
  if (loaded || loadNow()) return;
  loading ??= loadLater().finally(() => {
    loading = undefined;
  });
  await loading;
}

/** The exports, and the number of the instance that they belong to. @internal */
export function use(): { core: typeof glue; instance: number } {
  if (!loaded && !loadNow()) {
    throw new Error(
      'unexhausted: here WebAssembly loads asynchronously; `await ready()` before synchronous functions',
    );
  }
  if (trapped !== undefined) {
    // Throws where there is no memory for another instance; the next call tries again.
    glue.__wbg_reset_state();
    trapped = undefined;
    instance += 1;
  }
  return { core: glue, instance };
}

/** Whether `use` works at once. @internal */
export function isReady(): boolean {
  return loaded || loadNow();
}

/** Whether this is the instance that calls go to now. @internal */
export function isCurrent(number: number): boolean {
  return trapped === undefined && number === instance;
}

/** Runs a function of the core; where it fails from within, the caller learns that. @internal */
export function guarded<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw isTrap(error) ? internal(error) : error;
  }
}

/** Runs a function of the core that nothing waits for; callers are rejected by `onTrap`. @internal */
export function ignoreTrap(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isTrap(error)) throw error;
  }
}

/** Whether an error comes from the WebAssembly itself and not from what it was told. @internal */
export function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError;
}

/** The error that callers get of a trap. @internal */
export function internal(cause: unknown): GenerateError {
  return new GenerateError(
    {
      kind: 'unknown',
      message: 'unexhausted failed inside; the calls that were waiting were given up',
      advice: 'The next call starts afresh. Please report this with the stack of `cause`.',
    },
    cause,
  );
}

function handleTrap(error: unknown): void {
  trapped = error ?? true;
  const failure = internal(error);
  for (const listener of trapListeners) listener(failure);
}

function loadNow(): boolean {
  const module = source?.now();
  if (module === undefined) return false;
  glue.initSync({ module });
  finish();
  return true;
}

async function loadLater(): Promise<void> {
  if (source === undefined) throw new Error('unexhausted: no entry has registered the WebAssembly');
  await glue.default({ module_or_path: await source.later() });
  finish();
}

function finish(): void {
  loaded = true;
  glue.__onTrap(handleTrap);
}
