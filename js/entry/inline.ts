/** The default source: the module inside the JavaScript, so that no bundler has to carry a file. */
import { register } from '../load.js';
import { wasm } from '../wasm/inline.js';

interface Zlib {
  gunzipSync(data: Uint8Array): Uint8Array<ArrayBuffer>;
}

interface ProcessLike {
  getBuiltinModule?(name: string): unknown;
}

function decode(): Uint8Array<ArrayBuffer> {
  const text = atob(wasm);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

register({
  now() {
    // An import of node:zlib would have to be answered by every bundler; this asks at run time.
    const { process } = globalThis as { process?: ProcessLike };
    const zlib = process?.getBuiltinModule?.('node:zlib') as Zlib | undefined;
    return zlib?.gunzipSync(decode());
  },
  async later() {
    const unzipped = new Blob([decode()]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(unzipped).arrayBuffer());
  },
});
