/** For workerd, which forbids making a module from bytes: it is imported instead. */
import { register } from '../load.js';
import wasm from '../wasm/unexhausted_bg.wasm';

export * from '../api.js';

register({ now: () => wasm, later: () => Promise.reject(new Error('not needed here')) });
