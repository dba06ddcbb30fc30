/** The Files API: a resumable upload, and what becomes of the file. */
import type { Http } from './http.js';
import { pause } from './pause.js';
import type { Rules } from './rules.js';
import type { Spool } from './spool.js';

const TYPE = 'application/jsonl';

/** Signals that end an upload early. */
export type Signals = readonly (AbortSignal | undefined)[];

interface UploadedFile {
  name: string;
  state?: string;
}

/** Uploads what is in the spool; gives the file's name, as `files/abc`. */
export async function upload(
  http: Http,
  rules: Rules,
  spool: Spool,
  displayName: string,
  signals: Signals,
): Promise<string> {
  const signal = signals[0];
  const name = `files/${rules.fileId(displayName)}`;
  const session = await http.call({ signal }, async (ended) => {
    const response = await http.fetch(http.endpoint.upload, {
      method: 'POST',
      headers: {
        'x-goog-upload-protocol': 'resumable',
        'x-goog-upload-command': 'start',
        'x-goog-upload-header-content-length': String(spool.size),
        'x-goog-upload-header-content-type': TYPE,
      },
      body: JSON.stringify({ file: { name, displayName, mimeType: TYPE } }),
      signal: ended,
    });
    const url = response.headers.get('x-goog-upload-url');
    await response.body?.cancel();
    // A page or a proxy may hide the header.
    if (url === null) throw new Error('the service gave no address for the upload');
    return url;
  });
  const sent = await send(http, rules, spool, session, signal);
  return available(http, rules, sent ?? { name }, signals);
}

/** Sends chunk after chunk; after a failure it asks how far the service is. */
async function send(
  http: Http,
  rules: Rules,
  spool: Spool,
  session: string,
  signal: AbortSignal | undefined,
): Promise<UploadedFile | undefined> {
  const { chunk, chunkTimeout } = rules.numbers;
  let offset = 0;
  for (;;) {
    const sending = { signal, timeout: chunkTimeout };
    const bytes = await spool.read(offset, chunk);
    const next = offset + bytes.length;
    const { end, file } = await http.call(sending, async (ended, attempt) => {
      if (attempt > 1) {
        const found = await ask(http, session, ended);
        if (found.status === 'final') return { end: spool.size, file: found.file };
        // Another chunk is due than the one that is at hand.
        const received = found.received ?? offset;
        if (received !== offset) return { end: received, file: undefined };
      }
      const response = await http.fetch(session, {
        method: 'POST',
        headers: {
          'content-type': TYPE,
          'x-goog-upload-offset': String(offset),
          'x-goog-upload-command': next >= spool.size ? 'upload, finalize' : 'upload',
        },
        body: bytes,
        signal: ended,
      });
      return { end: next, file: fileOf(await http.readJson(response)) };
    });
    offset = end;
    if (offset >= spool.size) return file;
  }
}

async function ask(
  http: Http,
  session: string,
  signal: AbortSignal,
): Promise<{
  status: string | null;
  received: number | undefined;
  file: UploadedFile | undefined;
}> {
  const response = await http.fetch(session, {
    method: 'POST',
    headers: { 'x-goog-upload-command': 'query' },
    signal,
  });
  const received = response.headers.get('x-goog-upload-size-received');
  return {
    status: response.headers.get('x-goog-upload-status'),
    received: received === null ? undefined : Number(received),
    file: fileOf(await http.readJson(response).catch(() => undefined)),
  };
}

/** Waits until a file can be used. */
async function available(
  http: Http,
  rules: Rules,
  sent: UploadedFile,
  signals: Signals,
): Promise<string> {
  const { name } = sent;
  let { state } = sent;
  for (let looks = 1; rules.fileState(state) === 'pending'; looks += 1) {
    const wait = rules.nextSearch(looks);
    // The create says what is wrong with a file that takes so long.
    if (wait === undefined) return name;
    await pause(wait, signals);
    ({ state } = (await http.json(name, { signal: signals[0] })) as UploadedFile);
  }
  if (rules.fileState(state) === 'failed') {
    const advice = 'Create the job anew; its requests go up once more.';
    throw http.error('server_error', `the service could not use ${name}`, undefined, advice);
  }
  return name;
}

function fileOf(body: unknown): UploadedFile | undefined {
  const { file } = (body ?? {}) as { file?: Partial<UploadedFile> };
  return typeof file?.name === 'string' ? (file as UploadedFile) : undefined;
}
