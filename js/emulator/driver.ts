/** Runs the fake service by the clock and the timers of the host. No decision is made here. */
import { EmulatorCore } from '../wasm/emulator.js';
import type { EmulatorConfig } from './types/config.js';
import type { FaultName, ScriptedFault } from './types/faults.js';
import type { Ledger } from './types/ledger.js';

/** A request as the service reads it. */
export interface DriverRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: [string, string][];
  body: Uint8Array;
}

/** The end of a request; one that hangs has none. */
export type DriverOutcome =
  | { kind: 'reply'; status: number; headers: [string, string][]; body: Uint8Array<ArrayBuffer> }
  | {
      kind: 'cut';
      status: number;
      headers: [string, string][];
      body: Uint8Array<ArrayBuffer>;
      contentLength: number;
    }
  | {
      /** A body that is made while it is read; it may be gigabytes. */
      kind: 'stream';
      status: number;
      headers: [string, string][];
      pieces: Iterator<Uint8Array<ArrayBuffer>>;
      /** Whether the connection is lost behind the last piece. */
      breaksOff: boolean;
    }
  | { kind: 'reset' };

/** Above this a timer fires at once. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** One service and the requests that wait for it. */
export class Driver {
  readonly #core: EmulatorCore;
  readonly #now: () => number;
  readonly #waiting = new Map<number, (outcome: DriverOutcome) => void>();
  readonly #hold = holder();
  #lastId = 0;
  #disarm: (() => void) | undefined;
  #stopped = false;

  constructor(config: EmulatorConfig, now: () => number) {
    this.#core = new EmulatorCore(JSON.stringify(config));
    this.#now = now;
  }

  /** Sends a request; `done` is called at most once. The result takes the caller away. */
  send(request: DriverRequest, done: (outcome: DriverOutcome) => void): () => void {
    if (this.#stopped) {
      done({ kind: 'reset' });
      return () => {};
    }
    const { body, ...head } = request;
    // The service counts with 32 bits; after four billion requests the first ones are over.
    this.#lastId = (this.#lastId + 1) >>> 0;
    const id = this.#lastId;
    this.#waiting.set(id, done);
    this.#core.request(this.#now(), id, JSON.stringify(head), body);
    this.#pump();
    return () => {
      if (!this.#waiting.delete(id) || this.#stopped) return;
      this.#core.disconnect(this.#now(), id);
      this.#pump();
    };
  }

  script(faults: ScriptedFault | FaultName | readonly (ScriptedFault | FaultName)[]): void {
    this.#core.script(JSON.stringify(faults));
  }

  configure(patch: EmulatorConfig): void {
    this.#core.configure(this.#now(), JSON.stringify(patch));
    this.#pump();
  }

  ledger(): Ledger {
    if (!this.#stopped) {
      this.#core.tick(this.#now());
      this.#pump();
    }
    return JSON.parse(this.#core.ledger()) as Ledger;
  }

  reset(): void {
    this.#core.reset();
    this.#pump();
  }

  /** Ends every request that waits, and all timers. */
  stop(): void {
    this.#stopped = true;
    this.#disarm?.();
    this.#disarm = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#hold(false);
    for (const done of waiting) done({ kind: 'reset' });
  }

  #pump(): void {
    for (let output = this.#core.poll(); output !== undefined; output = this.#core.poll()) {
      const done = this.#waiting.get(output.id);
      this.#waiting.delete(output.id);
      // A picture is drawn only for somebody who waits for it.
      const outcome = done && read(output);
      if (outcome?.kind !== 'stream') output.free();
      if (done && outcome) done(outcome);
    }
    this.#arm();
  }

  #arm(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    this.#hold(this.#waiting.size > 0 && !this.#stopped);
    const wakeup = this.#core.nextWakeup();
    if (wakeup === undefined || this.#stopped) return;
    const delay = Math.min(Math.max(wakeup - this.#now(), 0), MAX_TIMEOUT);
    // Looked up now, so that replaced timers are used; cleared by the clear that goes with the set.
    const { clearTimeout } = globalThis;
    const timer: unknown = globalThis.setTimeout(() => {
      this.#core.tick(this.#now());
      this.#pump();
    }, delay);
    // Work for callers who are gone must not keep a process alive.
    if (this.#waiting.size === 0 && hasUnref(timer)) timer.unref();
    this.#disarm = () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  }
}

/**
 * Keeps a Node process alive while a caller waits, as the socket of a real request would. A
 * request that hangs has no timer, and that of `AbortSignal.timeout` lets the process end.
 */
function holder(): (hold: boolean) => void {
  if (typeof process !== 'object' || typeof MessageChannel === 'undefined') return () => {};
  let port: (MessagePort & { ref?(): void; unref?(): void }) | undefined;
  return (hold) => {
    if (hold) {
      port ??= new MessageChannel().port1;
      port.ref?.();
    } else {
      port?.unref?.();
    }
  };
}

function hasUnref(timer: unknown): timer is { unref(): void } {
  return typeof timer === 'object' && timer !== null && 'unref' in timer;
}

type Output = NonNullable<ReturnType<EmulatorCore['poll']>>;

/** The pieces of a body, each made when it is asked for; what is never asked for is collected. */
function* pieces(output: Output): Generator<Uint8Array<ArrayBuffer>, void> {
  try {
    for (let index = 0; ; index += 1) {
      const piece = output.piece(index);
      if (piece === undefined) return;
      yield piece as Uint8Array<ArrayBuffer>;
    }
  } finally {
    output.free();
  }
}

function read(output: Output): DriverOutcome {
  const { kind, status } = output;
  if (kind === 'reset') return { kind };
  const headers = JSON.parse(output.headers) as [string, string][];
  if (output.isLong) {
    return { kind: 'stream', status, headers, pieces: pieces(output), breaksOff: output.breaksOff };
  }
  const body = output.body() as Uint8Array<ArrayBuffer>;
  if (kind === 'cut') return { kind, status, headers, body, contentLength: output.contentLength };
  return { kind: 'reply', status, headers, body };
}
