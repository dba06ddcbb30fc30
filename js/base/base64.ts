/** Base64 of bytes. */

/** More arguments of one call are too many for some engines; three bytes are four letters. */
const STRETCH = 3 * 8192;

export function encode(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += STRETCH) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + STRETCH)));
  }
  return text;
}
