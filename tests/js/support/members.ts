/** Processes with clients that share a quota, and the service that counts what they send. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  type EmulatorConfig,
  type EmulatorServer,
  type Ledger,
  startEmulator,
} from '../../../pkg/emulator/index.js';
import type { ClientOptions, ModelLimits, QuotaReport } from '../../../pkg/index.js';
import type { Where } from './children.ts';

const PROGRAM = fileURLToPath(new URL('member-child.mjs', import.meta.url));

export const MODEL = 'gemini-3-pro-image';

/** How long anything may take that takes no minute, in ms. */
const PATIENCE = 30_000;

/** The options of a process. */
export interface MemberOptions
  extends Pick<ClientOptions, 'concurrency' | 'onStoreDown' | 'project'> {
  store: Where;
  baseUrl: string;
  limits: ModelLimits;
  apiKey?: string;
}

/** A process that makes pictures. */
export interface Member {
  /** When its pictures came, in ms since 1970. */
  readonly served: number[];
  /** The outcomes of its other calls. */
  readonly failed: string[];
  /** Its reports on the store: whether it was down. */
  readonly down: boolean[];
  /** Resolves when it is ready. */
  ready(): Promise<void>;
  /** Starts so many calls at once. */
  calls(count: number): void;
  /** Resolves when all the calls of so many starts have ended. */
  idle(starts?: number, patience?: number): Promise<void>;
  quota(): Promise<QuotaReport[]>;
  /** Ends it without a warning. */
  kill(): Promise<void>;
  /** Ends it. */
  end(): Promise<void>;
}

interface Told {
  ready?: true;
  served?: number;
  failed?: string;
  idle?: true;
  down?: boolean;
  quota?: QuotaReport[];
}

const running = new Set<ChildProcess>();
// Also where a test ends before it gets to that.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function startMember(options: MemberOptions): Member {
  const all = { apiKey: 'a-key-of-nobody', model: MODEL, ...options };
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(all)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  // Writing to a killed process fails, which is no failure of the test.
  child.stdin.on('error', () => {});
  const gone = once(child, 'exit');
  let isReady = false;
  let idles = 0;
  const [served, failed, down]: [number[], string[], boolean[]] = [[], [], []];
  const reports: QuotaReport[][] = [];
  createInterface(child.stdout).on('line', (line) => {
    const told: Told = JSON.parse(line);
    if (told.ready) isReady = true;
    if (told.idle) idles += 1;
    if (told.served !== undefined) served.push(told.served);
    if (told.failed !== undefined) failed.push(told.failed);
    if (told.down !== undefined) down.push(told.down);
    if (told.quota !== undefined) reports.push(told.quota);
  });
  const write = (command: object) => void child.stdin.write(`${JSON.stringify(command)}\n`);
  return {
    served,
    failed,
    down,
    ready: () => until(() => isReady, 'the process is ready'),
    calls: (count) => write({ calls: count }),
    idle: (starts = 1, patience = PATIENCE) =>
      until(() => idles >= starts, 'all its calls have ended', patience),
    async quota() {
      const before = reports.length;
      write({ quota: true });
      await until(() => reports.length > before, 'it has told of its quota');
      return reports.at(-1) ?? [];
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async end() {
      write({ end: true });
      await Promise.race([gone, sleep(2_000, undefined, { ref: false })]);
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Waits for something that happens by itself, and not for ever. */
export async function until(
  happened: () => boolean,
  what: string,
  patience = PATIENCE,
): Promise<void> {
  const end = Date.now() + patience;
  while (!happened()) {
    assert.ok(Date.now() < end, `not within ${patience / 1_000} s: ${what}`);
    await sleep(5);
  }
}

/** A service that counts by the last 60 seconds, and whose pictures take a twentieth of one. */
export function service(config: EmulatorConfig): Promise<EmulatorServer> {
  return startEmulator({
    discipline: 'sliding',
    clockOffset: 0,
    transit: [0, 20],
    latency: { median: 50, sigma: 0.3 },
    pictureSize: 1,
    maxRecords: 1,
    ...config,
  });
}

/** How many of a project's requests were in any minute, at most, and how many were too many. */
export function peaks(
  ledger: Ledger,
  project = 'default',
): { sliding: number; fixed: number; overLimit: number } {
  const usage = ledger.usage.find((one) => one.project === project);
  return {
    sliding: usage?.counted.slidingMinute.requests ?? 0,
    fixed: usage?.counted.fixedMinute.requests ?? 0,
    overLimit: usage?.overLimit ?? 0,
  };
}

/** All pictures of some processes so far. */
export function total(members: readonly Member[]): number {
  return members.reduce((sum, { served }) => sum + served.length, 0);
}

/** A port that leads to another with so many ms each way between. */
export async function slowLink(
  port: number,
  delay: number,
): Promise<{ port: number; close(): Promise<unknown> }> {
  const worker = new Worker(new URL('slow-link.mjs', import.meta.url), {
    workerData: { port, delay },
  });
  const [near] = await once(worker, 'message');
  return { port: near as number, close: () => worker.terminate() };
}
