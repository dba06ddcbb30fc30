/**
 * The patch that keeps a trap inside the package.
 *
 * wasm-bindgen's glue hands callbacks to the host: to `queueMicrotask`, `then` and `setTimeout`, to
 * event targets, and to the garbage collector. When Rust traps inside one of them the error leaves
 * as an uncaught exception, which ends a Node process. No option of wasm-bindgen prevents this with
 * `panic = "abort"` (its abort handler makes a module that Node 20 refuses), so the build rewrites
 * the few functions where the host enters. What the patched glue promises:
 *
 * 1. A trap is caught where wasm was entered and reported once, to the handler of `__onTrap`. From a
 *    callback nothing reaches the host; from an exported function the error is thrown on.
 * 2. After a trap nothing enters that instance again, until `__wbg_reset_state()` made a new one.
 * 3. Callbacks, finalizers and objects of an earlier instance do nothing. As generated, a stale
 *    callback throws, and a stale `free()` or closure frees an address in the *new* memory.
 * 4. Timers of an instance end with it.
 * 5. Frames of an earlier instance that are still on the stack are unwound when they return from a
 *    call to JavaScript, rather than run on with the new instance's memory.
 *
 * Each rewrite names the text it expects and how often, so that another version of wasm-bindgen
 * fails the build instead of passing unpatched.
 */

const STALE = "'Cannot invoke closure from previous WASM instance'";

/** Module-level state and functions that the rewritten parts share. */
const RUNTIME = `
let __wbg_trapped = false;
let __wbg_trap_handler;
let __wbg_thrown;

/**
 * Sets what is called, once per instance, when Rust traps. It must not throw.
 */
export function __onTrap(handler) {
    __wbg_trap_handler = handler;
}

function __wbg_usable(instance) {
    return instance === __wbg_instance_id && !__wbg_trapped;
}

// Timers of a dropped instance would only keep a process from ending, so they are known by name.
const __wbg_timers = new Set();

function __wbg_arm(callback, delay) {
    const timer = setTimeout(() => {
        __wbg_timers.delete(timer);
        callback();
    }, delay);
    __wbg_timers.add(timer);
    return timer;
}

function __wbg_disarm(timer) {
    __wbg_timers.delete(timer);
    return clearTimeout(timer);
}

function __wbg_drop() {
    for (const timer of __wbg_timers) clearTimeout(timer);
    __wbg_timers.clear();
}

function __wbg_report(error, instance) {
    if (!__wbg_usable(instance)) return;
    __wbg_trapped = true;
    __wbg_drop();
    try {
        __wbg_trap_handler?.(error);
    } catch (_) {
        // The host must not see this: it would end the process that the handler is there to save.
    }
}

// Every way into wasm goes through here. An exception that crosses wasm frames has skipped Rust's
// clean-up (borrows stay borrowed, the shadow stack is not restored), so it counts as a trap
// whatever its type; only what wasm-bindgen throws by itself, before any Rust code ran, does not.
function __wbg_guard(exports) {
    const instance = __wbg_instance_id;
    const guarded = {};
    for (const name of Object.keys(exports)) {
        const value = exports[name];
        guarded[name] = typeof value !== 'function' ? value : (...args) => {
            if (!__wbg_usable(instance)) {
                throw new WebAssembly.RuntimeError('this WebAssembly instance has been dropped after a trap');
            }
            try {
                return value(...args);
            } catch (error) {
                if (error !== __wbg_thrown || name.startsWith('wasm_bindgen__convert__closures')) {
                    __wbg_report(error, instance);
                }
                throw error;
            }
        };
    }
    return guarded;
}

// Runs what the host called for: not at all when it comes too late, and without letting a trap out.
function __wbg_contain(instance, run) {
    if (!__wbg_usable(instance)) return undefined;
    try {
        return run();
    } catch (error) {
        // An error that a Rust closure returned is the caller's; so is a trap that nobody handles.
        if (__wbg_usable(instance) || __wbg_trap_handler === undefined) throw error;
        return undefined;
    }
}
`;

const HANDLE_ERROR = `function handleError(f, args) {
    try {
        return f.apply(this, args);
    } catch (e) {
        const idx = addToExternrefTable0(e);
        wasm.__wbindgen_exn_store(idx);
    }
}
`;

// As generated, each call makes a closure and an arguments object, which costs more than the call.
// None of these imports takes more than six arguments: the build checks.
const HANDLE_ERROR_PATCHED = `function handleError(f) {
    return (a, b, c, d, e, g) => {
        const instance = __wbg_instance_id;
        let ret;
        try {
            ret = f(a, b, c, d, e, g);
        } catch (thrown) {
            if (!__wbg_usable(instance)) throw thrown;
            const idx = addToExternrefTable0(thrown);
            wasm.__wbindgen_exn_store(idx);
            return undefined;
        }
        if (!__wbg_usable(instance)) {
            throw new WebAssembly.RuntimeError('the WebAssembly instance trapped during this call');
        }
        return ret;
    };
}
`;

/** The closure makers as generated; they differ in whether the closure may run inside itself. */
function closureMaker(name) {
  const mutable = name === 'makeMutClosure';
  return `function ${name}(arg0, arg1, f) {
    const state = { a: arg0, b: arg1, cnt: 1, instance: __wbg_instance_id };
    const real = (...args) => {

        if (state.instance !== __wbg_instance_id) {
            throw new Error(${STALE});
        }

        // First up with a closure we increment the internal reference
        // count. This ensures that the Rust closure environment won't
        // be deallocated while we're invoking it.
        state.cnt++;
${mutable ? '        const a = state.a;\n        state.a = 0;\n' : ''}        try {
            return f(${mutable ? 'a' : 'state.a'}, state.b, ...args);
        } finally {
${mutable ? '            state.a = a;\n' : ''}            real._wbg_cb_unref();
        }
    };
    real._wbg_cb_unref = () => {
        if (--state.cnt === 0) {
            wasm.__wbindgen_destroy_closure(state.a, state.b);
            state.a = 0;
            CLOSURE_DTORS.unregister(state);
        }
    };
    CLOSURE_DTORS.register(real, state, state);
    return real;
}
`;
}

function closureMakerPatched(name) {
  const mutable = name === 'makeMutClosure';
  return `function ${name}(arg0, arg1, f) {
    const state = { a: arg0, b: arg1, cnt: 1, instance: __wbg_instance_id };
    const real = (...args) => __wbg_contain(state.instance, () => {
        // Zero once the closure has been destroyed${mutable ? ', and while it runs' : ''}: there is nothing to call.
        if (state.a === 0) return undefined;
        // The count keeps Rust's environment alive while the closure runs.
        state.cnt++;
${mutable ? '        const a = state.a;\n        state.a = 0;\n' : ''}        try {
            return f(${mutable ? 'a' : 'state.a'}, state.b, ...args);
        } finally {
${mutable ? '            state.a = a;\n' : ''}            real._wbg_cb_unref();
        }
    });
    real._wbg_cb_unref = () => {
        if (--state.cnt !== 0) return;
        const a = state.a;
        state.a = 0;
        if (__wbg_usable(state.instance)) wasm.__wbindgen_destroy_closure(a, state.b);
    };
    // No finalizer: Rust owns each of these closures (the futures' and the timer's) and frees it,
    // and registering one costs as much as the rest of making it.
    return real;
}
`;
}

const once = (count) => count === 1;
const atMostOnce = (count) => count <= 1;

/** Each step: what to find, what to write, and how often it must occur. */
const STEPS = [
  {
    // wasm-bindgen copies the scripts that Rust calls by a path, for its tests; ours are beside.
    what: 'the scripts of the boundary',
    find: /'\.\/snippets\/[\w-]+\/js\/boundary\/(\w+\.js)'/g,
    write: "'../boundary/$1'",
    times: (count) => count > 0,
  },
  {
    what: 'the instance counter',
    find: 'let __wbg_instance_id = 0;\n',
    write: `let __wbg_instance_id = 0;\n${RUNTIME}`,
    times: once,
  },
  {
    what: 'the exports of the first instance',
    find: '    wasm = instance.exports;\n',
    write: '    wasm = __wbg_guard(instance.exports);\n',
    times: once,
  },
  {
    what: 'the exports of a later instance',
    find: '    wasm = wasmInstance.exports;\n    wasm.__wbindgen_start();\n',
    write:
      '    wasm = __wbg_guard(wasmInstance.exports);\n    __wbg_trapped = false;\n    wasm.__wbindgen_start();\n',
    times: once,
  },
  {
    what: 'the start of the reset',
    find: 'export function __wbg_reset_state () {\n',
    write: 'export function __wbg_reset_state() {\n    __wbg_drop();\n',
    times: once,
  },
  {
    what: 'setTimeout',
    find: 'const ret = setTimeout(arg0, arg1);',
    write: 'const ret = __wbg_arm(arg0, arg1);',
    times: atMostOnce,
  },
  {
    what: 'clearTimeout',
    find: 'const ret = clearTimeout(arg0);',
    write: 'const ret = __wbg_disarm(arg0);',
    times: atMostOnce,
  },
  {
    what: 'the closure maker for Fn',
    find: closureMaker('makeClosure'),
    write: closureMakerPatched('makeClosure'),
    times: atMostOnce,
  },
  {
    what: 'the closure maker for FnMut',
    find: closureMaker('makeMutClosure'),
    write: closureMakerPatched('makeMutClosure'),
    times: once,
  },
  {
    what: 'the finalizer of closures',
    find: `    if (state.instance === __wbg_instance_id) {
        wasm.__wbindgen_destroy_closure(state.a, state.b);
    }
`,
    write:
      '    __wbg_contain(state.instance, () => wasm.__wbindgen_destroy_closure(state.a, state.b));\n',
    times: once,
  },
  {
    what: 'the finalizers of objects',
    find: /^ {4}if \(instance === __wbg_instance_id\) (wasm\.__wbg_\w+_free\(ptr, 1\));$/gm,
    write: '    __wbg_contain(instance, () => $1);',
    times: () => true,
  },
  {
    what: 'free()',
    find: /^( {8}const ptr = this\.__destroy_into_raw\(\);\n) {8}__wbg_call_guard\(\);\n {8}(wasm\.__wbg_\w+_free\(ptr, 0\));\n/gm,
    write: '$1        if (ptr !== 0 && __wbg_usable(this.__wbg_inst)) $2;\n',
    times: () => true,
  },
  {
    what: 'the handler of exceptions from imports',
    find: HANDLE_ERROR,
    write: HANDLE_ERROR_PATCHED,
    times: once,
  },
  {
    what: 'the reading of a key',
    find: '            const ret = arg0[arg1];\n',
    write:
      '            const ret = arg0 === undefined || arg0 === null ? undefined : arg0[arg1];\n',
    times: atMostOnce,
  },
  {
    what: 'the start of an import that may throw',
    find: /: function\(\) \{ return handleError\(function \(((?:arg\d(?:, )?){0,6})\) \{$/gm,
    write: ': handleError(function ($1) {',
    times: (count) => count > 0,
  },
  {
    what: 'the end of an import that may throw',
    find: /^ {8}\}, arguments\); \},$/gm,
    write: '        }),',
    times: (count) => count > 0,
  },
  {
    what: 'what wasm-bindgen throws by itself',
    find: /^( {8}__wbg___wbindgen_throw_\w+: function\(arg0, arg1\) \{\n) {12}throw new Error\((.*)\);$/gm,
    write: '$1            throw (__wbg_thrown = new Error($2));',
    times: atMostOnce,
  },
];

/** Text that must not be left once every step has run, with the reason. */
const LEFTOVERS = [
  [STALE, 'a stale callback would throw to the host'],
  ['=== __wbg_instance_id) wasm.', 'a finalizer would enter wasm unguarded'],
  ['= instance.exports;', 'an instance would be used unguarded'],
  ['= wasmInstance.exports;', 'an instance would be used unguarded'],
  ['= setTimeout(arg', 'a timer would outlive its instance'],
  ['return handleError(', 'an import would not be the function that it should be'],
  ['}, arguments);', 'an import would not be the function that it should be'],
];

function apply(source, { what, find, write, times }) {
  const pieces =
    typeof find === 'string' ? source.split(find).length - 1 : [...source.matchAll(find)].length;
  if (!times(pieces)) {
    throw new Error(
      `glue patch: ${what} was found ${pieces} times. wasm-bindgen's output has changed: ` +
        'read the generated file and bring scripts/glue.mjs up to date.',
    );
  }
  // A function as replacement keeps `$` in the text literal where the pattern is a string.
  return typeof find === 'string' ? source.split(find).join(write) : source.replace(find, write);
}

/**
 * Patches the glue.
 * @param {string} source what `wasm-bindgen --target web --experimental-reset-state-function` wrote
 */
export function patchGlue(source) {
  let patched = source;
  for (const step of STEPS) patched = apply(patched, step);
  for (const [text, why] of LEFTOVERS) {
    if (patched.includes(text)) throw new Error(`glue patch: \`${text}\` is left, so ${why}.`);
  }
  if (!patched.includes('wasm.wasm_bindgen__convert__closures')) {
    throw new Error('glue patch: the entries of closures are not named as the guard expects.');
  }
  const classes = count(patched, /^class \w+|^export class \w+/gm);
  const freed = count(patched, /__wbg_usable\(this\.__wbg_inst\)\) wasm\./g);
  const finalized = count(patched, /__wbg_contain\(instance, \(\) => wasm\./g);
  if (freed !== classes || finalized !== classes) {
    throw new Error(
      `glue patch: of ${classes} classes, ${freed} free() and ${finalized} finalizers were patched.`,
    );
  }
  return patched;
}

/**
 * Adds what the patch exports to the declarations.
 * @param {string} source the generated .d.ts
 */
export function patchDeclarations(source) {
  if (!source.includes('export function __wbg_reset_state')) {
    throw new Error('glue patch: the declarations lack __wbg_reset_state.');
  }
  return `${source.trimEnd()}

/**
 * Sets what is called, once per instance, when Rust traps. It must not throw.
 * From then on nothing enters the instance until \`__wbg_reset_state\` is called.
 */
export function __onTrap(handler: ((error: unknown) => void) | undefined): void;
`;
}

function count(text, pattern) {
  return [...text.matchAll(pattern)].length;
}
