/** The caller's own functions: what they throw is theirs, and ends neither a call nor the process. */

const complained = new WeakSet<object>();

/** Says once of a function that it failed; the error itself is the caller's own. */
function complain(name: string, own: object, error: unknown): void {
  if (complained.has(own)) return;
  complained.add(own);
  console.error(`unexhausted: ${name} failed, which is said once and changes nothing:`, error);
}

/**
 * Calls a function of the caller's; gives its result at once, or a promise that never rejects. One
 * that throws gives `undefined`.
 */
export function ask<T>(name: string, own: (about: T) => unknown, about: T): unknown {
  try {
    const said = own(about);
    if (typeof said !== 'object' || said === null || !('then' in said)) return said;
    return Promise.resolve(said).catch((error: unknown) => complain(name, own, error));
  } catch (error) {
    complain(name, own, error);
    return undefined;
  }
}
