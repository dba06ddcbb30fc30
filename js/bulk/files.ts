/** A batch's journal and pictures in files, in Node, Deno and Bun. */
import { needed } from '../builtin.js';
import { makeFolder } from '../stores/lock.js';
import type { Batch } from '../wasm/bulk.js';
import { Lease } from './lease.js';
import type { Found, Lost, SavedFile, Shelf } from './shelf.js';

const fs = needed<typeof import('node:fs/promises')>('node:fs/promises');
const { basename, dirname, join, resolve } = needed<typeof import('node:path')>('node:path');

/** A journal is read in pieces of so many bytes. */
const PIECE = 1 << 20;
const NEWLINE = 10;

type Handle = Awaited<ReturnType<typeof fs.open>>;

/** A line that waits to be written, and who waits for it. */
interface Pending {
  line: string;
  resolve(): void;
  reject(error: unknown): void;
}

export class Files implements Shelf {
  readonly place: string;
  readonly #out: string;
  readonly #journal: Journal | undefined;

  private constructor(place: string, out: string, journal: Journal | undefined) {
    this.place = place;
    this.#out = out;
    this.#journal = journal;
  }

  /** Opens a journal for this process alone, and makes the folder of the pictures. */
  static async open(
    journal: string | undefined,
    out: string | undefined,
    lost: Lost,
  ): Promise<Files> {
    const folder = resolve(out ?? `${journal}.pictures`);
    const place = journal === undefined ? globalThis.crypto.randomUUID() : resolve(journal);
    const opened = journal === undefined ? undefined : await Journal.open(place, lost);
    try {
      makeFolder(folder);
    } catch (error) {
      await opened?.close();
      throw error;
    }
    return new Files(place, folder, opened);
  }

  async restore(batch: Batch): Promise<void> {
    await this.#journal?.restore(batch);
  }

  async append(line: string): Promise<void> {
    await this.#journal?.append(line);
  }

  async save(temp: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const path = join(this.#out, temp);
    // A new file: what a killed run has left may be a picture under its final name too.
    await fs.rm(path, { force: true });
    const handle = await fs.open(path, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(this.#out);
  }

  async name(file: SavedFile): Promise<boolean> {
    const [from, to] = [join(this.#out, file.temp), join(this.#out, file.name)];
    const folder = dirname(to);
    if (folder !== this.#out) makeFolder(folder);
    if (!(await link(from, to))) return false;
    await syncFolder(folder);
    await fs.rm(from, { force: true });
    return true;
  }

  async find(file: SavedFile): Promise<Found> {
    const [first, final] = await Promise.all([
      stat(join(this.#out, file.temp)),
      stat(join(this.#out, file.name)),
    ]);
    if (first?.size === file.size && first.ino !== final?.ino) return 'unnamed';
    if (final?.size !== file.size) return 'missing';
    if (first !== undefined) await fs.rm(join(this.#out, file.temp), { force: true });
    return 'there';
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await fs.readFile(join(this.#out, name)));
  }

  path(name: string): string {
    return join(this.#out, name);
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }
}

/** The file of lines. */
class Journal {
  readonly #handle: Handle;
  readonly #lease: Lease;
  /** The bytes that are whole lines; what a write that failed has left behind them is cut off. */
  #size = 0;
  #isTorn = false;
  #pending: Pending[] = [];
  #flushing: Promise<void> | undefined;

  private constructor(handle: Handle, lease: Lease) {
    this.#handle = handle;
    this.#lease = lease;
  }

  static async open(path: string, lost: Lost): Promise<Journal> {
    makeFolder(dirname(path));
    const lease = await Lease.take(join(dirname(path), `.${basename(path)}.lock`), lost);
    try {
      const handle = await openForBoth(path);
      await syncFolder(dirname(path));
      return new Journal(handle, lease);
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  async restore(batch: Batch): Promise<void> {
    const decoder = new TextDecoder();
    const piece = new Uint8Array(PIECE);
    let rest = '';
    let [read, whole] = [0, 0];
    for (;;) {
      const { bytesRead } = await this.#handle.read(piece, 0, PIECE, read);
      if (bytesRead === 0) break;
      const got = piece.subarray(0, bytesRead);
      if (got.includes(NEWLINE)) whole = read + got.lastIndexOf(NEWLINE) + 1;
      read += bytesRead;
      rest += decoder.decode(got, { stream: true });
      const end = rest.lastIndexOf('\n') + 1;
      if (end === 0) continue;
      batch.restore(rest.slice(0, end));
      rest = rest.slice(end);
    }
    this.#size = read;
    if (read === whole) return;
    if (batch.restoreTail(rest + decoder.decode())) return this.append('');
    this.#size = whole;
    this.#isTorn = true;
  }

  /** Lines that come together are written, and brought to the disk, together. */
  append(line: string): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#pending.push({ line, resolve, reject });
    });
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return written;
  }

  async #flush(): Promise<void> {
    while (this.#pending.length > 0) {
      const lines = this.#pending;
      this.#pending = [];
      try {
        await this.#write(lines.map(({ line }) => `${line}\n`).join(''));
        for (const { resolve } of lines) resolve();
      } catch (error) {
        for (const { reject } of lines) reject(error);
      }
    }
  }

  async #write(text: string): Promise<void> {
    if (!this.#lease.isHeld()) throw new TakenOver();
    if (this.#isTorn) await this.#handle.truncate(this.#size);
    this.#isTorn = true;
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        at,
        bytes.length - at,
        this.#size + at,
      );
      at += bytesWritten;
    }
    await this.#handle.datasync();
    this.#size += bytes.length;
    this.#isTorn = false;
  }

  async close(): Promise<void> {
    await this.#flushing;
    await this.#handle.close();
    await this.#lease.release();
  }
}

/** The journal belongs to another process now. */
export class TakenOver extends Error {
  readonly code = 'taken_over';
  constructor() {
    super('another process has taken the journal over');
  }
}

/** Opens for reading and writing at any place; makes the file where there is none. */
async function openForBoth(path: string): Promise<Handle> {
  try {
    return await fs.open(path, 'r+');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return fs.open(path, 'wx+');
  }
}

/** A name for a file that has one; false where the name is taken. */
async function link(from: string, to: string): Promise<boolean> {
  try {
    await fs.link(from, to);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!NO_LINKS.includes(codeOf(error) ?? '')) throw error;
    // The name is taken by an empty file, which the picture then replaces.
    try {
      await (await fs.open(to, 'wx')).close();
    } catch (taken) {
      if (codeOf(taken) === 'EEXIST') return false;
      throw taken;
    }
    await fs.rename(from, to);
  }
  return true;
}

/** What file systems say that give a file one name only (FAT, some network disks). */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK', 'EXDEV', 'UNKNOWN'];

/** Names outlive a loss of power once their folder is on disk too. */
async function syncFolder(path: string): Promise<void> {
  let handle: Handle | undefined;
  try {
    handle = await fs.open(path, 'r');
    await handle.sync();
  } catch {
    // Windows, and some network disks, sync no folders.
  } finally {
    await handle?.close();
  }
}

async function stat(path: string): Promise<{ size: number; ino: number } | undefined> {
  try {
    return await fs.stat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
