/** Callers: the promises that wait for calls, whichever client they are of. */
import type { Life } from './life.js';

/** A promise that waits for a call. */
export interface Caller {
  readonly host: { reject(caller: Caller, error: unknown): void };
  /** Kept here, since the code that waits need not have kept the client. */
  readonly life?: Life;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Stops listening to the caller's signal. */
  off?: () => void;
  /** The reason of the caller's signal, once it has aborted. */
  reason?: unknown;
}

/** All that wait, of every client: they are rejected when the WebAssembly fails. */
export const callers: Set<Caller> = new Set();
