/** An error as a program has it, and as it stands in a log. */
import { inspect } from 'node:util';

/** Each form in which an error comes to `classifyError`. */
export const FORMS = ['thrown', 'inspect', 'inspect deep', 'JSON'] as const;
export type Form = (typeof FORMS)[number];

/** The error in each form. */
export function formsOf(thrown: unknown): Record<Form, unknown> {
  return {
    thrown,
    inspect: inspect(thrown),
    'inspect deep': inspect(thrown, { depth: 10 }),
    JSON: jsonOf(thrown),
  };
}

/** JSON with what errors hide from it, as loggers write it; a circle ends where it closes. */
export function jsonOf(thrown: unknown): string {
  const above: object[] = [];
  const visit = (value: unknown): unknown => {
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null) return value;
    if (above.includes(value)) return '[Circular]';
    if (value instanceof Uint8Array) return { type: 'Buffer', length: value.length };
    const { toJSON } = value as { toJSON?: unknown };
    if (above.length > 12) return '[Object]';
    above.push(value);
    try {
      if (typeof toJSON === 'function') return visit(toJSON.call(value));
      if (Array.isArray(value)) return value.map(visit);
      const names = value instanceof Error ? Object.getOwnPropertyNames(value) : Object.keys(value);
      // A name may be inherited, and tells what it is.
      if (value instanceof Error && !names.includes('name')) names.unshift('name');
      return Object.fromEntries(names.map((name) => [name, visit(read(value, name))]));
    } finally {
      above.pop();
    }
  };
  return JSON.stringify(visit(thrown)) ?? 'undefined';
}

function read(from: object, name: string): unknown {
  try {
    return (from as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
