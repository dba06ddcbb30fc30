/** A Redis server of the tests' own, on a free port of this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/** The path of the program, or `undefined`. */
export const REDIS_SERVER: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => ['redis-server', 'valkey-server'].map((name) => join(folder, name)))
  .find((path) => existsSync(path));

/** A server that keeps everything in memory alone, or in a folder too. */
export interface RedisServer {
  readonly port: number;
  /** Starts it, or starts it again: empty, where it has no folder. */
  start(): Promise<void>;
  /** Ends it without a warning. */
  kill(): Promise<void>;
  /** It stands still: it takes connections and answers none. */
  pause(): void;
  resume(): void;
}

export async function redisServer(folder?: string): Promise<RedisServer> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  // Also where the tests end before they get to that.
  process.once('exit', () => child?.kill('SIGKILL'));
  return {
    port,
    async start() {
      if (REDIS_SERVER === undefined) throw new Error('redis-server is missing');
      const address = ['--port', `${port}`, '--bind', '127.0.0.1'];
      const keeps = ['--save', '', '--dir', folder ?? tmpdir()];
      if (folder !== undefined) keeps.push('--appendonly', 'yes', '--appendfsync', 'always');
      const started = spawn(REDIS_SERVER, [...address, ...keeps], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      child = started;
      const lines = createInterface(started.stdout);
      await new Promise<void>((resolve, reject) => {
        started.once('error', reject);
        started.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
        lines.on('line', (line) => /ready to accept connections/i.test(line) && resolve());
      });
    },
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
