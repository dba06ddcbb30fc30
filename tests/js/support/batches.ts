/** Batches with real files against the fake service in this process, which answers at once. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator, type EmulatorConfig } from '../../../pkg/emulator/index.js';
import type {
  BatchItem,
  BatchOptions,
  BatchRun,
  BatchSource,
  BatchSummary,
} from '../../../pkg/index.js';
import { type Client, type ClientOptions, createClient } from '../../../pkg/index.js';
import { KEY, PRO } from './scene.ts';

/** A folder, a service, and batches that use both. */
export interface Bench {
  readonly folder: string;
  readonly journal: string;
  readonly emulator: Emulator;
  client(options?: ClientOptions): Client;
  /** Runs a batch with the journal to its end; its items in the order of the input. */
  run(
    source: BatchSource,
    options?: BatchOptions,
  ): Promise<{ items: BatchItem[]; summary: BatchSummary }>;
  /** The requests that the service was sent so far. */
  sent(): number;
  /** The service's bill so far, in USD. */
  billed(): number;
  /** The lines of the journal. */
  lines(): string[];
  /** The records of the journal. */
  records(): Record<string, unknown>[];
  close(): void;
}

export async function openBench(config: EmulatorConfig = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'unexhausted-bench-'));
  const journal = join(folder, 'batch.jsonl');
  const emulator = await createEmulator({ transit: 0, latency: 0, clockOffset: 0, ...config });
  const clients: Client[] = [];
  const client = (options: ClientOptions = {}): Client => {
    const own = createClient({ apiKey: KEY, models: [PRO], fetch: emulator.fetch, ...options });
    clients.push(own);
    return own;
  };
  const lines = (): string[] => readFileSync(journal, 'utf8').split('\n').slice(0, -1);
  return {
    folder,
    journal,
    emulator,
    client,
    run: (source, options) => whole(client().batch(source, { journal, ...options })),
    sent: () => emulator.ledger().totals.requests,
    billed: () => emulator.ledger().totals.billed,
    lines,
    records: () => lines().map((line) => JSON.parse(line)),
    close() {
      for (const own of clients) own.close();
      emulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Reads a run to its end; its items in the order of the input. */
export async function whole(run: BatchRun): Promise<{ items: BatchItem[]; summary: BatchSummary }> {
  const items: BatchItem[] = [];
  for await (const item of run) items.push(item);
  items.sort((one, other) => one.index - other.index);
  return { items, summary: await run.done };
}

/** The names of all files below a folder. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
