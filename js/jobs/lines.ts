/** The lines of a file of results, as they come over the wire. */
import { joined } from '../http/body.js';
import type { Http } from './http.js';
import type { Rules } from './rules.js';

const END = 10;

/** A line, or the start of one that is too long. */
export interface Line {
  text: string;
  whole: boolean;
}

/** Of a line that is too long this much is kept, in bytes: its key stands in front. */
const HEAD = 4096;

/**
 * Reads a file line by line. Where the connection is cut it goes on from the end of the last whole
 * line: by a range where the service gives one, else by reading over what was there before.
 */
export async function* lines(
  http: Http,
  rules: Rules,
  file: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Line> {
  const url = `${http.endpoint.root}${file}:download?alt=media`;
  const { lineMax, chunkTimeout } = rules.numbers;
  const body = new Body(http, url, chunkTimeout, signal);
  try {
    for (;;) {
      const { lines, done } = await body.next(lineMax);
      yield* lines;
      if (done) return;
    }
  } finally {
    await body.close();
  }
}

/** A body that is opened again where it is cut. */
class Body {
  readonly #http: Http;
  readonly #url: string;
  readonly #timeout: number;
  readonly #signal: AbortSignal | undefined;
  /** The offset of the next line. */
  #at = 0;
  /** The parts of the next line that have come. */
  #parts: Uint8Array[] = [];
  #length = 0;
  /** Whether it is too long to be kept. */
  #long = false;
  /** Bytes to read over. */
  #skip = 0;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #abort = new AbortController();

  constructor(http: Http, url: string, timeout: number, signal: AbortSignal | undefined) {
    this.#http = http;
    this.#url = url;
    this.#timeout = timeout;
    this.#signal = signal;
  }

  /** The lines that end with the next piece. */
  next(lineMax: number): Promise<{ lines: Line[]; done: boolean }> {
    const sending = { signal: this.#signal, timeout: this.#timeout };
    return this.#http.call(sending, async (ended) => {
      const stop = (): void => this.#abort.abort(ended.reason);
      ended.addEventListener('abort', stop);
      try {
        this.#reader ??= await this.#open();
        const { done, value } = await this.#reader.read();
        if (!done) return { lines: this.#take(value, lineMax), done };
        const last = this.#last();
        return { lines: last === undefined ? [] : [last], done };
      } catch (error) {
        await this.close();
        throw error;
      } finally {
        ended.removeEventListener('abort', stop);
      }
    });
  }

  async close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#clear();
    await reader?.cancel().catch(() => {});
  }

  async #open(): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    this.#abort = new AbortController();
    const headers: Record<string, string> = this.#at === 0 ? {} : { range: `bytes=${this.#at}-` };
    const { signal } = this.#abort;
    const response = await this.#http.fetch(this.#url, { headers, signal, follows: true });
    this.#skip = response.status === 206 ? 0 : this.#at;
    const reader = response.body?.getReader();
    // A stub of the caller's may give nothing that streams.
    return reader ?? new Blob([await response.arrayBuffer()]).stream().getReader();
  }

  #take(piece: Uint8Array, lineMax: number): Line[] {
    const skipped = Math.min(this.#skip, piece.length);
    this.#skip -= skipped;
    let rest = piece.subarray(skipped);
    const lines: Line[] = [];
    for (let end = rest.indexOf(END); end !== -1; end = rest.indexOf(END)) {
      this.#add(rest.subarray(0, end), lineMax);
      lines.push(this.#line());
      this.#at += this.#length + 1;
      this.#clear();
      rest = rest.subarray(end + 1);
    }
    this.#add(rest, lineMax);
    return lines.filter(({ text }) => text.trim() !== '');
  }

  #add(bytes: Uint8Array, lineMax: number): void {
    this.#length += bytes.length;
    if (this.#length <= lineMax) {
      this.#parts.push(bytes);
    } else if (!this.#long) {
      this.#long = true;
      this.#parts = [joined([...this.#parts, bytes.subarray(0, HEAD)]).slice(0, HEAD)];
    }
  }

  #line(): Line {
    return { text: new TextDecoder().decode(joined(this.#parts)), whole: !this.#long };
  }

  #clear(): void {
    this.#parts = [];
    this.#length = 0;
    this.#long = false;
  }

  /** The end of a file that ends without a newline is a line too, unless it was cut. */
  #last(): Line | undefined {
    const line = this.#line();
    if (line.text.trim() === '') return undefined;
    try {
      if (line.whole) JSON.parse(line.text);
    } catch {
      throw new TypeError('terminated');
    }
    return line;
  }
}
