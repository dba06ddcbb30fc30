/** Output: the results go to stdout, everything else to stderr. */
import { createInterface } from 'node:readline/promises';
import type { WriteStream } from 'node:tty';
import { createLogUpdate } from 'log-update';
import { type Colors, colors, shown, shownJson } from './terminal.js';
import { wrapped } from './wrap.js';

/** How often what is live is drawn again, in ms: a countdown by seconds moves evenly. */
const REDRAW = 200;

/** How long lines about one thing are apart where there is no terminal, in ms. */
const PACE = 10_000;

/** The two streams of one command. */
export class Screen {
  /** Whether results are for a program. */
  readonly json: boolean;
  /** Whether errors show their stack. */
  readonly debug: boolean;
  readonly #out: NodeJS.WriteStream;
  readonly #err: NodeJS.WriteStream;
  readonly #update: ReturnType<typeof createLogUpdate>;
  #draw: (() => string) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #said = 0;

  constructor({ json = false, debug = false }: { json?: boolean; debug?: boolean } = {}) {
    this.json = json;
    this.debug = debug;
    this.#out = process.stdout;
    this.#err = process.stderr;
    this.#update = createLogUpdate(this.#err);
  }

  /** Whether somebody watches stderr. */
  get live(): boolean {
    return this.#err.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  /** The width of the results in columns. */
  get width(): number {
    return (this.#out as WriteStream).columns || 80;
  }

  /** The columns that a line of results may take: any number where no terminal shows them. */
  get room(): number {
    return this.#out.isTTY === true ? this.width : Number.POSITIVE_INFINITY;
  }

  /** The width of the terminal in columns. */
  get columns(): number {
    return (this.#err as WriteStream).columns || 80;
  }

  /** The colors of stdout. */
  get colors(): Colors {
    return colors(colored(this.#out));
  }

  /** The colors of stderr. */
  get noteColors(): Colors {
    return colors(colored(this.#err));
  }

  /** Prints a result in words; left out where a program reads. */
  result(text: string): void {
    if (!this.json) this.#above(() => this.#out.write(`${fitted(shown(text), this.#out)}\n`));
  }

  /** Prints a result for a program: one JSON value a line. */
  data(value: unknown): void {
    if (this.json) this.#above(() => this.#out.write(`${shownJson(value)}\n`));
  }

  /** Prints a remark beside the results. */
  note(text: string): void {
    this.#above(() => this.#err.write(`${fitted(shown(text), this.#err)}\n`));
  }

  /** Asks on the terminal. @throws where there is no answer, as on Ctrl-C. */
  async ask(question: string): Promise<string> {
    const reader = createInterface({ input: process.stdin, output: this.#err });
    try {
      return await reader.question(shown(question));
    } catch (error) {
      // What is said next begins on a line of its own.
      this.#err.write('\n');
      throw error;
    } finally {
      reader.close();
    }
  }

  /** Lines that change until `settle`; without a terminal the first is noted now and then. */
  watch(draw: () => string): void {
    this.#draw = draw;
    if (!this.live) {
      if (Date.now() - this.#said < PACE) return;
      this.#said = Date.now();
      this.#err.write(`${shown(draw())}\n`);
      return;
    }
    this.#redraw();
    // A countdown is no reason to live on.
    this.#timer ??= setInterval(() => this.#redraw(), REDRAW).unref();
  }

  /** Removes the lines that change. */
  settle(): void {
    this.#draw = undefined;
    // Where nothing was drawn the cursor was never hidden.
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#update.clear();
    this.#update.done();
  }

  /** Writes above the lines that change. */
  #above(write: () => void): void {
    if (this.#timer === undefined) {
      write();
      return;
    }
    this.#update.clear();
    write();
    this.#redraw();
  }

  #redraw(): void {
    if (this.#draw !== undefined) this.#update(shown(this.#draw()));
  }
}

/** Sentences as wide as a terminal; what a program or a file reads is left as it is. */
function fitted(text: string, stream: NodeJS.WriteStream): string {
  return stream.isTTY === true && stream.columns > 0 ? wrapped(text, stream.columns) : text;
}

/** https://no-color.org: any value but an empty one switches colors off. */
function colored(stream: NodeJS.WriteStream): boolean {
  if (process.env['NO_COLOR']) return false;
  if (process.env['FORCE_COLOR'] && process.env['FORCE_COLOR'] !== '0') return true;
  return stream.isTTY === true && process.env['TERM'] !== 'dumb';
}
