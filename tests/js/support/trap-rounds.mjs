/**
 * Lights the fuse of the package's copy at one way into its WebAssembly, deeper each time, and tells
 * what became of everybody who was waiting. Processes and pages share it: `watch` comes before the
 * package is imported, and `live` after.
 */

const { setTimeout: realTimeout, queueMicrotask: realMicrotask } = globalThis;
const realThen = Promise.prototype.then;
const RealInstance = WebAssembly.Instance;
const realInstantiate = WebAssembly.instantiate;

let pkg;
let fuse;
let armed;
let reached = false;
/** The caller into wasm: an exported function, unless a callback of the host is running. */
let entering = 'export';

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

/** Puts itself between the host and WebAssembly, on every way from one to the other. */
export function watch() {
  globalThis.setTimeout = (callback, ...rest) => realTimeout(as('timer', callback), ...rest);
  globalThis.queueMicrotask = (callback) => realMicrotask(as('microtask', callback));
  // biome-ignore lint/suspicious/noThenProperty: it is the callback of `then` that is looked for.
  Promise.prototype.then = function then(resolved, rejected) {
    return realThen.call(this, as('then', resolved), as('then', rejected));
  };
  WebAssembly.Instance = class {
    constructor(...args) {
      this.exports = litAll(new RealInstance(...args).exports);
    }
  };
  // A page gets its first instance here, and those after a trap above. Node's own `fetch` comes this
  // way too, with a module, and gets what it asks for.
  WebAssembly.instantiate = async (source, imports) => {
    const made = await realInstantiate(source, imports);
    if (source instanceof WebAssembly.Module) return made;
    return { module: made.module, instance: { exports: litAll(made.instance.exports) } };
  };
}

function litAll(exports) {
  fuse = exports.fuse;
  const all = {};
  for (const [name, value] of Object.entries(exports)) {
    all[name] = typeof value === 'function' ? lit(name, value) : value;
  }
  return all;
}

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

const moment = () => new Promise((resolve) => realTimeout(resolve, 1));
const settled = async (states) => {
  for (let turn = 0; turn < 200; turn += 1) {
    if (states.every(({ now }) => now !== 'pending')) break;
    await moment();
  }
};

const never = () => new Promise(() => {});
const body = {
  candidates: [
    { content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }] } },
  ],
};
const answer = async () => Response.json(body);
const options = (fetch) => ({ apiKey: 'a-key-of-nobody', models: ['gemini-3-pro-image'], fetch });

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

const DEPTHS = [1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 29, 38, 50, 66, 87, 115, 152, 200, 300, 500];

/** Tries an entry ever deeper, until the fuse is longer than the way. */
export async function live(copy, scenario) {
  pkg = copy;
  const [kind, name, trigger] = SCENARIOS[scenario];
  const rounds = [];
  for (const depth of DEPTHS) {
    const [one, two, three] = [never, never, answer].map((fetch) =>
      pkg.createClient(options(fetch)),
    );
    const waiting = {
      flying: outcome(one.retry(never)),
      waiting: outcome(one.retry(() => Promise.reject(overload), { baseDelay: 60_000 })),
      fetching: outcome(two.generate('a paper boat')),
      idle: outcome(three.retry(never)),
    };
    await moment();
    reached = false;
    armed = { kind, name, depth };
    const own = outcome(trigger({ one, two, three }));
    await settled([own]);
    await moment();
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
    await settled(Object.values(next));
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
  return rounds;
}

/** The first call of a page loads the WebAssembly; here it is also the first to trap. */
export async function cold(copy) {
  pkg = copy;
  armed = { kind: 'then', name: /^core_new$/, depth: 1 };
  const own = outcome(pkg.createClient(options(answer)).generate('a paper boat'));
  await settled([own]);
  armed = undefined;
  const next = outcome(pkg.createClient(options(answer)).generate('a paper boat'));
  await settled([next]);
  return { own, next };
}
