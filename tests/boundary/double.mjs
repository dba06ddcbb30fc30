/**
 * The host of the tests, in the place of `js/host/host.ts`. It is made of what `src/wasm/host.rs`
 * declares and takes arguments by name, so that it cannot have another signature than the real one.
 */

const METHOD =
  /#\[wasm_bindgen\(method, structural([^)]*)\)\]\s+pub\(crate\) fn (\w+)\(\s*this: &Host,?([^)]*)\)/g;

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/** What the Rust text declares: name, names of the arguments, and whether it is a mere property. */
export function declared(rust) {
  return Array.from(rust.matchAll(METHOD), ([, attributes, method, list]) => ({
    name: /js_name = (\w+)/.exec(attributes)?.[1] ?? camel(method),
    args: Array.from(list.matchAll(/(\w+):/g), ([, arg]) => camel(arg)),
    isProperty: attributes.includes('getter'),
  }));
}

/** A host in a few lines: it settles promises through the caller object and keeps what it is told. */
export function double(rust) {
  const host = { browser: false, listening: false, warnings: [], signals: [] };
  const own = {
    resolve: ({ caller, value }) => caller.resolve(value),
    reject: ({ caller, error }) => caller.reject(error),
    error: ({ message, cause, ...fields }) => Object.assign(new Error(message, { cause }), fields),
    remember: ({ info }) => {
      host.remembered = info;
    },
    context: ({ attempt }) => {
      const controller = new AbortController();
      return { attempt, signal: controller.signal, controller };
    },
    call: ({ work, context, call, attempt }) =>
      new Promise((resolve) => resolve(work(context))).then(
        (answer) => host.core.answered(call, attempt, answer),
        (error) => host.core.threw(call, attempt, error),
      ),
    canceller: () => {
      const controller = new AbortController();
      host.signals.push(controller.signal);
      return controller;
    },
    abort: ({ context }) => (context.controller ?? context).abort(),
    answer: ({ body }) => body,
    result: (fields) => fields,
    addAttempt: ({ list, ...attempt }) => list.push(attempt),
    addSkipped: ({ list, ...skipped }) => list.push(skipped),
    addSwitch: ({ list, ...left }) => list.push(left),
    body: ({ response }) => response.json(),
    errorText: ({ response }) => response.text(),
    isSameOrigin: () => true,
    warn: ({ text }) => host.warnings.push(text),
    environment: () => ({}),
  };
  for (const { name, args, isProperty } of declared(rust)) {
    if (isProperty) continue;
    const { [name]: body = () => undefined } = own;
    host[name] = (...given) => body(Object.fromEntries(args.map((arg, i) => [arg, given[i]])));
    delete own[name];
  }
  const [stray] = Object.keys(own);
  if (stray !== undefined) throw new Error(`src/wasm/host.rs declares no \`${stray}\``);
  return host;
}
