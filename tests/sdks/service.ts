/**
 * A loopback service that answers each request with a fault. A base URL names it, and whose request it
 * is, before the client's own path: `http://127.0.0.1:1234/a/somebody`. A letter stands for the fault,
 * since a client may put the address into its error, and nothing is to be read from that.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyOf, type Dialect, FAULTS, type Fault, MODEL } from './faults.ts';

export interface Service {
  /** The base URL of a fault, for requests that `who` sends. */
  url(fault: Fault, who: string, dialect: Dialect): string;
  /** How many requests somebody sent. */
  requests(who: string): number;
  close(): Promise<void>;
}

const A = 'a'.charCodeAt(0);

/** Firebase takes no path: with it the project's name says the same. */
const ADDRESS = /(?:^|\/projects)\/([a-z])[/.]([a-z]+)[/.](google|openai|openrouter)\b/;

const GOOD = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'A boat, ' }] }, index: 0 }],
  usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 3, totalTokenCount: 7 },
  modelVersion: MODEL,
};

const GOOD_CHUNK = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_795_521_600,
  model: MODEL,
  choices: [{ index: 0, delta: { role: 'assistant', content: 'A boat, ' }, finish_reason: null }],
};

export async function openService(): Promise<Service> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const [, letter = '', who = '', dialect = ''] = ADDRESS.exec(request.url ?? '') ?? [];
    const fault = FAULTS[letter.charCodeAt(0) - A];
    counts.set(who, (counts.get(who) ?? 0) + 1);
    drain(request, () => {
      if (fault === undefined) response.writeHead(501).end();
      else answer(response, fault, dialect as Dialect);
    });
  });
  // Connections that a client keeps open would keep the test from ending.
  server.keepAliveTimeout = 500;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (fault, who, dialect) =>
      `http://127.0.0.1:${port}/${String.fromCharCode(A + FAULTS.indexOf(fault))}/${who}/${dialect}`,
    requests: (who) => counts.get(who) ?? 0,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** An error as a chunk of a stream. */
function frameOf(body: string, dialect: Dialect): string {
  const parsed = JSON.parse(body);
  if (dialect !== 'openrouter') return JSON.stringify(parsed);
  const choices = [{ index: 0, delta: { content: '' }, finish_reason: 'error' }];
  // Without this one its client refuses the chunk itself, and says nothing of what it holds.
  parsed.error.metadata.error_type = 'rate_limit_exceeded';
  return JSON.stringify({ ...GOOD_CHUNK, ...parsed, choices });
}

function drain(request: IncomingMessage, then: () => void): void {
  request.on('end', then).resume();
}

function answer(response: ServerResponse, fault: Fault, dialect: Dialect): void {
  const { status, error, isStream, cut } = fault;
  if (isStream) {
    response.writeHead(status, { 'content-type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify(dialect === 'google' ? GOOD : GOOD_CHUNK)}\r\n\r\n`);
    const frame = error === undefined ? '' : frameOf(bodyOf(error, dialect), dialect);
    // A moment later, so that it comes as a chunk of its own.
    setImmediate(() => response.end(`data: ${frame}\r\n\r\n`));
  } else if (error === undefined) {
    const half = JSON.stringify(dialect === 'google' ? GOOD : GOOD_CHUNK).slice(0, 60);
    const length = cut === 'length' ? { 'content-length': 4096 } : {};
    response.writeHead(status, { 'content-type': 'application/json', ...length });
    response.write(half, () => setTimeout(() => response.destroy(), 5));
  } else {
    const body = bodyOf(error, dialect);
    // Google's headers, and no Retry-After among them.
    response.writeHead(status, {
      'content-type': 'application/json; charset=UTF-8',
      server: 'scaffolding on HTTPServer2',
      vary: 'Origin, X-Origin, Referer',
    });
    response.end(body);
  }
}
