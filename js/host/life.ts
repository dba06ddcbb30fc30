/** The parts of a client that are collected with it. */
import type { Core } from '../wasm/unexhausted.js';

export type Listener = (event: never) => void;

/** Lives as long as its client, or as a call that is waited for. */
export class Life {
  core: Core | undefined;
  instance = 0;
  readonly listeners: Map<string, Set<Listener>> = new Map();
}

export interface WeakLife {
  deref(): Life | undefined;
}

/** Without weak references in the runtime nothing is collected that WebAssembly holds. */
export const weakly = (life: Life): WeakLife =>
  typeof WeakRef === 'function' ? new WeakRef(life) : { deref: () => life };
