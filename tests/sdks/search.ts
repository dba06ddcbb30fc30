/** Looks through everything that an error holds, so that 'it is not there' is more than a guess. */
import { inspect } from 'node:util';

const MOST = 100_000;

/**
 * Whether a trace stands anywhere in an error: in its own, inherited and symbol keys, behind getters,
 * in causes, maps, sets and bytes, or in what `util.inspect` makes of it.
 */
export function holds(thrown: unknown, trace: RegExp): boolean {
  return inspectAll(thrown).match(trace) !== null || walk(thrown, trace);
}

function inspectAll(value: unknown): string {
  const options = { depth: 10, maxArrayLength: null, maxStringLength: null };
  try {
    return inspect(value, options);
  } catch {
    return '';
  }
}

function walk(root: unknown, trace: RegExp): boolean {
  const seen = new Set<unknown>();
  const queue: unknown[] = [root];
  for (let at = 0; at < queue.length && at < MOST; at += 1) {
    const value = queue[at];
    if (textOf(value).match(trace) !== null) return true;
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) continue;
    for (const next of inside(value)) {
      if (next === undefined || next === null || seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return false;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString('latin1');
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
  }
  return '';
}

function* inside(value: object): Generator<unknown> {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return;
  // Those of the language itself hold nothing of the service's.
  if (value === globalThis || value === Function.prototype || value === Object.prototype) return;
  if (value instanceof Map) for (const [key, item] of value) yield* [key, item];
  if (value instanceof Set) yield* value;
  for (let from: object | null = value; from !== null; from = Object.getPrototypeOf(from)) {
    if (from === Object.prototype || from === Function.prototype) return;
    for (const key of Reflect.ownKeys(from)) {
      if (typeof key === 'string') yield key;
      try {
        yield Reflect.get(from, key, value);
      } catch {
        // A getter that throws shows nothing.
      }
    }
  }
}
