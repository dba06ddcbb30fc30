/** The journal of a batch as it stands: read to count by, never written. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BatchCore, type Taken } from '../bulk/core.js';
import { fingerprint, keyOf, requestOf } from '../bulk/entry.js';
import { messageOf, Problem } from './problem.js';
import type { Entry } from './prompts.js';
import { requestOf as made, SIZES, type Wish } from './request.js';

/** What an earlier run has left to do of a request. */
export type Standing = 'done' | 'failed' | 'inJob' | 'toMake';

/** A journal and the folder of its pictures. */
export interface JournalOptions {
  journal: string;
  out: string;
  retryFailed?: boolean | undefined;
}

/** So many requests are looked for among what was done with other values: each takes some digests. */
const MOST_LOOKS = 1_000;

/** The pictures that are done, by the journal and the folder. */
export class Journal {
  readonly #core: BatchCore;
  readonly #out: string;
  /** The keys of what is done and was not asked for yet. */
  readonly #left = new Set<string>();
  /** The models that made them. */
  readonly #models = new Set<string>();
  #looks = 0;
  /** Prompts that are done, but with another model, size or aspect, or under their key as another. */
  changed = 0;
  /** Pictures that are done by the journal, and not where it says. */
  missing = 0;

  private constructor(core: BatchCore, out: string) {
    this.#core = core;
    this.#out = out;
  }

  /** Reads a journal; one that is not there is an empty one. @throws {Problem} */
  static async read({ journal, out, retryFailed = false }: JournalOptions): Promise<Journal> {
    const core = await BatchCore.open({ budget: undefined, retryFailed, maxCost: false });
    const read = new Journal(core, out);
    try {
      if (existsSync(journal)) await read.#restore(journal);
    } catch (error) {
      core.free();
      throw new Problem(`${journal}: ${messageOf(error)}`);
    }
    return read;
  }

  /** The standing of the next request of the batch. */
  async take({ request, wish }: Entry): Promise<Standing> {
    const taken = this.#core.take(keyOf(request), await fingerprint(requestOf(request)));
    if (taken.what === 'failed' || taken.what === 'inJob') return taken.what;
    if (taken.what === 'make') {
      if (this.#left.delete(taken.key) || (await this.#wasOther(wish))) this.changed += 1;
      return 'toMake';
    }
    this.#left.delete(taken.key);
    if (this.#has(taken)) return 'done';
    this.missing += 1;
    return 'toMake';
  }

  close(): void {
    this.#core.free();
  }

  /** Whether a prompt is done with other values. */
  async #wasOther(wish: Wish | undefined): Promise<boolean> {
    if (wish === undefined || this.#left.size === 0 || this.#looks >= MOST_LOOKS) return false;
    this.#looks += 1;
    for (const model of new Set([undefined, wish.model, ...this.#models])) {
      for (const size of [undefined, ...SIZES]) {
        for (const aspect of new Set([undefined, wish.aspect])) {
          const print = await fingerprint(made({ ...wish, model, size, aspect }));
          if (this.#left.delete(print)) return true;
        }
      }
    }
    return false;
  }

  async #restore(path: string): Promise<void> {
    let rest = '';
    for await (const piece of createReadStream(path, 'utf8')) {
      const text = rest + piece;
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      this.#apply(text.slice(0, end));
    }
    // The last line of a run that was killed may be cut.
    if (rest !== '') this.#core.journal.restoreTail(rest);
  }

  #apply(lines: string): void {
    if (lines === '') return;
    this.#core.journal.restore(lines);
    for (const line of lines.split('\n')) {
      if (!line.includes('"made"')) continue;
      try {
        const { record, key, model } = JSON.parse(line) as Record<string, unknown>;
        if (record !== 'made') continue;
        this.#left.add(String(key));
        this.#models.add(String(model));
      } catch {
        // The batch itself tells of a line that cannot be read.
      }
    }
  }

  #has({ made: { files } }: Extract<Taken, { what: 'made' }>): boolean {
    return files.every(({ name, temp, size }) =>
      [name, temp].some((file) => {
        const found = statSync(join(this.#out, file), { throwIfNoEntry: false });
        return found?.isFile() === true && found.size === size;
      }),
    );
  }
}
