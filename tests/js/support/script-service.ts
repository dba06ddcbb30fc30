/** A service of Gemini's that answers with a script, streams among it: the fake service has none. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One answer: an error of the service, or chunks of a stream, which may break off. */
export interface Step {
  status?: number;
  /** The body of an error, or of an answer that is no stream. */
  body?: unknown;
  /** The events of a stream, as they are sent. */
  chunks?: unknown[];
  /** How the stream ends: whole, or with its connection. Default: `end`. */
  ends?: 'end' | 'destroy' | 'never';
}

export interface ScriptService {
  readonly url: string;
  /** The bodies of the requests, in order. */
  readonly requests: { path: string; body: { contents: { parts: { text?: string }[] }[] } }[];
  /** Answers that are to come; the last one stays. */
  script(...steps: Step[]): void;
  close(): Promise<void>;
}

export const text = (text: string, finishReason?: string): object => ({
  candidates: [
    { content: { role: 'model', parts: [{ text }] }, ...(finishReason && { finishReason }) },
  ],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 3, totalTokenCount: 8 },
});

/** An error of the service's, with the wait that it names. */
export const fault = (code: number, status: string, delay?: string): Step => ({
  status: code,
  body: { error: faultBody(code, status, delay) },
});

const faultBody = (code: number, status: string, delay?: string): object => ({
  code,
  status,
  message: `told ${code}`,
  ...(delay !== undefined && {
    details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: delay }],
  }),
});

export async function scriptService(): Promise<ScriptService> {
  let steps: Step[] = [];
  const requests: ScriptService['requests'] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    requests.push({ path: request.url ?? '', body: JSON.parse(body) });
    const step = (steps.length > 1 ? steps.shift() : steps[0]) ?? { status: 500, body: {} };
    if (step.chunks !== undefined) await stream(step, response);
    else {
      response.writeHead(step.status ?? 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(step.body));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    script: (...next) => {
      steps = next;
      requests.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function stream(
  { chunks = [], ends = 'end' }: Step,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  for (const chunk of chunks) {
    await new Promise((resolve) => response.write(`data: ${JSON.stringify(chunk)}\n\n`, resolve));
  }
  if (ends === 'end') response.end();
  // Destroyed only when the bytes are out, or they would be lost with it.
  if (ends === 'destroy') setTimeout(() => response.destroy(), 20);
}
