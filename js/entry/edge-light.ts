/** For Vercel's edge, which forbids making a module from bytes and spells the import its own way. */
import { bulk } from '../bulk/load.js';
import { guide } from '../guide/load.js';
import { register } from '../module/load.js';
import wasm from '../wasm/unexhausted_bg.wasm?module';

export * from '../api.js';

register({ now: () => wasm, later: () => Promise.reject(new Error('not needed here')) });
guide.register(async () => (await import('../wasm/guide_bg.wasm?module')).default);
bulk.register(async () => (await import('../wasm/bulk_bg.wasm?module')).default);
