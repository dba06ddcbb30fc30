/** The runtime: its variables, and whether it is a page. */
import { defined } from '../base/fields.js';

interface ProcessLike {
  env?: Record<string, string | undefined>;
  type?: string;
  versions?: { node?: string };
}

/** Settings that come from variables of the environment. */
export function settingsOfEnvironment(): {
  apiKey?: string;
  baseUrl?: string;
  vertexUrl?: string;
} {
  const env = variables();
  // An empty variable is one that is not set.
  return defined({
    apiKey: env['GOOGLE_API_KEY'] || env['GEMINI_API_KEY'] || undefined,
    baseUrl: env['GOOGLE_GEMINI_BASE_URL'] || undefined,
    vertexUrl: env['GOOGLE_VERTEX_BASE_URL'] || undefined,
  });
}

/** Pages and their workers, where CORS rules; not Node, Deno, Bun or workerd, nor jsdom in them. */
export function isPage(): boolean {
  const process = nodeProcess();
  if (process !== undefined) return process.type === 'renderer';
  const scope = globalThis as {
    document?: object;
    importScripts?: unknown;
    Deno?: object;
    Bun?: object;
  };
  if (scope.Deno !== undefined || scope.Bun !== undefined) return false;
  return typeof scope.document === 'object' || typeof scope.importScripts === 'function';
}

function variables(): Record<string, string | undefined> {
  try {
    return nodeProcess()?.env ?? {};
  } catch {
    // Deno without permission to read the environment.
    return {};
  }
}

function nodeProcess(): ProcessLike | undefined {
  const { process } = globalThis as { process?: ProcessLike };
  return typeof process?.versions?.node === 'string' ? process : undefined;
}
