/** A `fetch` that is answered by the fake service in this process. */
import type { Driver, DriverOutcome, DriverRequest } from './driver.js';

/** Makes the function; it may be passed wherever a `fetch` is taken. */
export function makeFetch(driver: Driver): typeof fetch {
  return (input, init) =>
    new Promise<Response>((resolve, reject) => {
      const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const { url, head, body } = describe(input, init);
      let cancel: (() => void) | undefined;
      const abort = (): void => {
        cancel?.();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const send = (bytes: Uint8Array): void => {
        if (signal?.aborted) return;
        // An answer may be there before `send` returns.
        cancel = driver.send({ ...head, body: bytes }, (outcome) => {
          signal?.removeEventListener('abort', abort);
          try {
            resolve(respond(outcome, url, signal));
          } catch (error) {
            reject(error);
          }
        });
      };
      if (body instanceof Uint8Array) send(body);
      else body.then(send, reject);
    });
}

interface Description {
  url: string;
  head: Omit<DriverRequest, 'body'>;
  body: Uint8Array | Promise<Uint8Array>;
}

function describe(input: RequestInfo | URL, init: RequestInit | undefined): Description {
  const request = input instanceof Request ? input : undefined;
  const base = (globalThis as { location?: { href: string } }).location?.href;
  const url = new URL(request ? request.url : String(input), base);
  const headers = new Headers(init?.headers ?? request?.headers);
  const given = init?.body;
  const body =
    given === undefined || given === null
      ? (request?.arrayBuffer().then((buffer) => new Uint8Array(buffer)) ?? new Uint8Array())
      : bytesOf(given);
  const method = init?.method ?? request?.method ?? 'GET';
  // The service is known under whatever name it was called by: its links lead back to it.
  headers.set('host', url.host);
  headers.set('x-forwarded-proto', url.protocol.slice(0, -1));
  const head = { method, path: url.pathname + url.search, headers: [...headers] };
  return { url: url.href, head, body };
}

function bytesOf(body: BodyInit): Uint8Array | Promise<Uint8Array> {
  // The usual cases at once, so that a request is on its way when `fetch` returns.
  if (typeof body === 'string') return new TextEncoder().encode(body);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  }
  return new Response(body).arrayBuffer().then((buffer) => new Uint8Array(buffer));
}

const NULL_BODY = new Set([204, 205, 304]);

/** HTTP/1.1 carries a phrase, and clients show it. */
const PHRASES: Record<number, string> = {
  200: 'OK',
  400: 'Bad Request',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

function respond(outcome: DriverOutcome, url: string, signal: AbortSignal | undefined): Response {
  if (outcome.kind === 'reset') throw networkError('read ECONNRESET', 'ECONNRESET');
  const { status } = outcome;
  const init = { status, statusText: PHRASES[status] ?? '', headers: outcome.headers };
  const response = new Response(bodyOf(outcome, signal), init);
  if (outcome.kind === 'cut') response.headers.set('content-length', String(outcome.contentLength));
  // The constructor leaves it empty.
  Object.defineProperty(response, 'url', { value: url });
  return response;
}

function bodyOf(
  outcome: Exclude<DriverOutcome, { kind: 'reset' }>,
  signal: AbortSignal | undefined,
): BodyInit | null {
  if (NULL_BODY.has(outcome.status)) return null;
  if (outcome.kind === 'stream') return streamed(outcome.pieces, outcome.breaksOff, signal);
  return outcome.kind === 'cut' ? broken(outcome.body) : outcome.body;
}

/** A body that is made while it is read. */
function streamed(
  pieces: Iterator<Uint8Array<ArrayBuffer>>,
  breaksOff: boolean,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(
    {
      pull(controller) {
        // Nothing is made between two reads, so that this is soon enough.
        if (signal?.aborted) {
          pieces.return?.();
          controller.error(signal.reason);
          return;
        }
        for (;;) {
          const { done, value } = pieces.next();
          if (done) {
            if (breaksOff) controller.error(bodyError());
            else controller.close();
            return;
          }
          if (value.length > 0) {
            controller.enqueue(value);
            return;
          }
        }
      },
      cancel() {
        pieces.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** A body that ends in an error after its first bytes. */
function broken(prefix: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      if (prefix.length > 0) controller.enqueue(prefix);
    },
    pull(controller) {
      controller.error(bodyError());
    },
  });
}

function inNode(): boolean {
  return typeof process === 'object' && process.versions?.node !== undefined;
}

/** The error of the host's own `fetch`: Node says more than a browser does. */
function networkError(message: string, code: string): TypeError {
  if (!inNode()) return new TypeError('Failed to fetch');
  return new TypeError('fetch failed', { cause: Object.assign(new Error(message), { code }) });
}

function bodyError(): TypeError {
  if (!inNode()) return new TypeError('network error');
  const cause = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
  cause.name = 'SocketError';
  return new TypeError('terminated', { cause });
}
