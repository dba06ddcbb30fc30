/** Bodies of answers, of which no more is kept than is allowed. */
import { encode } from '../base/base64.js';

const UTF8 = new TextDecoder();

/** `maxBodyBytes` where the caller says nothing: several times what answers with pictures of 4K take. */
export const MAX_BODY_BYTES: number = 256 * 1024 * 1024;

/** The start of a body as text, of about `most` bytes: it may never end. */
export async function startOf(response: Response, most: number): Promise<string> {
  const reader = response.body?.getReader?.();
  if (reader === undefined) return response.text();
  const decoder = new TextDecoder();
  let text = '';
  for (let read = 0; read < most; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    read += value.length;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

/**
 * The JSON of an answer; `undefined` where it has more than `most` bytes once it is unpacked. What says
 * its length, and is not packed, is read at once: nothing comes behind what a length announces. A page
 * is not told of the packing.
 */
export async function jsonWithin(
  response: Response,
  most: number,
  isPage: boolean,
): Promise<unknown> {
  const { headers, body } = response;
  const length = headers?.get?.('content-length') ?? null;
  const isAnnounced = length !== null && !isPage && headers.get('content-encoding') === null;
  if (isAnnounced && Number(length) > most) {
    await body?.cancel();
    return undefined;
  }
  const isJson = headers?.get?.('content-type')?.includes('json') === true;
  // A stub of the caller's may give nothing that streams.
  if ((isAnnounced && isJson) || typeof body?.getReader !== 'function') return response.json();
  const text = await textWithin(response, most);
  return text === undefined ? undefined : parsed(text);
}

/** The JSON of a text, or the list of what an event stream's events hold, which nobody asked for. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/^\s*(data|event|id|retry)?:/.test(text))
      throw Object.assign(error as Error, { body: text.slice(0, 4_000) });
    return text.split(/\r?\n\r?\n/).flatMap(eventOf);
  }
}

/** The data of an event of a stream; none of one that was cut or says that it is the last. */
function eventOf(event: string): unknown[] {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
  try {
    return [JSON.parse(lines.map((line) => line.slice(5)).join('\n'))];
  } catch {
    return [];
  }
}

/** The text of an answer; `undefined` where it has more than `most` bytes once it is unpacked. */
export async function textWithin(response: Response, most: number): Promise<string | undefined> {
  if (typeof response.body?.getReader !== 'function') return response.text();
  const bytes = await bytesWithin(response, most);
  return bytes === undefined ? undefined : UTF8.decode(bytes);
}

/** The bytes of a body; `undefined` where there are more than `most`. */
async function bytesWithin(response: Response, most: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  const reader = response.body?.getReader();
  for (let size = 0; reader !== undefined; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    chunks.push(value);
    if (size > most) {
      await reader.cancel();
      return undefined;
    }
  }
  return joined(chunks);
}

/** The bytes of a body as base64; empty where there are more than `most`. */
export async function base64Within(response: Response, most: number): Promise<string> {
  const bytes = await bytesWithin(response, most);
  return bytes === undefined ? '' : encode(bytes);
}

interface BufferLike {
  allocUnsafe(size: number): Uint8Array;
}

/** Pieces as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0];
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  // All of it is written to, so that it need not be cleared first.
  const { Buffer } = globalThis as { Buffer?: BufferLike };
  const all = Buffer?.allocUnsafe?.(size) ?? new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
