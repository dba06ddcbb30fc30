/** One clock for the package, its waits and the fake service behind an injected `fetch`. */
import assert from 'node:assert/strict';
import FakeTimers from '@sinonjs/fake-timers';
import {
  createEmulator,
  type Emulator,
  type EmulatorConfig,
  type LedgerRecord,
} from '../../../pkg/emulator/index.js';
import {
  type Client,
  type ClientEvents,
  type ClientOptions,
  createClient,
  GenerateError,
  type GenerateResult,
} from '../../../pkg/index.js';
import { NOON, TIMERS } from './clock.ts';

export const KEY = 'a-key-of-nobody';
export const PRO = 'gemini-3-pro-image';
export const NEXT = 'gemini-nano-banana-2.1';
export const PROMPT = 'a paper boat on a calm lake';

/** The state of a call. */
export interface Told<T> {
  state: 'waits' | 'served' | 'failed';
  /** When it ended, in ms since the scene began. */
  at?: number;
  value?: T;
  error?: GenerateError;
}

export interface Scene {
  readonly clock: FakeTimers.Clock;
  readonly emulator: Emulator;
  /** A client of the fake service; it asks one model unless `models` says otherwise. */
  client(options?: ClientOptions): Client;
  /** The ms since the scene began. */
  now(): number;
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until this has ended. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Lets time pass until this has failed. */
  fails(work: Promise<unknown>): Promise<GenerateError>;
  /** Watches a call. */
  watch<T>(work: Promise<T>): Told<T>;
  /** The requests that the service knows of. */
  requests(): LedgerRecord[];
  /** When they were sent, in ms since the scene began. */
  sent(): number[];
  /** How many a limit rejected. */
  overLimit(): number;
  close(): void;
}

/** Begins at four in the morning in Los Angeles unless told otherwise; answers come at once. */
export async function openScene(config: EmulatorConfig = {}, start = NOON): Promise<Scene> {
  const clock = FakeTimers.install({ now: start, toFake: TIMERS });
  const emulator = await createEmulator({ transit: 0, latency: 0, clockOffset: 0, ...config });
  const clients: Client[] = [];
  // Node reads a response in turns of the real loop; no virtual time passes.
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const now = (): number => Date.now() - start;
  const step = async (): Promise<void> => {
    await clock.nextAsync();
    await turns();
  };
  const run = async <T>(work: Promise<T>): Promise<T> => {
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    work.then(end, end);
    await turns();
    for (let count = 0; !ended; count += 1) {
      assert.ok(count < 50_000, 'it never ends');
      if (clock.countTimers() === 0) assert.fail('nothing is due, and it has not ended');
      await step();
    }
    return work;
  };
  return {
    clock,
    emulator,
    now,
    run,
    client(options = {}) {
      const own = createClient({
        apiKey: KEY,
        models: [PRO],
        fetch: emulator.fetch,
        ...options,
      });
      clients.push(own);
      return own;
    },
    async pass(ms) {
      const until = Date.now() + ms;
      let reached = false;
      const timer = clock.setTimeout(() => {
        reached = true;
      }, ms);
      await turns();
      while (!reached) await step();
      clock.clearTimeout(timer);
      assert.equal(Date.now(), until);
    },
    async fails(work) {
      const error: unknown = await run(
        work.then(
          () => assert.fail('it succeeded'),
          (thrown: unknown) => thrown,
        ),
      );
      if (!(error instanceof GenerateError)) throw error;
      return error;
    },
    watch<T>(work: Promise<T>) {
      const told: Told<T> = { state: 'waits' };
      work.then(
        (value) => Object.assign(told, { state: 'served', at: now(), value }),
        (error: unknown) => Object.assign(told, { state: 'failed', at: now(), error }),
      );
      return told;
    },
    requests: () => emulator.ledger().requests,
    sent: () => emulator.ledger().requests.map((request) => request.sent - start),
    overLimit: () => emulator.ledger().usage.reduce((sum, { overLimit }) => sum + overLimit, 0),
    close() {
      // Calls that a failed test left waiting would go on in real time.
      for (const own of clients) own.close();
      emulator.close();
      clock.uninstall();
    },
  };
}

/** Collects a client's events of one name. */
export function listen<Name extends keyof ClientEvents>(
  client: Client,
  name: Name,
): ClientEvents[Name][] {
  const heard: ClientEvents[Name][] = [];
  client.on(name, (event) => heard.push(event));
  return heard;
}

/** So many of something. */
export const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** So many calls at once, each with another prompt. */
export function everybody(client: Client, count: number): Promise<GenerateResult[]> {
  const all = Promise.all(many(count, (index) => client.generate(`${PROMPT} ${index}`)));
  // Of a test that fails before it waits for them nobody else is to be told.
  all.catch(() => {});
  return all;
}
