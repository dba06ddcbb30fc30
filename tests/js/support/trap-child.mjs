/**
 * One process that lives through traps. It is given a copy of the package with a fuse, and the name
 * of an entry; it lights the fuse at that entry, deeper each time, and prints what became of
 * everybody who was waiting. Whatever reaches the process itself is printed too.
 */
import { pathToFileURL } from 'node:url';

const [folder, scenario] = process.argv.slice(2);

let fuse;
let armed;
let reached = false;
/** Who called into wasm: an exported function, unless a callback of the host is running. */
let entering = 'export';

const uncaught = [];
process.on('uncaughtException', (error) => uncaught.push(String(error)));
process.on('unhandledRejection', (error) => uncaught.push(`unhandled: ${error}`));

const as = (kind, callback) =>
  typeof callback !== 'function'
    ? callback
    : function entered(...args) {
        const before = entering;
        entering = kind;
        try {
          return callback.apply(this, args);
        } finally {
          entering = before;
        }
      };

const { setTimeout: realTimeout, queueMicrotask: realMicrotask } = globalThis;
const realThen = Promise.prototype.then;
globalThis.setTimeout = (callback, ...rest) => realTimeout(as('timer', callback), ...rest);
globalThis.queueMicrotask = (callback) => realMicrotask(as('microtask', callback));
// biome-ignore lint/suspicious/noThenProperty: it is the callback of `then` that is looked for.
Promise.prototype.then = function then(resolved, rejected) {
  return realThen.call(this, as('then', resolved), as('then', rejected));
};

const RealInstance = WebAssembly.Instance;
WebAssembly.Instance = class {
  constructor(...args) {
    const { exports } = new RealInstance(...args);
    fuse = exports.fuse;
    this.exports = {};
    for (const [name, value] of Object.entries(exports)) {
      this.exports[name] = typeof value === 'function' ? lit(name, value) : value;
    }
  }
};

function lit(name, call) {
  return (...args) => {
    if (armed === undefined || armed.kind !== entering || !armed.name.test(name)) {
      return call(...args);
    }
    const own = fuse;
    own.value = armed.depth;
    armed = undefined;
    try {
      return call(...args);
    } finally {
      reached = own.value === 0;
      own.value = 0;
    }
  };
}

const pkg = await import(pathToFileURL(`${folder}/index.js`).href);

function outcome(promise) {
  const state = { now: 'pending' };
  promise.then(
    (value) => {
      state.now = `resolved ${value?.images?.length ?? value?.data?.length ?? value}`;
    },
    (error) => {
      state.now = pkg.isGenerateError(error) ? `GenerateError ${error.kind}` : String(error);
      state.message = error?.message;
      state.cause = error?.cause instanceof WebAssembly.RuntimeError;
    },
  );
  return state;
}

const never = () => new Promise(() => {});
const body = {
  candidates: [
    { content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }] } },
  ],
};
const answer = async () => Response.json(body);
const options = (fetch) => ({ apiKey: 'a-key-of-nobody', models: ['gemini-3-pro-image'], fetch });
const first = (await import('node:timers/promises')).setTimeout;

const attempt = (run) => {
  try {
    return Promise.resolve(run());
  } catch (error) {
    return Promise.reject(error);
  }
};

const overload = Object.assign(new Error('503 UNAVAILABLE'), { status: 503 });

/** For each entry: what calls it, and which calls into wasm count. */
const SCENARIOS = {
  retry: ['export', /^core_retry$/, ({ one }) => one.retry(async () => 1)],
  generate: ['export', /^core_generate$/, ({ two }) => two.generate('a paper boat')],
  generateWithRetry: [
    'export',
    /^core_generateWithRetry$/,
    ({ two }) => two.generateWithRetry('a paper boat'),
  ],
  generateWithFallback: [
    'export',
    /^core_generateWithFallback$/,
    ({ two }) => two.generateWithFallback('a paper boat'),
  ],
  batchGenerate: ['export', /^core_batchGenerate$/, ({ two }) => two.batchGenerate(['a boat'])],
  createClient: ['export', /^core_new$/, () => attempt(() => pkg.createClient(options(answer)))],
  classifyError: ['export', /^classifyError$/, () => attempt(() => pkg.classifyError(overload))],
  getRetryDelay: ['export', /^getRetryDelay$/, () => attempt(() => pkg.getRetryDelay(overload, 1))],
  abort: [
    'export',
    /^core_cancel$/,
    ({ one }) => {
      const controller = new AbortController();
      const call = one.retry(never, { signal: controller.signal });
      controller.abort(new Error('the reason'));
      return call;
    },
  ],
  close: [
    'export',
    /^core_close$/,
    ({ one }) => {
      const call = one.retry(never);
      call.catch(() => {});
      return attempt(() => one.close()).then(() => call);
    },
  ],
  microtask: ['microtask', /./, ({ three }) => three.batchGenerate(['a boat', 'a kite'], 60_000)],
  fetched: ['microtask', /./, ({ three }) => three.generate('a paper boat')],
  settled: ['then', /^core_answered$/, ({ one }) => one.retry(async () => 1)],
  rejected: [
    'then',
    /^core_threw$/,
    ({ one }) => one.retry(() => Promise.reject(overload), { baseDelay: 60_000 }),
  ],
  timer: [
    'timer',
    /closures/,
    ({ three }) =>
      three.retry(() => Promise.reject(overload), { baseDelay: 1, jitter: 0, maxAttempts: 2 }),
  ],
  // The caller's function calls back into the package, whose own frames are still on the stack.
  inside: [
    'export',
    /^classifyError$/,
    ({ one }) =>
      one.retry(() => {
        pkg.classifyError(overload);
        return 1;
      }),
  ],
};

const [kind, name, trigger] = SCENARIOS[scenario];
const depths = [1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 29, 38, 50, 66, 87, 115, 152, 200, 300, 500];
const rounds = [];

for (const depth of depths) {
  const [one, two, three] = [never, never, answer].map((fetch) => pkg.createClient(options(fetch)));
  const waiting = {
    flying: outcome(one.retry(never)),
    waiting: outcome(one.retry(() => Promise.reject(overload), { baseDelay: 60_000 })),
    fetching: outcome(two.generate('a paper boat')),
    idle: outcome(three.retry(never)),
  };
  await first(1);
  reached = false;
  armed = { kind, name, depth };
  const own = outcome(trigger({ one, two, three }));
  for (let turn = 0; turn < 200 && own.now === 'pending'; turn += 1) await first(1);
  await first(1);
  armed = undefined;
  if (!reached) {
    for (const client of [one, two, three]) client.close();
    break;
  }

  const next = {
    retry: outcome(one.retry(async () => 7)),
    generate: outcome(three.generate('a paper boat')),
    other: outcome(pkg.createClient(options(answer)).generateWithRetry('a paper boat')),
  };
  for (let turn = 0; turn < 200; turn += 1) {
    if (Object.values(next).every(({ now }) => now !== 'pending')) break;
    await first(1);
  }
  let kindNow;
  let closed = 'closed';
  try {
    kindNow = pkg.classifyError(overload).kind;
    two.close();
  } catch (error) {
    closed = String(error);
  }
  rounds.push({ depth, own, waiting, next, kind: kindNow, closed });
}

console.log(JSON.stringify({ rounds, uncaught }));
// Nothing is pending any more, so the process ends by itself; a timer that is left would hold it.
