/** Requests to the Batch and Files APIs: sent, repeated as the core says, and failed in its words. */

import { errorInfo, GenerateError, isGenerateError } from '../errors.js';
import { MAX_BODY_BYTES, startOf, textWithin } from '../http/body.js';
import { checkAddress, follow, originOfNext } from '../http/redirects.js';
import { use } from '../module/load.js';
import type { ErrorInfo, GenerateErrorKind } from '../types/errors.js';
import type { Link } from './link.js';
import type { Failed, Rules } from './rules.js';

/** Of the body of an error no more than this is read, in bytes. */
const ERROR_BODY_MAX = 64 * 1024;

/** The addresses of the jobs of a target. */
export interface Endpoint {
  /** The address of the API with its version and a slash. */
  root: string;
  /** The address at which uploads begin. */
  upload: string;
  /** The model in a path, as `models/abc`. */
  path: string;
  headers: Record<string, string>;
  /** Texts that must not show up in errors. */
  secrets: string[];
}

/** How a request is sent. */
export interface Sending {
  method?: 'GET' | 'POST' | 'DELETE';
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
  signal?: AbortSignal | undefined;
  /** How long it may take, in ms. */
  timeout?: number;
  /** Whether it is sent once at most. */
  once?: boolean;
  /** Whether it may be led elsewhere, as a download may; the key does not go along. */
  follows?: boolean;
}

/** An answer that is none, as the classifier reads it; without a status it is an opaque redirect. */
class Refused extends Error {
  override readonly name: string;
  readonly status: number | undefined;
  readonly headers: Record<string, string>;
  readonly body: string;

  constructor(status: number | undefined, headers: Record<string, string>, body: string) {
    super('');
    this.name = status === undefined ? 'OpaqueRedirect' : 'Refused';
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

export class Http {
  readonly #link: Link;
  readonly #rules: Rules;
  readonly #endpoint: Endpoint;
  #prompts: string[] = [];

  constructor(link: Link, rules: Rules, endpoint: Endpoint) {
    this.#link = link;
    this.#rules = rules;
    this.#endpoint = endpoint;
  }

  /** From now on errors do not show these texts. */
  hide(prompts: string[]): void {
    this.#prompts = prompts;
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  /** Asks for something of JSON; `path` comes behind the version. */
  json(path: string, sending: Sending = {}): Promise<unknown> {
    return this.call(sending, async (signal) => {
      const response = await this.fetch(this.#endpoint.root + path, { ...sending, signal });
      return this.readJson(response);
    });
  }

  /** Runs an attempt, again where that may help. */
  async call<T>(
    { signal, timeout, once }: Sending,
    attempt: (signal: AbortSignal, attempt: number) => Promise<T>,
  ): Promise<T> {
    const run = ({ signal: ended, attempt: number }: { signal: AbortSignal; attempt: number }) =>
      attempt(ended, number).catch((error: unknown) => {
        // An error of the caller's own `fetch` may hold the request, and with it the key.
        const isOurs = error instanceof Refused || isGenerateError(error);
        throw ended.aborted || isOurs ? error : this.#copied(error);
      });
    return this.#link.retry(run, {
      timeout: timeout ?? this.#rules.numbers.requestTimeout,
      ...(signal === undefined ? {} : { signal }),
      ...(once === true ? { maxAttempts: 1 } : {}),
    });
  }

  /**
   * One request, once, and what it may be led to.
   *
   * @throws for any status but 2xx what the classifier reads.
   */
  async fetch(url: string, sending: Sending): Promise<Response> {
    const { origin } = new URL(this.#endpoint.root);
    const send = (at: string) => this.#send(at, origin, sending);
    let response: Response;
    try {
      checkAddress(url, origin);
      response = await (sending.follows === true ? follow(url, origin, send) : send(url));
    } catch (error) {
      throw (error as { code?: unknown }).code === 'EPRIVATE' ? elsewhere(error as Error) : error;
    }
    if (response.ok) return response;
    throw await this.#refused(response, originOfNext(response, url));
  }

  #send(
    url: string,
    home: string,
    { method = 'GET', headers, body, signal }: Sending,
  ): Promise<Response> {
    const own = this.#link.options.fetch ?? globalThis.fetch;
    // Servers elsewhere get no key.
    const base = new URL(url).origin === home ? this.#endpoint.headers : {};
    const init: RequestInit = { method, headers: { ...base, ...headers }, redirect: 'manual' };
    if (body !== undefined) init.body = body;
    if (signal !== undefined) init.signal = signal;
    return own(url, init);
  }

  async #refused(response: Response, location: string | undefined): Promise<Refused> {
    if (response.type === 'opaqueredirect') return new Refused(undefined, {}, '');
    const headers: Record<string, string> = {};
    for (const name of ['retry-after', 'content-type']) {
      const value = response.headers?.get(name);
      if (typeof value === 'string') headers[name] = value;
    }
    if (location !== undefined) headers['location'] = location;
    const body = this.clean(await startOf(response, ERROR_BODY_MAX));
    return new Refused(response.status, headers, body);
  }

  /** One attempt of a delete. */
  async remove(path: string, signal: AbortSignal, attempt: number): Promise<void> {
    try {
      const response = await this.fetch(this.#endpoint.root + path, { method: 'DELETE', signal });
      await response.body?.cancel();
    } catch (error) {
      if (error instanceof Refused && this.#rules.isDeleted(error.status ?? 0, attempt)) return;
      throw error;
    }
  }

  /** The JSON of an answer. What is sent as JSON and is none was cut, as undici calls it. */
  async readJson(response: Response): Promise<unknown> {
    const { maxBodyBytes = MAX_BODY_BYTES } = this.#link.options;
    const text = await textWithin(response, maxBodyBytes);
    if (text === undefined) {
      throw new GenerateError({
        kind: 'too_large',
        message: 'the answer is larger than `maxBodyBytes` allows',
        advice: 'Raise `maxBodyBytes`.',
      });
    }
    if (text.trim() === '') return {};
    try {
      return JSON.parse(text);
    } catch {
      throw new TypeError('terminated');
    }
  }

  clean(text: string): string {
    return this.#rules.clean(text, this.#endpoint.secrets, this.#prompts);
  }

  /** The same for a request about one job; `results` where its answer would hold the results. */
  jobFailure(error: unknown, what: string, results = false): unknown {
    const advice = this.#rules.failureAdvice(this.described(error), results);
    return this.failure(error, what, advice ?? undefined);
  }

  /** The error that the caller gets for one that was thrown; one of the caller's own stays as it is. */
  failure(error: unknown, what: string, advice?: string): unknown {
    if (isGenerateError(error) && error.kind === 'timeout') {
      const late = advice ?? 'The service did not answer in time: try again later.';
      return this.error(error.kind, what, undefined, late, error);
    }
    if (!isFailure(error)) return error;
    const info = errorInfo(error) ?? (use().core.classifyError(error) as ErrorInfo);
    return this.error(info.kind, what, info, advice ?? info.advice, error);
  }

  error(
    kind: GenerateErrorKind,
    what: string,
    info: ErrorInfo | undefined,
    advice: string,
    cause?: unknown,
  ): GenerateError {
    const status = info?.status === undefined ? '' : `${info.status}: `;
    const said = [info?.message, info?.summary].find((text) => text !== undefined && text !== '');
    const message = said === undefined ? what : `${what}: ${status}${said.replace(/\.$/, '')}`;
    return new GenerateError(
      { kind, message: this.clean(`${message}. ${advice}`.trim()), advice, info },
      cause,
    );
  }

  /** A copy of an error without secrets. */
  #copied(error: unknown): unknown {
    return revived(this.#plain(error));
  }

  /** Whether the caller has ended this, or closed the client: that is no failure. */
  isOver(error: unknown, signal: AbortSignal | undefined): boolean {
    const isAborted = signal?.aborted === true && error === signal.reason;
    return isAborted || (isGenerateError(error) && error.kind === 'closed');
  }

  /** An error as plain data, for the core to decide on. */
  described(error: unknown): Failed {
    return {
      error: this.#plain(error),
      kind: isGenerateError(error) ? error.kind : undefined,
    };
  }

  #plain(error: unknown): unknown {
    return plain(error, (text) => this.clean(text), 0);
  }
}

/** An error that came out of a request. */
class Broken extends Error {}

/** An address of the service's that is not asked: nothing was sent, so that nothing is looked for. */
function elsewhere({ message }: Error): GenerateError {
  return new GenerateError({
    kind: 'forbidden',
    message: `the service leads elsewhere: ${message}`,
    advice:
      'Check `baseUrl`. Not asked is what is of this machine or its network, is not encrypted where the service is, or comes after too many redirects.',
  });
}

function isFailure(error: unknown): boolean {
  return error instanceof Refused || error instanceof Broken;
}

const FIELDS = ['name', 'message', 'code', 'status', 'headers', 'body', 'cause', 'errors'];

function plain(error: unknown, clean: (text: string) => string, depth: number): unknown {
  if (typeof error === 'string') return clean(error);
  if (typeof error !== 'object' || error === null) return error;
  if (depth > 4) return undefined;
  if (Array.isArray(error)) return error.slice(0, 8).map((item) => plain(item, clean, depth + 1));
  const copy: Record<string, unknown> = {};
  const keys = error instanceof Error ? FIELDS : Object.keys(error).slice(0, 64);
  for (const key of keys) {
    const value = (error as Record<string, unknown>)[key];
    if (value !== undefined && typeof value !== 'function')
      copy[key] = plain(value, clean, depth + 1);
  }
  return copy;
}

function revived(copy: unknown): Broken {
  const fields = (typeof copy === 'object' && copy !== null ? copy : { message: copy }) as Record<
    string,
    unknown
  >;
  const { message, ...rest } = fields;
  return Object.assign(new Broken(typeof message === 'string' ? message : ''), rest);
}
