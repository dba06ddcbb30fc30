/** The default source: the module inside the JavaScript, so that no bundler has to carry a file. */
import { registerGuide } from '../guide/load.js';
import { register } from '../load.js';
import { unpack, unpackNow } from '../packed.js';
import { wasm } from '../wasm/inline.js';

register({ now: () => unpackNow(wasm), later: () => unpack(wasm) });
registerGuide(async () => {
  const { wasm } = await import('../wasm/guide-inline.js');
  return unpackNow(wasm) ?? unpack(wasm);
});
