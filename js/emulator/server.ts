/** The fake service behind HTTP, for Node. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Driver, DriverOutcome } from './driver.js';
import { createDriven, type Emulator, type EmulatorOptions } from './service.js';

/** Options of {@link startEmulator}. */
export interface ServerOptions extends EmulatorOptions {
  /** The port; 0 takes a free one. Default 0. */
  port?: number;
  /** The address to listen on. Default `127.0.0.1`. */
  host?: string;
}

/** A running server. */
export interface EmulatorServer {
  /** The base URL, without a slash at the end. */
  readonly url: string;
  /** The port. */
  readonly port: number;
  /** The service: script it, configure it, read its ledger. */
  readonly emulator: Emulator;
  /** Ends all connections and timers; resolves when the port is free. */
  close(): Promise<void>;
}

/**
 * Starts a fake Gemini service on a port of this machine.
 *
 * Beside the API it answers `GET /__admin/health`, `GET /__admin/ledger`, `POST /__admin/script` (a
 * fault or a list), `POST /__admin/config` (options to change) and `POST /__admin/reset`. These are
 * refused to web pages: to whatever sends an `Origin`.
 *
 * @example
 * ```ts
 * const server = await startEmulator({ latency: 50, limits: { '*': { rpm: 5 } } });
 * const client = createClient({ apiKey: 'any', baseUrl: server.url });
 * // …
 * await server.close();
 * ```
 *
 * @param options - Port, host, and all of {@link EmulatorOptions}.
 * @throws Error on an unknown option, a wrong value, or a port that is taken.
 */
export async function startEmulator(options: ServerOptions = {}): Promise<EmulatorServer> {
  const { port = 0, host = '127.0.0.1', ...rest } = options;
  const { createServer } = await import('node:http');
  const { driver, emulator } = await createDriven(rest);
  const server = createServer((request, response) => {
    serve(driver, emulator, request, response).catch((error: unknown) => {
      // The caller went away while it was sending.
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  // A hang has to last as long as the client lets it.
  server.requestTimeout = 0;
  server.timeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    port: address.port,
    emulator,
    close: () =>
      new Promise((resolve) => {
        driver.stop();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  driver: Driver,
  emulator: Emulator,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readAll(request);
  const path = request.url ?? '/';
  if (path.startsWith('/__admin/')) {
    administer(emulator, request, body, response);
    return;
  }
  const headers: [string, string][] = [];
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.push([name, Array.isArray(value) ? value.join(', ') : value]);
  }
  const method = request.method ?? 'GET';
  const cancel = driver.send({ method, path, headers, body }, (outcome) => {
    answer(outcome, request, response);
  });
  // Also fires after a whole answer, when there is nothing left to cancel.
  response.once('close', cancel);
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function answer(outcome: DriverOutcome, request: IncomingMessage, response: ServerResponse): void {
  if (outcome.kind === 'reset') {
    request.socket.resetAndDestroy();
    return;
  }
  if (outcome.kind === 'stream') {
    stream(outcome, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
    return;
  }
  const promised = outcome.kind === 'cut' ? outcome.contentLength : outcome.body.length;
  for (const [name, value] of outcome.headers) response.setHeader(name, value);
  if (!response.hasHeader('content-length')) response.setHeader('content-length', promised);
  response.writeHead(outcome.status);
  if (outcome.kind === 'cut') {
    // Destroyed only when the bytes are out, or the client would see a reset instead.
    response.write(outcome.body, () => response.socket?.destroySoon());
  } else {
    response.end(outcome.body);
  }
}

/** Sends a body while it is made, as fast as it is taken. */
async function stream(
  outcome: Extract<DriverOutcome, { kind: 'stream' }>,
  response: ServerResponse,
): Promise<void> {
  let wake = (): void => {};
  response.on('drain', () => wake());
  response.once('close', () => wake());
  for (const [name, value] of outcome.headers) response.setHeader(name, value);
  response.writeHead(outcome.status);
  for (let next = outcome.pieces.next(); !next.done; next = outcome.pieces.next()) {
    if (response.destroyed) {
      outcome.pieces.return?.();
      return;
    }
    if (!response.write(next.value)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        // A caller that has gone away takes no more, and there is no event to come.
        if (response.destroyed) resolve();
      });
    }
  }
  if (!outcome.breaksOff) response.end();
  else response.write('', () => response.socket?.destroySoon());
}

function administer(
  emulator: Emulator,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): void {
  const reply = (status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
    response.end(`${JSON.stringify(value)}\n`);
  };
  // Any page that a developer has open could reach this port, and a browser says so.
  if (request.headers.origin !== undefined) {
    reply(403, { error: { message: 'the calls under /__admin/ are not for web pages' } });
    return;
  }
  const commands: Record<string, () => unknown> = {
    'GET /__admin/health': () => ({ ok: true }),
    'GET /__admin/ledger': () => emulator.ledger(),
    'POST /__admin/script': () => emulator.script(JSON.parse(body.toString())),
    'POST /__admin/config': () => emulator.configure(JSON.parse(body.toString())),
    'POST /__admin/reset': () => emulator.reset(),
  };
  const command = commands[`${request.method} ${request.url?.split('?')[0]}`];
  if (command === undefined) {
    reply(404, { error: { message: `known: ${Object.keys(commands).join(', ')}` } });
    return;
  }
  try {
    reply(200, command() ?? { ok: true });
  } catch (error) {
    reply(400, { error: { message: error instanceof Error ? error.message : String(error) } });
  }
}
