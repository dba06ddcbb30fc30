// @ts-check
/**
 * A foreign value as one text, within bounds; `src/errors/copied.rs` reads it. This is no TypeScript,
 * since wasm-bindgen hands it to the tests of the boundary as it stands.
 *
 * `n`, `t` and `f` are null, true and false; `d` is a number by its bits; `"` is a text, with its length
 * before it, and `@` an address, of which the origin is kept; `[` to `]` is a list; `{` to `}` are keys,
 * each with its value.
 */

/** An answer in a thrown error of an SDK in a relay's envelope names its model at this depth. */
const DEPTH_MAX = 10;
/** Parts, candidates and pictures that are looked at. */
const LIST_MAX = 64;
const KEYS_MAX = 64;
const NODES_MAX = 4096;
/** The UTF-16 units of all texts together. */
const TEXTS_MAX = 512 * 1024;
/** The longest text that is kept whole; a longer one keeps its head and its tail. */
const TEXT_MAX = 256 * 1024;
const TEXT_HEAD = 192 * 1024;

/** Keys that an error may have from its prototype. */
const INHERITED = 'name message status statusCode code cause headers reason response'.split(' ');

/** The header of which the origin alone is kept: the rest may hold secrets. */
const LOCATION = 'location';
const HEADERS = 'retry-after retry-after-ms x-ratelimit-reset date content-type location'.split(
  ' ',
);

/** @typedef {string | Row[]} Row */

/**
 * Copies a foreign value: at most 10 levels, 64 keys an object, 256 Ki UTF-16 units a text and 4,096
 * values in all. It goes level by level, so that a socket beside the answer uses up nothing of the
 * answer's share, and leaves out the client that a socket shows, which `isClient` knows by its key.
 * Getters that throw, proxies and cycles do no harm.
 *
 * @param {unknown} root
 * @param {(key: string) => boolean} isClient
 * @returns {string}
 */
export function copied(root, isClient) {
  let nodes = 0;
  let texts = TEXTS_MAX;
  /** @type {{ value: object, rows: Row[], depth: number }[]} */
  const open = [];

  /** @param {string} text */
  const quoted = (text) => {
    const left = texts - Math.min(text.length, TEXT_MAX);
    texts = Math.max(left, 0);
    return left < 0 ? 'n' : `"${counted(bounded(text))}`;
  };

  /** @type {(value: unknown, depth: number) => Row} */
  const row = (value, depth) => {
    if (typeof value === 'string') return quoted(value);
    if (typeof value === 'number') return number(value);
    if (typeof value === 'boolean') return value ? 't' : 'f';
    if (typeof value !== 'object' || value === null || depth >= DEPTH_MAX) return 'n';
    if (ArrayBuffer.isView(value)) {
      const text = textOf(value);
      return text === undefined ? 'n' : quoted(text);
    }
    const rows = [isList(value) ? '[' : '{'];
    open.push({ value, rows, depth });
    return rows;
  };

  /** @type {(rows: Row[], key: string, item: unknown, depth: number) => void} */
  const add = (rows, key, item, depth) => {
    if (nodes >= NODES_MAX) return;
    nodes += 1;
    rows.push(key, row(item, depth));
  };

  /** @type {(rows: Row[], key: string, item: unknown, depth: number) => void} */
  const entry = (rows, key, item, depth) => {
    if (item === undefined || typeof item === 'function') return;
    const headers = key === 'headers' ? headersOf(item) : undefined;
    if (headers !== undefined) {
      nodes += 1;
      rows.push(counted(key), headers);
    } else if (typeof item === 'object' && item !== null && isClient(key)) {
      // Its address may name the model.
      add(rows, counted(key), { url: get(item, 'url') }, depth);
    } else {
      add(rows, counted(key), item, depth);
    }
  };

  /** @type {Row[]} */
  const copy = [];
  add(copy, '', root, 0);
  // It grows meanwhile.
  for (const { value, rows, depth } of open) {
    if (rows[0] === '[') {
      const length = get(value, 'length');
      const most = typeof length === 'number' ? Math.min(Math.trunc(length), LIST_MAX) : 0;
      for (let index = 0; index < most; index += 1) add(rows, '', get(value, index), depth + 1);
      rows.push(']');
      continue;
    }
    const own = keysOf(value);
    for (const key of own) {
      if (key !== 'stack') entry(rows, key, get(value, key), depth + 1);
    }
    for (const key of INHERITED) {
      if (!own.includes(key)) entry(rows, key, get(value, key), depth + 1);
    }
    rows.push('}');
  }
  return /** @type {unknown[]} */ (copy).flat(Number.POSITIVE_INFINITY).join('');
}

/**
 * The headers of a `Headers` object, which has no keys of its own; `undefined` for anything else.
 *
 * @param {unknown} item
 * @returns {string | undefined}
 */
export function headersOf(item) {
  const read = get(item, 'get');
  if (typeof read !== 'function') return undefined;
  const rows = HEADERS.map((name) => {
    const value = called(read, item, name);
    if (typeof value !== 'string') return '';
    return `${counted(name)}${name === LOCATION ? '@' : '"'}${counted(value)}`;
  });
  return `{${rows.join('')}}`;
}

/** @type {(read: Function, item: unknown, name: string) => unknown} */
function called(read, item, name) {
  try {
    return read.call(item, name);
  } catch {
    return undefined;
  }
}

/**
 * The value under a key; `undefined` where there is none or it cannot be read.
 *
 * @type {(object: any, key: string | number) => unknown}
 */
function get(object, key) {
  try {
    return object[key];
  } catch {
    return undefined;
  }
}

/** @param {object} object */
function keysOf(object) {
  try {
    const keys = Reflect.ownKeys(object).filter((key) => typeof key === 'string');
    return keys.slice(0, KEYS_MAX);
  } catch {
    return [];
  }
}

/**
 * `Array.isArray` throws for a revoked proxy.
 *
 * @param {unknown} value
 */
function isList(value) {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/**
 * The text of a body that was kept as bytes; a picture is none.
 *
 * @param {ArrayBufferView} view
 */
function textOf(view) {
  const isText = view instanceof Uint8Array && '{[<\n'.includes(String.fromCharCode(view[0] ?? 0));
  // Of shared memory no decoder reads.
  return isText && view.length <= TEXT_MAX
    ? new TextDecoder().decode(new Uint8Array(view))
    : undefined;
}

/** @param {string} text */
function bounded(text) {
  if (text.length <= TEXT_MAX) return text;
  return `${text.slice(0, TEXT_HEAD)}\n${text.slice(TEXT_HEAD - TEXT_MAX)}`;
}

/** @param {string} text */
function counted(text) {
  return `${text.length}:${text}`;
}

const bits = new DataView(new ArrayBuffer(8));

/** @param {number} value */
function number(value) {
  bits.setFloat64(0, value);
  return `d${bits.getBigUint64(0).toString(16).padStart(16, '0')}`;
}
