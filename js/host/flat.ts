/** A caller's options in one text, which the core reads: `src/options/given.rs` has the format. */
import type { QuotaStore } from '../types/quota.js';

/** More properties or items than anybody has: what comes after is not told. */
const MOST = 10_000;

const number = new Float64Array(1);
const halves = new Uint32Array(number.buffer);

/**
 * Tells the properties of an object in their order, or the items of a list. What only JavaScript can
 * hold is added to `kept` and told by its place there. Of `headers` the entries are told, where they
 * have such. Of anything else nothing is told.
 *
 * @throws what the object itself throws when it is asked for its keys or entries; an error of a getter
 * is told in the place of the value.
 */
export function flat(value: unknown, kept: unknown[], headers: boolean): string {
  if (typeof value !== 'object' || value === null) return '';
  const hasEntries = headers && holds(() => typeof (value as Headers).entries === 'function');
  const from = hasEntries ? Object.fromEntries(value as Headers) : value;
  const isItems = isList(from);
  const keys = isItems ? Array(Math.min(from.length, MOST)).keys() : Reflect.ownKeys(from);
  let text = isItems ? 'l' : 'o';
  let left = MOST;
  for (const key of keys) {
    left -= 1;
    if (left < 0) break;
    if (typeof key === 'symbol') {
      text += '0 y';
      continue;
    }
    text += quoted(typeof key === 'string' ? key : '');
    let item: unknown;
    try {
      item = from[key as never];
    } catch (error) {
      text += `x${place(error, kept)}`;
      continue;
    }
    text += told(item, kept);
  }
  return text;
}

function told(item: unknown, kept: unknown[]): string {
  switch (typeof item) {
    case 'undefined':
      return 'u';
    case 'boolean':
      return item ? 't' : 'f';
    case 'number':
      return `n${bits(item)}`;
    case 'string':
      return `s${quoted(item)}`;
    case 'function':
      return `F${place(item, kept)}`;
    case 'object':
      return item === null ? 'z' : object(item, kept);
    default:
      return 'z';
  }
}

function object(item: object, kept: unknown[]): string {
  const at = place(item, kept);
  if (isList(item)) return `${holds(() => item.length > 0) ? 'l' : 'e'}${at}`;
  if (holds(() => item instanceof Date)) return `d${at}${bits((item as Date).getTime())}`;
  if (holds(() => isSignal(item as AbortSignal))) return `a${at}`;
  return `${holds(() => isStore(item as QuotaStore)) ? 'q' : 'o'}${at}`;
}

const isSignal = ({ aborted, addEventListener }: AbortSignal) =>
  typeof aborted === 'boolean' && typeof addEventListener === 'function';

const isStore = ({ transact }: QuotaStore) => typeof transact === 'function';

const isList = (value: unknown): value is unknown[] => holds(() => Array.isArray(value));

/** Whether something holds of a value that may throw at any question, as a proxy does. */
function holds(question: () => boolean): boolean {
  try {
    return question();
  } catch {
    return false;
  }
}

const place = (item: unknown, kept: unknown[]) => `${kept.push(item) - 1} `;

const quoted = (text: string) => `${text.length} ${text}`;

function bits(value: number): string {
  number[0] = value;
  return `${halves[1]} ${halves[0]} `;
}
