/** Unpacks a module that a script carries: gzip, written as base64. */
import { builtin } from '../base/builtin.js';

interface Zlib {
  gunzipSync(data: Uint8Array): Uint8Array<ArrayBuffer>;
}

function decode(packed: string): Uint8Array<ArrayBuffer> {
  const text = atob(packed);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/** The bytes at once, where the runtime can unpack them so; `undefined` elsewhere. */
export function unpackNow(packed: string): Uint8Array<ArrayBuffer> | undefined {
  return builtin<Zlib>('node:zlib')?.gunzipSync(decode(packed));
}

/** The bytes, wherever there is WebAssembly. */
export async function unpack(packed: string): Promise<Uint8Array<ArrayBuffer>> {
  const unzipped = new Blob([decode(packed)]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unzipped).arrayBuffer());
}
