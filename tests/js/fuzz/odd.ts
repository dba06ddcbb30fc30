/** Values, texts and bodies that no service should send, and some do. */
import type { Dice } from './dice.ts';

/** A literal that `JSON.stringify` cannot print, such as `1e999`; `write` puts it into the text. */
const raw = (text: string): string => `@raw:${text}@`;

const NUMBERS: readonly unknown[] = [
  ...[0, -0, 1, -1, 0.5, 7, 59.9, 60, 429, 503, 65_535, 65_536, 65_965, 1e8, 1e8 + 1, -5e9],
  ...[2 ** 31, 2 ** 32, 2 ** 53, 2 ** 64, 1e13, 1e15, 1e30, 1e300, -1e300, 1e-320],
  ...['1e999', '-1e999', '1e-999', '00', '0x10', '12345678901234567890123'].map(raw),
  ...['5', '-5', 'NaN', 'Infinity', '1e999', '', ' 7 ', '7,5'],
];

const DURATIONS: readonly string[] = [
  ...['0s', '0.0s', '1s', '-1s', '34.5s', '1e3s', '9999999999999s', '99999999999999999999999s'],
  ...['1m30s', '2h', '9999999999999h9999999999m', '500ms', '1.000000001s', '.5s', '5', 's', 'soon'],
  ...['NaNs', 'Infinitys', '1e308s', '١s', '5 s', ''],
];

const DATES: readonly string[] = [
  'Tue, 24 Nov 2026 12:00:05 GMT',
  'Tue, 24 Nov 2026 13:00:00 GMT',
  'Fri, 31 Dec 9999 23:59:59 GMT',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'Mon, 30 Feb 2026 25:61:61 GMT',
  'Tue, 24 Nov 99999999 12:00:05 GMT',
  'Sun Nov  6 08:49:37 1994',
  '2026-11-24T12:00:05Z',
  '-271821-04-20T00:00:00.000Z',
];

const MIMES: readonly unknown[] = [
  ...['image/png', 'image/jpeg', 'IMAGE/PNG', 'image/', 'image/svg+xml', 'text/html', '', ' ', '/'],
  ...['image/png; charset=x', 'image/\u0000png', 'image/\u001b[31m', 'image/../../etc', '\r\n'],
  ...[null, 0, 17, true, [], {}, ['image/png'], `image/${'x'.repeat(5_000)}`],
];

const TEXTS: readonly string[] = [
  ...['', ' ', '\0', '\u001b]0;x\u0007', '\r\n\r\n', '\ud800', '\udfff\ud800', '\ufeff', '�'],
  ...['__proto__', 'constructor', 'toString', 'then', '%s%n%d', '$' + '{x}', '../../etc/passwd'],
  ...[
    'limit: 0',
    'quota exceeded',
    'limit: 99999999999999999999',
    'PerDay',
    '429',
    '503 UNAVAILABLE',
  ],
  ...[
    'retry in 0s',
    'retry in 1e30s',
    'Please retry in 9999999999999.5s.',
    'retry_delay { seconds: 7',
  ],
  ...['"', "'", '\\', '{', '[', '[{', '{"error":', '<html>', '汉字', '🛶', 'a'.repeat(5_000)],
];

const STATUSES: readonly string[] = [
  ...['RESOURCE_EXHAUSTED', 'UNAVAILABLE', 'INTERNAL', 'DEADLINE_EXCEEDED', 'INVALID_ARGUMENT'],
  ...[
    'PERMISSION_DENIED',
    'UNAUTHENTICATED',
    'NOT_FOUND',
    'FAILED_PRECONDITION',
    'CANCELLED',
    'X',
    '',
  ],
];

const BEGINNINGS: readonly string[] = [
  'iVBORw0KGgo=',
  '/9j/4AAQ',
  'UklGRg==',
  'R0lGODlh',
  'PHN2Zz4=',
];

/** A number, or what stands for one. */
export const number = (dice: Dice): unknown =>
  dice.chance(0.2) ? dice.below(10 ** dice.below(10)) : dice.pick(NUMBERS);

/** A duration as the service writes it, or nearly. */
export const duration = (dice: Dice): unknown =>
  dice.chance(0.3) ? `${number(dice)}s` : dice.chance(0.1) ? number(dice) : dice.pick(DURATIONS);

/** A value of `Retry-After`. */
export function retryAfter(dice: Dice): string {
  const value = dice.pick([number, duration, () => dice.pick(DATES)])(dice);
  return String(value).replace(/@raw:([^@]*)@/g, '$1');
}

export const mime = (dice: Dice): unknown => structuredClone(dice.pick(MIMES));
export const text = (dice: Dice): string => dice.list(3, () => dice.pick(TEXTS)).join(' ');
export const statusText = (dice: Dice): string => dice.pick(STATUSES);
export const picture = (dice: Dice): string =>
  dice.pick(BEGINNINGS) + dice.pick(['', 'AAAA', '!!']);

/** Any plain value. */
export function value(dice: Dice, depth = 3): unknown {
  const leaf = [number, text, duration, mime, () => dice.pick([null, true, false, undefined])];
  if (depth === 0 || dice.chance(0.6)) return dice.pick(leaf)(dice);
  if (dice.chance(0.5)) return dice.list(4, () => value(dice, depth - 1));
  return Object.fromEntries(dice.list(4, () => [key(dice), value(dice, depth - 1)]));
}

const KEYS: readonly string[] = [
  ...['error', 'code', 'status', 'message', 'details', 'retryDelay', 'violations', 'quotaId'],
  ...['quotaValue', 'candidates', 'content', 'parts', 'inlineData', 'data', 'mimeType', 'thought'],
  ...[
    'usageMetadata',
    'promptFeedback',
    'finishReason',
    'choices',
    'url',
    'b64_json',
    'predictions',
  ],
  ...[
    'headers',
    'retry-after',
    'cause',
    'then',
    'toJSON',
    'length',
    '__proto__',
    'constructor',
    '',
  ],
];

export const key = (dice: Dice): string => dice.pick(KEYS);

type Place = Record<string | number, unknown>;

/** All places in a value, as the object and the key in it. */
function placesOf(root: Place): [Place, string][] {
  const places: [Place, string][] = [];
  const left: Place[] = [root];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    for (const [name, inner] of Object.entries(next)) {
      places.push([next, name]);
      if (typeof inner === 'object' && inner !== null) left.push(inner as Place);
    }
  }
  return places;
}

function deep(inner: unknown, levels: number): unknown {
  let made = inner;
  for (let level = 0; level < levels; level += 1) made = level % 2 === 0 ? [made] : { error: made };
  return made;
}

/** Changes a plain value in a few places. */
export function mutate(dice: Dice, given: unknown): unknown {
  const root: Place = { root: structuredClone(given) };
  for (let left = dice.below(4); left > 0; left -= 1) {
    const places = placesOf(root);
    if (places.length === 0) break;
    const [owner, name] = dice.pick(places);
    const old = owner[name];
    switch (dice.below(9)) {
      case 0:
        delete owner[name];
        break;
      case 1:
        owner[name] = [old];
        break;
      case 2:
        owner[name] = deep(old, dice.pick([1, 3, 70, 400]));
        break;
      case 3:
        // Not of a whole answer: three times that would be one of 300,000 pictures.
        if (write(old).length < 500) owner[name] = dice.list(70, () => old);
        break;
      case 4:
        owner[name] = JSON.stringify(old);
        break;
      case 5:
        if (Array.isArray(owner)) break;
        Object.defineProperty(owner, key(dice), {
          value: old,
          enumerable: true,
          configurable: true,
          writable: true,
        });
        break;
      default:
        owner[name] = value(dice);
    }
  }
  return root['root'];
}

/** A value as JSON, with what JSON has no word for. */
export function write(given: unknown): string {
  return (JSON.stringify(given) ?? '').replace(/"@raw:([^"@]*)@"/g, '$1');
}

/** Damages a text as a connection, a proxy or a stream does. */
export function damage(dice: Dice, whole: string): string {
  const at = dice.below(whole.length + 1);
  switch (dice.below(8)) {
    case 0:
      return whole.slice(0, at);
    case 1:
      return whole.slice(0, at) + String.fromCharCode(dice.below(256)) + whole.slice(at + 1);
    case 2:
      return whole.slice(0, at) + whole.slice(at + dice.below(20));
    case 3:
      return `data: ${whole}\n\ndata: [DONE]\n\n`;
    case 4:
      return `${whole}\n${whole}`;
    case 5:
      return `)]}'\n${whole}`;
    case 6:
      return `\ufeff${whole}`;
    default:
      return text(dice) + whole;
  }
}
