/** Objects that JavaScript allows and nobody expects: proxies, getters that throw, cycles. */
import type { Dice } from './dice.ts';
import * as odd from './odd.ts';

const boom = (): never => {
  throw new Error('of the fuzz');
};

/** A proxy of which some traps throw. */
function trapped(dice: Dice, target: object): object {
  const names = ['get', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'] as const;
  const handler: ProxyHandler<object> = {};
  for (const name of names) if (dice.chance(0.4)) handler[name] = boom;
  return new Proxy(target, handler);
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** An object whose every getter throws, or some. */
function throwing(dice: Dice, given: object): object {
  const made = {};
  for (const [name, value] of Object.entries(given)) {
    const get = dice.chance(0.5) ? boom : () => value;
    Object.defineProperty(made, name, { get, enumerable: true, configurable: true });
  }
  return made;
}

function cycle(given: object): object {
  return Object.assign(given, { cause: given, error: given, candidates: [given], parts: [given] });
}

/** A list that says that it is longer than anything. */
function endless(dice: Dice): object {
  const list: unknown[] = [];
  list.length = 2 ** 32 - 1;
  list[0] = odd.value(dice);
  return list;
}

/** An object whose `then` need not be a function, so that it only looks like a promise. */
const thenable = (value: unknown): object => Object.defineProperty({}, 'then', { value });

/** A value as only a caller's own `fetch` can give it, made of a plain one. */
export function value(dice: Dice, plain: unknown): unknown {
  const given = typeof plain === 'object' && plain !== null ? plain : { message: plain };
  switch (dice.below(12)) {
    case 0:
      return trapped(dice, given);
    case 1:
      return revoked(given);
    case 2:
    case 3:
      return throwing(dice, given);
    case 4:
      return cycle({ ...given });
    case 5:
      return endless(dice);
    case 6:
      return Object.assign(Object.create(null), given);
    case 7:
      return Object.freeze(Array.isArray(given) ? [...given] : { ...given });
    case 8:
      return dice.pick([
        10n ** 40n,
        Symbol('odd'),
        boom,
        new Date(Number.NaN),
        new Uint8Array(99),
        /x/,
      ]);
    case 9:
      return thenable(
        dice.pick<(resolve: (value: unknown) => void, reject: (error: unknown) => void) => void>([
          boom,
          (_, reject) => reject(plain),
          (resolve) => {
            resolve(plain);
            boom();
          },
        ]),
      );
    default:
      return plain;
  }
}

/** Something that is thrown, as a network, an SDK or a careless program throws it. */
export function thrown(dice: Dice, plain: unknown): unknown {
  const message = typeof plain === 'string' ? plain : (JSON.stringify(plain) ?? '');
  const code = dice.pick([
    'ECONNRESET',
    'ENOTFOUND',
    'UND_ERR_SOCKET',
    'ABORT_ERR',
    odd.text(dice),
  ]);
  switch (dice.below(9)) {
    case 0:
      return Object.assign(new TypeError('fetch failed', { cause: new Error(message) }), { code });
    case 1:
      return new DOMException(
        message,
        dice.pick(['AbortError', 'TimeoutError', 'NetworkError', '']),
      );
    case 2:
      return new AggregateError([new Error(message), plain], message);
    case 3:
      return Object.assign(new Error(message), {
        status: odd.number(dice),
        headers: new Headers(),
      });
    case 4: {
      // Causes of causes, to a depth that nobody reads.
      let error: unknown = plain;
      for (let level = dice.pick([1, 5, 300]); level > 0; level -= 1) {
        error = new Error(`level ${level}`, { cause: error });
      }
      return error;
    }
    case 5: {
      const error = new Error(message);
      for (const name of ['name', 'message', 'status', 'headers', 'cause']) {
        if (dice.chance(0.5)) Object.defineProperty(error, name, { get: boom });
      }
      return error;
    }
    case 6:
      return dice.pick([undefined, null, '', 0, Number.NaN, Symbol('odd'), message, plain]);
    default:
      return value(dice, plain);
  }
}
