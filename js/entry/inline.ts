/** The default source: the module inside the JavaScript, so that no bundler has to carry a file. */
import { bulk } from '../bulk/load.js';
import { guide } from '../guide/load.js';
import { register } from '../module/load.js';
import { unpack, unpackNow } from '../module/packed.js';
import { wasm } from '../wasm/inline.js';

register({ now: () => unpackNow(wasm), later: () => unpack(wasm) });
guide.register(async () => {
  const { wasm } = await import('../wasm/guide-inline.js');
  return unpackNow(wasm) ?? unpack(wasm);
});
bulk.register(async () => {
  const { wasm } = await import('../wasm/bulk-inline.js');
  return unpackNow(wasm) ?? unpack(wasm);
});
