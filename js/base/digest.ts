/** Digests of texts. */

/**
 * The first `bytes` of a text's SHA-256, as hexadecimal digits.
 *
 * @throws in a page that is not served over TLS, where there is no `crypto.subtle`.
 */
export async function digest(text: string, bytes: number): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) throw new Error('this page has no crypto.subtle');
  const hash = new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return hex(hash.slice(0, bytes));
}

/** Bytes as hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
