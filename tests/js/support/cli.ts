/** The built command line, run as a process against a fake service of this one. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type EmulatorConfig,
  type EmulatorServer,
  startEmulator,
} from '../../../pkg/emulator/index.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The program. */
export const PROGRAM = join(ROOT, 'pkg', 'cli', 'main.js');

/** The key of every run, which no output or file may contain. */
export const SECRET = 'AIzaSyNobodysKeyNobodysKeyNobodysKey123';

/** How a run of the program ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** How it is run. */
export interface RunOptions {
  env?: Record<string, string | undefined>;
  input?: string;
  /** Leaves stdin open after the input. */
  open?: boolean;
}

/** A program that runs. */
export interface Running {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  /** Its output so far. */
  readonly told: Readonly<Ended>;
  /** Resolves when stdout or stderr has this. */
  says(text: string): Promise<void>;
}

/** A folder of its own, a fake service, and the program. */
export interface Stage {
  readonly folder: string;
  readonly server: EmulatorServer;
  start(args: readonly string[], options?: RunOptions): Running;
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** The environment of a run, with these variables instead. */
  environment(env?: Record<string, string | undefined>): NodeJS.ProcessEnv;
  /** The number of requests for pictures that the service got. */
  asked(): number;
  close(): Promise<void>;
}

/** Answers come at once unless told otherwise. */
export async function openStage(config: EmulatorConfig = {}): Promise<Stage> {
  const server = await startEmulator({ latency: 1, transit: 0, clockOffset: 0, ...config });
  const folder = mkdtempSync(join(tmpdir(), 'unexhausted-cli-'));
  const base: Record<string, string | undefined> = {
    PATH: [join(ROOT, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    HOME: folder,
    XDG_STATE_HOME: join(folder, 'state'),
    GOOGLE_GEMINI_BASE_URL: server.url,
    GEMINI_API_KEY: SECRET,
    TZ: 'UTC',
  };
  const start = (args: readonly string[], { env = {}, input, open }: RunOptions = {}): Running => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: folder,
      env: { ...base, ...env },
      timeout: 60_000,
    });
    const told: Ended = { code: null, stdout: '', stderr: '' };
    const heard = new Set<() => void>();
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        told[name] += chunk;
        for (const listener of heard) listener();
      });
    }
    // A program that ends without reading its input breaks the pipe, which is no failure of the test.
    child.stdin.on('error', () => {});
    if (open) child.stdin.write(input ?? '');
    else child.stdin.end(input);
    const ended = new Promise<Ended>((resolve) => {
      child.on('close', (code) => resolve({ ...told, code }));
    });
    const says = async (text: string) => {
      const has = () => told.stdout.includes(text) || told.stderr.includes(text);
      const gone = ended.then(({ stdout, stderr }) => {
        if (!has()) throw new Error(`it ended without saying ${text}:\n${stdout}${stderr}`);
      });
      const saying = new Promise<void>((resolve) => {
        const look = () => {
          if (has()) resolve();
        };
        heard.add(look);
        look();
      });
      await Promise.race([saying, gone]);
    };
    return { process: child, ended, told, says };
  };
  return {
    folder,
    server,
    start,
    run: (args, options) => start(args, options).ended,
    environment: (env = {}) => ({ ...base, ...env }),
    asked: () => server.emulator.ledger().totals.requests,
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
