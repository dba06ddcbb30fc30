/** One answer of a hostile service, or of a hostile `fetch`. */
import type { Protocol } from '../../../pkg/index.js';
import * as bodies from './bodies.ts';
import type { Dice } from './dice.ts';
import * as foreign from './foreign.ts';
import * as odd from './odd.ts';

/** The service's handling of one request: it waits, then answers in some way. */
export interface Step {
  /** In ms. */
  wait: number;
  /** In a word, for whoever reads of a failure. */
  what: string;
  /** Gives or throws the answer. */
  give(): unknown;
}

const STATUSES: readonly number[] = [
  ...[
    200, 200, 200, 200, 201, 204, 206, 299, 300, 301, 302, 304, 307, 308, 400, 401, 402, 403, 404,
  ],
  ...[
    405, 408, 409, 410, 413, 418, 422, 429, 429, 429, 429, 431, 451, 499, 500, 501, 502, 503, 503,
  ],
  ...[503, 504, 511, 520, 524, 529, 599],
];
const EMPTY: readonly number[] = [204, 205, 304];

const MIMES: readonly string[] = [
  ...['application/json', 'application/json; charset=utf-8', 'text/html', 'text/event-stream'],
  ...['text/plain', 'image/png', '', 'json', 'application/octet-stream'],
];

function headersFor(dice: Dice): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': dice.pick(MIMES) };
  if (dice.chance(0.5)) headers['retry-after'] = odd.retryAfter(dice);
  if (dice.chance(0.2)) headers['retry-after-ms'] = odd.retryAfter(dice);
  if (dice.chance(0.1)) headers['content-length'] = String(dice.pick([0, 1, 1e15, -1]));
  if (dice.chance(0.1)) headers['content-encoding'] = dice.pick(['gzip', 'br', 'x', '']);
  if (dice.chance(0.1)) headers['location'] = `https://elsewhere.test/?key=${bodies.KEY}`;
  return headers;
}

/** The same as bytes that come in pieces, and may break off or never end. */
function stream(dice: Dice, text: string): ReadableStream<unknown> {
  const bytes = new TextEncoder().encode(text);
  const size = Math.max(1, dice.pick([1, 7, 1_000, 100_000]));
  const pieces = Math.min(Math.ceil(bytes.length / size), 40);
  const end = dice.pick(['close', 'close', 'error', 'hang', 'string']);
  const error = foreign.thrown(dice, text);
  let at = 0;
  return new ReadableStream<unknown>({
    pull(controller) {
      if (at < pieces) {
        controller.enqueue(bytes.slice(at * size, at === pieces - 1 ? undefined : (at + 1) * size));
        at += 1;
        return undefined;
      }
      if (end === 'hang') return new Promise(() => {});
      if (end === 'string') controller.enqueue('no bytes');
      if (end === 'error') controller.error(error);
      else controller.close();
      return undefined;
    },
  });
}

/** An object that a caller's own `fetch` may give instead of a Response. */
function stub(dice: Dice, status: number, body: unknown, headers: Record<string, string>): unknown {
  const text = odd.write(body);
  const lost = (): Promise<never> => Promise.reject(foreign.thrown(dice, body));
  const given = {
    status: dice.chance(0.7) ? status : odd.number(dice),
    ok: status < 300,
    headers: dice.pick([
      new Map(Object.entries(headers)),
      headers,
      null,
      { get: () => dice.pick([odd.value(dice), foreign.value(dice, headers)]) },
      {
        get: () => {
          throw new Error('of the fuzz');
        },
      },
    ]),
    json: dice.pick([
      async () => body,
      async () => foreign.value(dice, body),
      () => foreign.value(dice, body),
      lost,
      undefined,
    ]),
    text: dice.pick([async () => text, async () => foreign.value(dice, text), lost, undefined]),
    body: dice.pick([undefined, null, stream(dice, text), { getReader: () => ({}) }]),
  };
  return dice.chance(0.5) ? given : foreign.value(dice, given);
}

function answered(dice: Dice, protocol: Protocol): () => unknown {
  const status = dice.pick(STATUSES);
  const plain = status < 300 ? bodies.answer(dice, protocol) : bodies.refusal(dice, status);
  const body = dice.chance(0.7) ? odd.mutate(dice, plain) : plain;
  const headers = headersFor(dice);
  if (dice.chance(0.25)) {
    const made = stub(dice, status, body, headers);
    return () => made;
  }
  const whole = odd.write(body);
  const text = dice.chance(0.25) ? odd.damage(dice, whole) : whole;
  const sent = EMPTY.includes(status) ? null : dice.chance(0.2) ? stream(dice, text) : text;
  return () => {
    try {
      return new Response(sent as BodyInit | null, { status, headers });
    } catch {
      // Of headers that no HTTP has.
      return new Response(EMPTY.includes(status) ? null : text, { status });
    }
  };
}

const WAITS: readonly number[] = [0, 0, 0, 0, 1, 20, 420, 5_000, 61_000, 200_000, 700_000];

/** The next answer of a service of this protocol. */
export function step(dice: Dice, protocol: Protocol): Step {
  const wait = dice.pick(WAITS);
  if (dice.chance(0.1)) {
    const error = foreign.thrown(dice, bodies.refusal(dice, 503));
    const give = (): never => {
      throw error;
    };
    return { wait, what: 'throws', give };
  }
  if (dice.chance(0.03)) return { wait, what: 'hangs', give: () => new Promise(() => {}) };
  if (dice.chance(0.03))
    return {
      wait,
      what: 'is nothing',
      give: () => dice.pick([Response.error(), undefined, null, 7, '']),
    };
  return { wait, what: 'answers', give: answered(dice, protocol) };
}

/** The response to a download from a link of an answer, which may fail. */
export function download(dice: Dice): unknown {
  const bytes = Buffer.from(odd.picture(dice), 'base64');
  const headers = {
    'content-type': String(dice.pick(['image/png', 'text/html', 'image/svg+xml', ''])),
  };
  return dice.pick([
    () => new Response(bytes, { headers }),
    () => new Response(null, { status: 302, headers: { location: 'http://127.0.0.1/' } }),
    () => new Response('no', { status: dice.pick([403, 404, 500]) }),
    () => stub(dice, 200, bytes.toString('latin1'), headers),
    () => Promise.reject(foreign.thrown(dice, `no link with ${bodies.KEY}`)),
  ])();
}
