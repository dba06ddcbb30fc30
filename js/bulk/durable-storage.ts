/** Lines and pictures of a batch, written again for a while where a disk is full. */
import { encode } from '../base/base64.js';
import { GeneratedImage } from '../response.js';
import type { BatchCore, Made } from './core.js';
import type { BatchStorage, SavedFile } from './storage.js';

/** An answer with pictures. */
export interface Pictures {
  images: readonly GeneratedImage[];
  model: string;
  cost?: number | undefined;
}

/** The batch as its storage sees it. */
export interface DurableStorageHost {
  /** Nothing can be written for a moment. */
  waits(reason: string, until: Date): void;
  /** Nothing can be written, and that is not about to pass. */
  givesUp(error: unknown): void;
  changed(): void;
}

export class DurableStorage {
  readonly #core: BatchCore;
  readonly #storage: BatchStorage | undefined;
  readonly #host: DurableStorageHost;
  /** Since when, and how often in a row, nothing could be written. */
  #trouble: { since: number; failures: number; until: number } | undefined;
  /** Writes that wait for room, each with something that is paid for. */
  #unwritten = 0;
  /** Whether what waits for room waits no more. */
  #isCut = false;
  /** Functions that end each wait for room. */
  readonly #naps: Set<() => void> = new Set();

  constructor(core: BatchCore, storage: BatchStorage | undefined, host: DurableStorageHost) {
    this.#core = core;
    this.#storage = storage;
    this.#host = host;
  }

  /** Whether pictures are kept. */
  get isKeeping(): boolean {
    return this.#storage !== undefined;
  }

  /** Whether nothing new may be paid for: while a picture waits for room, another would wait too. */
  get isFull(): boolean {
    return this.#unwritten > 0 || (this.#trouble?.until ?? 0) > Date.now();
  }

  /** Writes a line that the next step relies on; false where it could not be written now. */
  async note(line: string): Promise<boolean> {
    try {
      await this.#storage?.append(line);
    } catch (error) {
      this.#failed(error);
      return false;
    }
    if (this.#unwritten === 0) this.#trouble = undefined;
    return true;
  }

  /** Writes a line that nothing relies on. */
  mention(line: string): void {
    this.#storage?.append(line).catch(() => {});
  }

  /** Writes a line of something that is over. */
  async record(line: string): Promise<void> {
    await this.#patiently(() => this.#storage?.append(line));
  }

  /** @throws where no picture can be kept. */
  async probe(): Promise<void> {
    // No item has an empty key. What a killed run has left of it is written over by the next.
    await this.#storage?.probe(this.#core.temporaryName(`${this.#storage.location}\n`, 0));
  }

  /** Brings an answer to where it outlives a crash. */
  async keep(key: string, name: string, { images, model, cost }: Pictures): Promise<Made> {
    const storage = this.#storage;
    const kept = storage === undefined ? [] : images;
    const files = kept.map(({ mimeType }, at) => ({
      name: this.#core.numberedName(name, at, kept.length, mimeType),
      temp: this.#core.temporaryName(`${storage?.location}\n${key}`, at),
      size: 0,
    }));
    for (const [at, file] of files.entries()) {
      const bytes = images[at]?.bytes() ?? new Uint8Array();
      file.size = bytes.length;
      await this.#patiently(() => storage?.save(file.temp, bytes));
    }
    const made = { model, files, ...(cost === undefined ? {} : { usd: cost }) };
    await this.record(this.#core.made(key, made));
    for (const file of files) await this.#name(key, files, file);
    return made;
  }

  /** The first picture that is missing; names what a run was killed before naming. */
  async find(key: string, { files }: Made): Promise<string | undefined> {
    for (const file of files) {
      const found = await this.#storage?.find(file);
      if (found === 'missing') return file.name;
      if (found === 'unnamed') await this.#name(key, files, file);
    }
    return undefined;
  }

  async read(files: readonly SavedFile[]): Promise<GeneratedImage[]> {
    const storage = this.#storage as BatchStorage;
    const read = async ({ name }: SavedFile) =>
      new GeneratedImage(this.#core.typeOf(name), encode(await storage.read(name)));
    return Promise.all(files.map(read));
  }

  path(name: string): string {
    return (this.#storage as BatchStorage).path(name);
  }

  /** Gives up the writes that wait for room. */
  cut(): void {
    this.#isCut = true;
    this.wake();
  }

  /** Ends every wait for room. */
  wake(): void {
    for (const end of [...this.#naps]) end();
  }

  async close(): Promise<void> {
    this.wake();
    await this.#storage?.close();
  }

  /** Names a picture. Another name, where that is taken, is written down before it is used. */
  async #name(key: string, files: SavedFile[], file: SavedFile): Promise<void> {
    const storage = this.#storage as BatchStorage;
    const wanted = file.name;
    for (let clashes = 1; !(await this.#patiently(() => storage.name(file))); clashes += 1) {
      file.name = this.#core.nameBeside(wanted, clashes);
      await this.record(this.#core.named(key, files));
    }
  }

  /** Writes; where the disk is full and the like, again and again for a while. */
  async #patiently<T>(write: () => Promise<T> | undefined): Promise<T | undefined> {
    let waits = false;
    try {
      for (;;) {
        try {
          const written = await write();
          this.#trouble = undefined;
          return written;
        } catch (error) {
          if (!this.#failed(error) || this.#isCut) throw error;
          if (!waits) this.#unwritten += 1;
          waits = true;
          await this.#nap((this.#trouble?.until ?? 0) - Date.now());
        }
      }
    } finally {
      if (waits) this.#unwritten -= 1;
    }
  }

  /** Whether it may pass; where not, the batch ends. */
  #failed(error: unknown): boolean {
    const now = Date.now();
    const trouble = this.#trouble ?? { since: now, failures: 0, until: 0 };
    const reason = this.#core.diskTrouble(codeOf(error) ?? '');
    if (reason !== undefined && trouble.until > now) return true;
    const failures = trouble.failures + 1;
    const wait = this.#core.diskWait(failures, now - trouble.since);
    if (reason === undefined || wait === undefined) {
      this.#host.givesUp(error);
      return false;
    }
    const until = now + wait;
    this.#trouble = { since: trouble.since, failures, until };
    this.#host.waits(`Nothing can be written: ${reason}.`, new Date(until));
    void this.#nap(wait).then(() => this.#host.changed());
    return true;
  }

  /** Waits, unless the batch ends before. */
  #nap(ms: number): Promise<void> {
    if (this.#isCut) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        this.#naps.delete(end);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(end, Math.max(ms, 0));
      this.#naps.add(end);
    });
  }
}

export function codeOf(error: unknown): string | undefined {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: string };
  return typeof code === 'string' ? code : name;
}
