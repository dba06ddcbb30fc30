/** Modules of Node's from code that bundlers for pages come by too. */

interface ProcessLike {
  getBuiltinModule?(name: string): unknown;
}

/**
 * A module that Node (from 20.16), Deno and Bun bring. An import would have to be answered by every
 * bundler; this asks at run time.
 */
export function builtin<T>(name: string): T | undefined {
  const { process } = globalThis as { process?: ProcessLike };
  return process?.getBuiltinModule?.(name) as T | undefined;
}

/** The same where nothing goes without it. @throws where the runtime has no such module. */
export function needed<T>(name: string): T {
  const module = builtin<T>(name);
  if (module === undefined) throw new Error(`unexhausted: this runtime has no \`${name}\``);
  return module;
}
