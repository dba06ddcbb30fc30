/** The fake service in this process. */
import { Driver } from './driver.js';
import { makeFetch } from './fetch.js';
import { load } from './load.js';
import type { EmulatorConfig } from './types/config.js';
import type { FaultName, ScriptedFault } from './types/faults.js';
import type { Ledger } from './types/ledger.js';

/** Options of {@link createEmulator}. */
export interface EmulatorOptions extends EmulatorConfig {
  /** The time in milliseconds since 1970. Default: `Date.now()`, looked up on each call. */
  now?: () => number;
}

/** A fake Gemini service: send it requests by its `fetch`, and read afterwards what it saw. */
export interface Emulator {
  /**
   * A `fetch` that this service answers, whatever the host of the URL. It keeps to the global timers
   * and `Date`, so that fake timers work (leave `nextTick`, `queueMicrotask` and `setImmediate` real:
   * Node reads a response by them), and it honours `signal`.
   */
  readonly fetch: typeof fetch;
  /**
   * Appends faults; each is used up by the next request, or the next one for its `model`.
   *
   * @throws Error on an unknown fault or option; the message lists the known ones.
   */
  script(faults: ScriptedFault | FaultName | readonly (ScriptedFault | FaultName)[]): void;
  /**
   * Changes some options from now on; `null` brings a default back, a `script` is appended.
   *
   * @throws Error on an unknown key (the message lists the known ones) or a wrong value.
   */
  configure(patch: EmulatorConfig): void;
  /** The books of the service: all that really happened so far. */
  ledger(): Ledger;
  /** Forgets requests, usage, money and script, and goes back to the start of its schedule. */
  reset(): void;
  /** Ends all requests and timers. */
  close(): void;
}

/** The service and what drives it, for the server beside it. */
export async function createDriven(
  options: EmulatorOptions,
): Promise<{ driver: Driver; emulator: Emulator }> {
  const { now = () => Date.now(), ...config } = options;
  await load();
  const driver = new Driver(config, now);
  const emulator: Emulator = {
    fetch: makeFetch(driver),
    script: (faults) => driver.script(faults),
    configure: (patch) => driver.configure(patch),
    ledger: () => driver.ledger(),
    reset: () => driver.reset(),
    close: () => driver.stop(),
  };
  return { driver, emulator };
}

/**
 * Makes a fake Gemini service in this process, in Node, Deno, Bun or a page.
 *
 * @example
 * ```ts
 * const emulator = await createEmulator({ script: ['503', { fault: '429-detailed', retryDelay: '2s' }] });
 * const client = createClient({ apiKey: 'any', fetch: emulator.fetch });
 * await client.generate('a paper boat');
 * emulator.ledger().totals; // { requests: 3, served: 1, rejected: 1, failed: 1, … }
 * ```
 *
 * @param options - See {@link EmulatorConfig}; none are needed.
 * @throws Error on an unknown option (the message lists the known ones) or a wrong value.
 */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  return (await createDriven(options)).emulator;
}
