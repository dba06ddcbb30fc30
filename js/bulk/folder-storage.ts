/** A batch's journal and pictures in files, in Node, Deno and Bun. */
import { needed } from '../base/builtin.js';
import { codeOf, fileMode, folderMode, makeFolder } from '../stores/lock.js';
import type { Batch } from '../wasm/bulk.js';
import { Lease, lockOfInode } from './lease.js';
import type { BatchStorage, Found, OnTakenOver, SavedFile } from './storage.js';

const fs = needed<typeof import('node:fs/promises')>('node:fs/promises');
const raw = needed<typeof import('node:fs')>('node:fs');
const { basename, dirname, join, resolve, sep } = needed<typeof import('node:path')>('node:path');

/** A journal is read in pieces of so many bytes. */
const PIECE = 1 << 20;
/** A line of more characters is none of ours: one with the 200,000 keys of a job has ten million. */
const LINE_MAX = 1 << 26;
const NEWLINE = 10;

type Handle = Awaited<ReturnType<typeof fs.open>>;

/** A line that waits to be written, and who waits for it. */
interface PendingLine {
  line: string;
  resolve(): void;
  reject(error: unknown): void;
}

export class FolderStorage implements BatchStorage {
  readonly location: string;
  readonly #out: string;
  /** The mode of the folder of the pictures, which are as private as it is. */
  readonly #mode: number;
  readonly #journal: Journal | undefined;

  private constructor(location: string, out: string, mode: number, journal: Journal | undefined) {
    this.location = location;
    this.#out = out;
    this.#mode = mode;
    this.#journal = journal;
  }

  /** Opens a journal for this process alone, and makes the folder of the pictures. */
  static async open(
    journal: string | undefined,
    out: string | undefined,
    onTakenOver: OnTakenOver,
  ): Promise<FolderStorage> {
    const opened =
      journal === undefined ? undefined : await Journal.open(resolve(journal), onTakenOver);
    // One journal has one folder, by whatever name it is called.
    const location = opened?.path ?? globalThis.crypto.randomUUID();
    const folder = resolve(out ?? `${location}.pictures`);
    try {
      makeFolder(folder);
      return new FolderStorage(location, folder, (await fs.stat(folder)).mode, opened);
    } catch (error) {
      await opened?.close();
      throw error;
    }
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
    const handle = await fs.open(path, 'wx', fileMode(this.#mode));
    try {
      await handle.writeFile(bytes);
      await flush(handle, raw.fsync);
    } finally {
      await handle.close();
    }
    await syncFolder(this.#out);
  }

  async probe(temp: string): Promise<void> {
    try {
      await this.save(temp, new Uint8Array(1));
    } catch (cause) {
      const said = (cause as Error).message;
      throw new Error(`unexhausted: no picture can be saved in ${this.#out}: ${said}`, { cause });
    } finally {
      await fs.rm(join(this.#out, temp), { force: true });
    }
  }

  async name(file: SavedFile): Promise<boolean> {
    const [from, to] = [join(this.#out, file.temp), join(this.#out, file.name)];
    const folder = dirname(to);
    if (folder !== this.#out) makeFolder(folder, folderMode(this.#mode));
    if (!(await link(from, to, fileMode(this.#mode)))) return false;
    await syncFolder(folder);
    await fs.rm(from, { force: true });
    return true;
  }

  async find(file: SavedFile): Promise<Found> {
    const [temp, final] = await Promise.all([
      unlessMissing(fs.lstat(join(this.#out, file.temp))),
      unlessMissing(fs.stat(join(this.#out, file.name))),
    ]);
    // A link that somebody has put there is nothing that was saved.
    const first = temp?.isFile() ? temp : undefined;
    if (first?.size === file.size && first.ino !== final?.ino) {
      return (await this.#isInside(dirname(file.name))) ? 'unnamed' : 'missing';
    }
    if (final?.size !== file.size) return 'missing';
    if (first !== undefined) await fs.rm(join(this.#out, file.temp), { force: true });
    return 'there';
  }

  /** Whether a folder below that of the pictures is there and no link to elsewhere, or is not made yet. */
  async #isInside(below: string): Promise<boolean> {
    if (below === '.') return true;
    const found = await unlessMissing(fs.realpath(join(this.#out, below)));
    if (found === undefined) return this.#isInside(dirname(below));
    return found.startsWith((await fs.realpath(this.#out)) + sep);
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
  /** The real path, without links. */
  readonly path: string;
  readonly #handle: Handle;
  readonly #leases: readonly Lease[];
  /** The bytes that are whole lines; what a write that failed has left behind them is cut off. */
  #size = 0;
  #isTorn = false;
  #pending: PendingLine[] = [];
  #flushing: Promise<void> | undefined;

  private constructor(path: string, handle: Handle, leases: readonly Lease[]) {
    this.path = path;
    this.#handle = handle;
    this.#leases = leases;
  }

  static async open(given: string, onTakenOver: OnTakenOver): Promise<Journal> {
    makeFolder(dirname(given));
    const handle = await fs.open(given, raw.constants.O_RDWR | raw.constants.O_CREAT, 0o600);
    const leases: Lease[] = [];
    try {
      const path = await fs.realpath(given);
      // Links of both kinds give one journal several names, and only one process may have it.
      for (const lock of [join(dirname(path), `.${basename(path)}.lock`), lockOfInode(path)]) {
        if (lock !== undefined) leases.push(await Lease.take(lock, onTakenOver));
      }
      await syncFolder(dirname(path));
      return new Journal(path, handle, leases);
    } catch (error) {
      await handle.close();
      for (const lease of leases) await lease.release();
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
      const newline = got.lastIndexOf(NEWLINE);
      if (newline >= 0) whole = read + newline + 1;
      read += bytesRead;
      rest += decoder.decode(got, { stream: true });
      if (newline < 0) {
        // It is nobody's record, and what stands for it is none either.
        if (rest.length > LINE_MAX) rest = '\0';
        continue;
      }
      const end = rest.lastIndexOf('\n') + 1;
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
    if (!this.#leases.every((lease) => lease.isHeld())) throw new TakenOver();
    if (this.#isTorn) await this.#handle.truncate(this.#size);
    // Another process writes, from a place where it cannot see the locks.
    else if ((await this.#handle.stat()).size !== this.#size) throw new TakenOver();
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
    await flush(this.#handle, raw.fdatasync);
    this.#size += bytes.length;
    this.#isTorn = false;
  }

  async close(): Promise<void> {
    await this.#flushing;
    await this.#handle.close();
    for (const lease of this.#leases) await lease.release();
  }
}

/** The journal belongs to another process now. */
export class TakenOver extends Error {
  readonly code = 'taken_over';
  constructor() {
    super('another process has taken the journal over');
  }
}

/**
 * Brings what was written to the disk. By the number: the `sync` of a handle throws under Yarn PnP,
 * which wraps what `node:fs/promises` opens.
 */
function flush(
  handle: Handle,
  how: (file: number, done: (error: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    how(handle.fd, (error) => (error ? reject(error) : resolve()));
  });
}

/** A name for a file that has one; false where the name is taken. */
async function link(from: string, to: string, mode: number): Promise<boolean> {
  try {
    await fs.link(from, to);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!NO_LINKS.includes(codeOf(error) ?? '')) throw error;
    // The name is taken by an empty file, which the picture then replaces.
    try {
      await (await fs.open(to, 'wx', mode)).close();
    } catch (taken) {
      if (codeOf(taken) === 'EEXIST') return false;
      throw taken;
    }
    await fs.rename(from, to);
  }
  return true;
}

/** The codes of file systems that give a file one name only (FAT, some network disks). */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK', 'EXDEV', 'UNKNOWN'];

/** Names outlive a loss of power once their folder is on disk too. */
async function syncFolder(path: string): Promise<void> {
  let handle: Handle | undefined;
  try {
    handle = await fs.open(path, 'r');
    await flush(handle, raw.fsync);
  } catch {
    // Windows, and some network disks, sync no folders.
  } finally {
    await handle?.close();
  }
}

async function unlessMissing<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
