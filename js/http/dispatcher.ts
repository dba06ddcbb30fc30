/** Connections in Node: without time limits, and to no private place that an answer names. */
import { builtin } from '../base/builtin.js';
import { isPrivate, refusal } from './redirects.js';

/** The maker of the connections of Node's `fetch`, as far as it is used. */
export interface Dispatcher {
  dispatch(options: object, handler: unknown): boolean;
}

type Found = string | { address: string }[];
type Done = (error: Error | null, found?: Found, family?: number) => void;
type Lookup = (name: string, options: object, done: Done) => void;

interface AgentOptions {
  connect?: { lookup?: Lookup } | ((...given: never[]) => unknown) | undefined;
}

const DISPATCHER = Symbol.for('undici.globalDispatcher.1');
const patient = new WeakMap<Dispatcher, Dispatcher>();
const guarded = new WeakMap<Dispatcher, Dispatcher>();

/**
 * Node's own `fetch` gives up when no header comes within 300 s, and pictures may take longer. The
 * dispatcher is looked up anew each time, so that a proxy that the user has set stays in use.
 */
export function patientDispatcher(): Dispatcher | undefined {
  const current = currentDispatcher();
  return current === undefined ? undefined : of(patient, current, withoutLimits);
}

/**
 * The same for addresses that somebody else names: where a name leads to this machine or its network,
 * no connection is made. It is the connection's own lookup that is looked at, since the next one may
 * say something else. A proxy of the user's looks names up by itself, and stays in use as it is.
 */
export function guardedDispatcher(): Dispatcher | undefined {
  const current = currentDispatcher();
  if (current === undefined) return undefined;
  return of(patient, of(guarded, current, guard), withoutLimits);
}

function currentDispatcher(): Dispatcher | undefined {
  // Node brings its `fetch` up when one of its names is looked at, and the dispatcher with it: the
  // first request of a process must not be the one that gives up.
  if (typeof globalThis.Headers !== 'function') return undefined;
  return (globalThis as Record<symbol, unknown>)[DISPATCHER] as Dispatcher | undefined;
}

function of(
  made: WeakMap<Dispatcher, Dispatcher>,
  current: Dispatcher,
  make: (current: Dispatcher) => Dispatcher,
): Dispatcher {
  const had = made.get(current) ?? make(current);
  made.set(current, had);
  return had;
}

function withoutLimits(current: Dispatcher): Dispatcher {
  return {
    dispatch: (options, handler) =>
      current.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler),
  };
}

/** An agent as the current one, with a lookup that is looked at. */
function guard(current: Dispatcher): Dispatcher {
  const Agent = current.constructor as new (options: object) => Dispatcher;
  const options = optionsOf(current);
  if (Agent.name !== 'Agent' || typeof options.connect === 'function') return current;
  const own = options.connect?.lookup;
  const lookup: Lookup = (name, how, done) => {
    const system = builtin<{ lookup: Lookup }>('node:dns')?.lookup;
    const find = own ?? system;
    if (find === undefined) return done(refusal(name));
    find(name, how, (error, found, family) => {
      const all = Array.isArray(found) ? found.map(({ address }) => address) : [found ?? ''];
      const isIn = error === null && all.some(isPrivate);
      if (isIn) done(refusal(`the private address of ${name}`));
      else done(error, found, family);
    });
  };
  return new Agent({ ...options, connect: { ...options.connect, lookup } });
}

/** The options of the user's agent, which undici keeps under a symbol of its own. */
function optionsOf(agent: Dispatcher): AgentOptions {
  const key = Object.getOwnPropertySymbols(agent).find(
    (symbol) => symbol.description === 'options',
  );
  return (key && (agent as unknown as Record<symbol, AgentOptions>)[key]) ?? {};
}
