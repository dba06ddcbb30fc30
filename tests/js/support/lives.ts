/** Processes that run a batch and are killed, the fake service that they ask, and what they leave. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createEmulator, type Emulator, type EmulatorConfig } from '../../../pkg/emulator/index.js';

const CHILD = fileURLToPath(new URL('batch-child.mjs', import.meta.url));

/** The content of a journal, folded here once more: a test trusts no code that it tests. */
export interface Folded {
  /** Items with a picture. */
  made: Set<string>;
  /** Items of which a request is open. */
  open: Set<string>;
  /** Requests that were written down, by item. */
  tries: Map<string, number>;
  cost: number;
  possible: number;
}

interface Line {
  record: string;
  key: string;
  usd?: number;
  lost?: number;
}

export function fold(path: string): Folded {
  const open = new Map<string, number[]>();
  const folded = { made: new Set<string>(), tries: new Map<string, number>() };
  let [cost, possible] = [0, 0];
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  for (const line of lines) {
    const { record, key, usd = 0, lost = 0 } = JSON.parse(line) as Line;
    if (record === 'run') {
      for (const tries of open.values()) possible += tries.reduce((sum, one) => sum + one, 0);
      open.clear();
    } else if (record === 'try') {
      open.set(key, [...(open.get(key) ?? []), usd]);
      folded.tries.set(key, (folded.tries.get(key) ?? 0) + 1);
    } else if (record === 'back') {
      const left = open.get(key)?.slice(0, -1) ?? [];
      if (left.length > 0) open.set(key, left);
      else open.delete(key);
    } else if (record === 'made' || record === 'failed') {
      if (record === 'made') folded.made.add(key);
      open.delete(key);
      cost += usd;
      possible += lost;
    }
  }
  for (const tries of open.values()) possible += tries.reduce((sum, one) => sum + one, 0);
  return { ...folded, open: new Set(open.keys()), cost, possible };
}

/** Several batches ask one service, each by an address of its own. */
const BATCH = /^\/batch-\d+/;

/** The fake service behind a door that writes down who asks for what, and can be shut. */
export class Door {
  readonly emulator: Emulator;
  readonly requests: number[] = [];
  /** Called with an item's number, and the address, when a request for it comes in. */
  onRequest: (item: number, url: string) => void = () => {};
  #server: Server;
  #port = 0;

  private constructor(emulator: Emulator) {
    this.emulator = emulator;
    this.#server = this.#make();
  }

  static async open(config: EmulatorConfig): Promise<Door> {
    const door = new Door(await createEmulator({ clockOffset: 0, transit: [1, 10], ...config }));
    await door.start();
    return door;
  }

  async close(): Promise<void> {
    await this.shut();
    this.emulator.close();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#server = this.#make();
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async shut(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #make(): Server {
    return createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const item = Number(/"item (\d+)"/.exec(body)?.[1]);
      this.requests.push(item);
      const url = String(request.url);
      this.onRequest(item, url);
      try {
        // Without the caller's signal: what has arrived is made and billed, whoever is gone.
        const headers = { 'x-goog-api-key': String(request.headers['x-goog-api-key']) };
        const answer = await this.emulator.fetch(`https://service.test${url.replace(BATCH, '')}`, {
          ...{ method: 'POST', headers, body },
        });
        const text = await answer.text();
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
      } catch {
        response.destroy();
      }
    });
  }
}

export interface Told {
  index?: number;
  key?: string;
  restored?: boolean;
  possiblyPaidTwice?: boolean;
  status?: string;
  files?: string[];
  waiting?: string;
  summary?: {
    done: number;
    failed: number;
    cost: number;
    possibleCost: number;
    resumable: boolean;
  };
}

/** One life of the process that runs the batch. */
export class Life {
  readonly told: Told[] = [];
  readonly #process: ChildProcess;
  readonly started: Promise<unknown>;
  readonly ended: Promise<unknown>;

  constructor(task: object) {
    this.#process = spawn(process.execPath, [CHILD, JSON.stringify(task)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface(this.#process.stdout as NodeJS.ReadableStream);
    this.started = once(lines, 'line');
    lines.on('line', (line) => {
      const told: unknown = JSON.parse(line);
      if (typeof told === 'object') this.told.push(told as Told);
    });
    this.ended = Promise.all([once(this.#process, 'exit'), once(lines, 'close')]);
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
