/** A small Batch and Files API behind an injected `fetch`, which fails as it is told. */

export interface FakeJob {
  name: string;
  displayName: string;
  model: string;
  state: string;
  createTime: string;
  rows: { key: string; request: unknown }[];
  inputFile?: string;
  /** Lines of its results; those of a job that was made inside of a create lie in the job. */
  results?: object[];
  failed?: number;
}

export interface Seen {
  method: string;
  /** The path and query, without the version. */
  path: string;
  headers: Headers;
  body: string;
}

/** Answers instead of the service; `undefined` leaves the answer to the service. */
export type Hook = (
  seen: Seen,
) => Response | Error | undefined | Promise<Response | Error | undefined>;

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk';

export const picture = (): object => ({
  candidates: [{ content: { parts: [{ inlineData: { mimeType: 'image/png', data: PIXEL } }] } }],
  usageMetadata: {
    promptTokenCount: 10,
    candidatesTokenCount: 1120,
    totalTokenCount: 1130,
    candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1120 }],
  },
});

export function refusal(status: number, name: string, message: string): Response {
  return Response.json({ error: { code: status, status: name, message } }, { status });
}

export const full = (): Response =>
  refusal(429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).');

/** The error that undici throws where a connection breaks. */
export const cut = (): Error =>
  Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  });

export class FakeJobs {
  readonly jobs: FakeJob[] = [];
  readonly files = new Map<string, string>();
  readonly seen: Seen[] = [];
  readonly #uploads = new Map<string, { name: string; text: string }>();
  /** Asked before each request. */
  before: Hook = () => undefined;
  /** Asked after what a request does was done. */
  after: Hook = () => undefined;
  /** How many looks a job takes until it has ended. */
  looks = 2;
  /** Jobs on a page of the list. */
  page = 2;
  /** Whether downloads may begin in the middle. */
  ranges = true;
  /** The prefix of states. */
  prefix = 'BATCH_STATE_';
  /** The address of uploads. */
  session = 'https://generativelanguage.googleapis.com/session';
  #count = 0;

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    const path = url.pathname.replace(/^\/(?:upload\/)?v1beta\//, '') + url.search;
    const headers = new Headers(init?.headers);
    const given = init?.body;
    const body = typeof given === 'string' ? given : new TextDecoder().decode(given as Uint8Array);
    const seen = { method: init?.method ?? 'GET', path, headers, body };
    this.seen.push(seen);
    const answer = (await this.before(seen)) ?? (await this.#serve(seen));
    const said = answer instanceof Error ? answer : ((await this.after(seen)) ?? answer);
    if (said instanceof Error) throw said;
    return said;
  };

  /** The requests of a kind, by the start of `METHOD path`. */
  asked(start: string): Seen[] {
    return this.seen.filter(({ method, path }) => `${method} ${path}`.startsWith(start));
  }

  /** Ends a job at once. */
  end(job: FakeJob, state = 'SUCCEEDED'): void {
    job.state = state;
    if (state !== 'SUCCEEDED') return;
    job.results ??= job.rows.map(({ key }) => ({ key, response: picture() }));
    job.failed = job.results.filter((row) => 'error' in row).length;
    if (job.inputFile === undefined) return;
    this.files.set(`files/out-${job.name.slice(8)}`, lines(job.results));
  }

  #serve({ method, path, headers, body }: Seen): Response {
    const [bare = ''] = path.split('?');
    if (bare === 'files' && method === 'POST') return this.#begin(body);
    if (bare.startsWith('/session')) return this.#receive(bare, headers, body);
    if (bare.endsWith(':batchGenerateContent')) return this.#create(bare, body);
    if (bare === 'batches') return this.#list(path);
    if (bare.endsWith(':download')) return this.#download(bare.slice(0, -9), headers);
    if (bare.startsWith('files/')) return this.#file(bare, method);
    const [name = '', verb] = bare.split(':');
    const job = this.jobs.find((known) => known.name === name);
    if (job === undefined) return refusal(404, 'NOT_FOUND', 'no such batch');
    if (verb === 'cancel') {
      job.state = 'CANCELLED';
      return Response.json({});
    }
    if (method === 'DELETE') {
      this.jobs.splice(this.jobs.indexOf(job), 1);
      return Response.json({});
    }
    const ask = this.asked(`GET ${name}`).length;
    if (job.state === 'PENDING' && ask >= this.looks) this.end(job);
    return Response.json(this.#operation(job, true));
  }

  #begin(body: string): Response {
    const { file } = JSON.parse(body);
    this.#count += 1;
    const id = `/session/${this.#count}`;
    this.#uploads.set(id, { name: file.name, text: '' });
    return new Response(null, {
      headers: { 'x-goog-upload-url': `${this.session}/${this.#count}` },
    });
  }

  #receive(id: string, headers: Headers, body: string): Response {
    const upload = this.#uploads.get(id);
    if (upload === undefined) return refusal(404, 'NOT_FOUND', 'no such upload');
    const command = headers.get('x-goog-upload-command') ?? '';
    const size = String(Buffer.byteLength(upload.text));
    const isFinal = this.files.has(upload.name);
    if (command === 'query') {
      const status = isFinal ? 'final' : 'active';
      const told = { 'x-goog-upload-status': status, 'x-goog-upload-size-received': size };
      return new Response(null, { headers: told });
    }
    if (headers.get('x-goog-upload-offset') !== size) {
      return refusal(400, 'INVALID_ARGUMENT', `the offset is ${size}`);
    }
    upload.text += body;
    if (!command.includes('finalize')) return new Response(null);
    this.files.set(upload.name, upload.text);
    return Response.json({ file: { name: upload.name, state: 'ACTIVE' } });
  }

  #create(path: string, body: string): Response {
    const { batch } = JSON.parse(body);
    const { fileName, requests } = batch.inputConfig;
    const text = fileName === undefined ? undefined : this.files.get(fileName);
    const rows =
      text === undefined
        ? requests.requests.map((row: { request: unknown; metadata: { key: string } }) => ({
            key: row.metadata.key,
            request: row.request,
          }))
        : text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line));
    const job: FakeJob = {
      name: `batches/b${this.jobs.length + 1}`,
      displayName: batch.displayName,
      model: path.slice(0, path.indexOf(':')),
      state: 'PENDING',
      createTime: new Date(Date.now()).toISOString(),
      rows,
      ...(fileName === undefined ? {} : { inputFile: fileName }),
    };
    this.jobs.push(job);
    return Response.json(this.#operation(job, true));
  }

  #list(path: string): Response {
    const query = new URLSearchParams(path.split('?')[1]);
    const from = Number(query.get('pageToken') ?? 0);
    const to = from + this.page;
    const operations = this.jobs.slice(from, to).map((job) => this.#operation(job, false));
    const next = to < this.jobs.length ? { nextPageToken: String(to) } : {};
    return Response.json({ operations, ...next });
  }

  #download(file: string, headers: Headers): Response {
    const text = this.files.get(file);
    if (text === undefined) return refusal(404, 'NOT_FOUND', 'no such file');
    const range = /^bytes=(\d+)-$/.exec(headers.get('range') ?? '')?.[1];
    if (range === undefined || !this.ranges) return new Response(text);
    return new Response(Buffer.from(text).subarray(Number(range)), { status: 206 });
  }

  #file(name: string, method: string): Response {
    if (!this.files.has(name)) return refusal(404, 'NOT_FOUND', 'no such file');
    if (method === 'DELETE') this.files.delete(name);
    return Response.json({ name, state: 'ACTIVE' });
  }

  #operation(job: FakeJob, whole: boolean): object {
    const done = !['PENDING', 'RUNNING'].includes(job.state);
    const rows = job.results ?? [];
    const inlined = rows.map((row) => {
      const { key, ...rest } = row as { key: string };
      return { ...rest, metadata: { key } };
    });
    const output =
      job.state !== 'SUCCEEDED'
        ? undefined
        : job.inputFile !== undefined
          ? { responsesFile: `files/out-${job.name.slice(8)}` }
          : whole
            ? { inlinedResponses: { inlinedResponses: inlined } }
            : undefined;
    const metadata = {
      state: this.prefix + job.state,
      model: job.model,
      displayName: job.displayName,
      createTime: job.createTime,
      batchStats: {
        requestCount: String(job.rows.length),
        ...(job.failed === undefined ? {} : { failedRequestCount: String(job.failed) }),
      },
      output,
    };
    return {
      name: job.name,
      metadata,
      done,
      ...(output === undefined ? {} : { response: output }),
    };
  }
}

export const lines = (rows: readonly object[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('');
