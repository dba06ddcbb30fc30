/** The entries of a source: prompts, requests, or either with a key. */

import { digest } from '../base/digest.js';
import type { BatchRequest, KeyedRequest } from '../batch-types.js';
import type { GenerateRequest } from '../types/request.js';

type Request = string | GenerateRequest;

export function keyOf(entry: BatchRequest): string | undefined {
  return isKeyed(entry) ? entry.key : undefined;
}

export function requestOf(entry: BatchRequest): Request {
  return isKeyed(entry) ? entry.request : entry;
}

/** @throws `TypeError` for a key beside `key` and `request`: what it says would be lost. */
export function checkEntry(entry: BatchRequest): void {
  if (!isKeyed(entry)) return;
  const unknown = Object.keys(entry).find((name) => name !== 'key' && name !== 'request');
  if (unknown === undefined) return;
  throw new TypeError(
    `unexhausted: unknown key \`${unknown}\` beside \`request\`; the known keys are key, request`,
  );
}

export function isKeyed(entry: BatchRequest): entry is KeyedRequest {
  return typeof entry === 'object' && entry !== null && 'request' in entry;
}

export function ownModel(request: Request): string | undefined {
  return typeof request === 'object' ? request?.model : undefined;
}

/** How a request ends or travels is no part of what it asks for. */
const NOT_ASKED_FOR = ['abortSignal', 'httpOptions'];

/** 32 hexadecimal digits that are the same for the same request, however its fields are ordered. */
export async function fingerprint(request: Request): Promise<string> {
  const sorted = (name: string, value: unknown) => {
    if (NOT_ASKED_FOR.includes(name)) return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const fields = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    return Object.fromEntries(fields);
  };
  return digest(JSON.stringify(request, sorted) ?? '', 16);
}

/** The first text of a request, for the name of its picture. */
export function promptOf(request: Request): string {
  if (typeof request === 'string') return request;
  let found: unknown = request?.contents;
  // Contents are a text, a part, a content, or lists of such.
  for (let depth = 0; depth < 8 && typeof found === 'object' && found !== null; depth += 1) {
    if (Array.isArray(found)) found = found.find(hasText) ?? found[0];
    else found = (found as { text?: unknown }).text ?? (found as { parts?: unknown }).parts;
  }
  return typeof found === 'string' ? found : '';
}

function hasText(part: unknown): boolean {
  return typeof part === 'string' || typeof (part as { text?: unknown } | null)?.text === 'string';
}
