/** Brings the guide's WebAssembly up on first use: nobody who only makes pictures loads it. */
type Glue = typeof import('../wasm/guide.js');

let source: (() => Promise<WebAssembly.Module | Uint8Array<ArrayBuffer>>) | undefined;
let loading: Promise<Glue> | undefined;

/** Tells where the guide's module comes from; entries call this, and nothing else does. @internal */
export function registerGuide(from: () => Promise<WebAssembly.Module | Uint8Array<ArrayBuffer>>) {
  source = from;
}

async function start(): Promise<Glue> {
  if (source === undefined) throw new Error('unexhausted: no entry has registered the guide');
  const [glue, module] = await Promise.all([import('../wasm/guide.js'), source()]);
  await glue.default({ module_or_path: module });
  return glue;
}

/** Asks the guide; what it refuses is a `TypeError`. @internal */
export async function ask<T>(what: 'plan' | 'models' | 'diagnose', about: unknown): Promise<T> {
  loading ??= start().catch((error: unknown) => {
    // The next call tries again: a page may have been offline.
    loading = undefined;
    throw error;
  });
  const glue = await loading;
  try {
    return JSON.parse(glue[what](JSON.stringify(about) ?? 'null'));
  } catch (error) {
    if (typeof error === 'string') throw new TypeError(`unexhausted: ${error}`);
    // After a trap the next call begins afresh.
    glue.__wbg_reset_state();
    throw error;
  }
}
