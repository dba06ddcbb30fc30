/** For workerd, which forbids making a module from bytes: it is imported instead. */
import { bulk } from '../bulk/load.js';
import { guide } from '../guide/load.js';
import { register } from '../module/load.js';
import wasm from '../wasm/unexhausted_bg.wasm';

export * from '../api.js';

register({ now: () => wasm, later: () => Promise.reject(new Error('not needed here')) });
guide.register(async () => (await import('../wasm/guide_bg.wasm')).default);
bulk.register(async () => (await import('../wasm/bulk_bg.wasm')).default);
