/** The memory of a process, sampled again and again: it must not grow. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc') as () => void;

// The package makes its instance on first use, so this sees it come.
let wasm: WebAssembly.Memory | undefined;
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, args) {
    const instance = Reflect.construct(target, args) as WebAssembly.Instance;
    if ('classifyError' in instance.exports) {
      wasm = instance.exports['memory'] as WebAssembly.Memory;
    }
    return instance;
  },
});

/** So much comes and goes, in bytes: code that gets compiled, tables that double, a few pages. */
const HEAP_SLACK = 1_000_000;
const WASM_SLACK = 4 * 65_536;

const MB = 1_000_000;

export interface Sample {
  heap: number;
  wasm: number;
}

/** The memory in use after garbage collection, in bytes. */
export async function sample(): Promise<Sample> {
  for (let round = 0; round < 4; round += 1) {
    gc();
    await turn();
  }
  assert.ok(wasm !== undefined, 'the memory was not seen');
  return { heap: process.memoryUsage().heapUsed, wasm: wasm.buffer.byteLength };
}

/** Fails where the later windows take more than the earlier ones; says what they take. */
export function flat(what: string, samples: readonly Sample[]): string {
  // The first half is for warming up.
  const half = Math.floor(samples.length / 2);
  const [early, late] = [samples.slice(half - 2, half), samples.slice(-2)];
  const least = (of: readonly Sample[], name: keyof Sample) =>
    Math.min(...of.map((one) => one[name]));
  const grown = least(late, 'heap') - least(early, 'heap');
  const told = `${what}: heap ${samples.map(({ heap }) => (heap / MB).toFixed(1)).join(' ')} MB, wasm ${samples.map(({ wasm }) => (wasm / MB).toFixed(1)).join(' ')} MB`;
  assert.ok(grown <= HEAP_SLACK, `the heap grew by ${grown} bytes. ${told}`);
  const pages = least(late, 'wasm') - least(early, 'wasm');
  assert.ok(pages <= WASM_SLACK, `the wasm grew by ${pages} bytes. ${told}`);
  return told;
}
