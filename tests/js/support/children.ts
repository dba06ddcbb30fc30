/** Processes that use a store, and what they tell. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('store-child.mjs', import.meta.url));

/** Which store a child opens. */
export type Where = { kind: 'file'; folder: string } | { kind: 'ioredis' | 'redis'; port: number };

/** The work of a child; `store-child.mjs` explains each action. */
export interface Task {
  store: Where;
  key?: string;
  action: 'count' | 'fill' | 'die' | 'stop';
  times?: number;
  /** How far its clock is ahead of the host's, in ms. */
  later?: number;
}

/** A process that runs. */
export interface Child {
  readonly process: ChildProcess;
  /** Its messages so far. */
  readonly told: unknown[];
  /** Resolves when it has told so many things. */
  heard(count: number): Promise<void>;
  /** Its exit code, or the signal that ended it, once all that it told was read. */
  readonly ended: Promise<number | string | null>;
}

/** The arguments for node. */
export function argumentsOf(task: Task): string[] {
  return [PROGRAM, JSON.stringify(task)];
}

export function startChild(task: Task): Child {
  const child = spawn(process.execPath, argumentsOf(task), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told: unknown[] = [];
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => told.push(JSON.parse(line)));
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(
    ([[code, signal]]) => (signal ?? code) as number | string | null,
  );
  return {
    process: child,
    told,
    async heard(count) {
      while (told.length < count) await Promise.race([once(lines, 'line'), failure(ended)]);
    },
    ended,
  };
}

async function failure(ended: Promise<unknown>): Promise<never> {
  throw new Error(`the child ended with ${await ended}`);
}
