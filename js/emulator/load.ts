/** Brings the WebAssembly of the fake service up, once. */
import initialize, { initSync } from '../wasm/emulator.js';

let loading: Promise<void> | undefined;

/** Resolves when the service can be made. */
export function load(): Promise<void> {
  loading ??= start().catch((error: unknown) => {
    // The next call tries again: a page may have been offline.
    loading = undefined;
    throw error;
  });
  return loading;
}

async function start(): Promise<void> {
  const url = new URL('../wasm/emulator_bg.wasm', import.meta.url);
  if (url.protocol === 'file:') {
    const { readFileSync } = await import('node:fs');
    // Synchronous on purpose: a test may have replaced the timers that asynchronous reads wait for.
    initSync({ module: readFileSync(url) });
  } else {
    await initialize({ module_or_path: url });
  }
}
