/** A spool of bytes for an upload: a temporary file where there are files, else blobs. */
import { builtin } from '../base/builtin.js';

interface Handle {
  write(
    data: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
  read(
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>;
  close(): Promise<void>;
}

interface Files {
  mkdtemp(prefix: string): Promise<string>;
  open(path: string, flags: string, mode: number): Promise<Handle>;
  rm(path: string, options: { recursive: boolean; force: boolean }): Promise<void>;
}

/** Bytes that are kept until they are written in one go. */
const BUFFER = 1 << 20;

/** The file or the blobs that keep the bytes. */
interface SpoolStorage {
  append(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

export class Spool {
  size = 0;
  #buffer: Uint8Array<ArrayBuffer>[] = [];
  #buffered = 0;
  #storage: SpoolStorage | undefined;

  async write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    this.size += bytes.length;
    this.#buffered += bytes.length;
    this.#buffer.push(bytes);
    if (this.#buffered >= BUFFER) await this.#flush();
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    await this.#flush();
    return this.#storage?.read(offset, length) ?? new Uint8Array(0);
  }

  async close(): Promise<void> {
    this.#buffer = [];
    await this.#storage?.close();
  }

  async #flush(): Promise<void> {
    if (this.#buffered === 0) return;
    const bytes = joined(this.#buffer, this.#buffered);
    this.#buffer = [];
    this.#buffered = 0;
    this.#storage ??= await openStorage();
    await this.#storage.append(bytes);
  }
}

async function openStorage(): Promise<SpoolStorage> {
  const files = builtin<Files>('node:fs/promises');
  const os = builtin<{ tmpdir(): string }>('node:os');
  const path = builtin<{ join(...parts: string[]): string }>('node:path');
  if (files?.mkdtemp === undefined || os === undefined || path === undefined) return new Blobs();
  const folder = await files.mkdtemp(path.join(os.tmpdir(), 'unexhausted-'));
  const remove = () => files.rm(folder, { recursive: true, force: true });
  try {
    // For its owner alone: prompts are nobody else's.
    const handle = await files.open(path.join(folder, 'requests.jsonl'), 'wx+', 0o600);
    return new TempFile(handle, remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

class TempFile implements SpoolStorage {
  readonly #handle: Handle;
  readonly #remove: () => Promise<void>;
  #end = 0;

  constructor(handle: Handle, remove: () => Promise<void>) {
    this.#handle = handle;
    this.#remove = remove;
  }

  async append(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const left = bytes.length - at;
      const { bytesWritten } = await this.#handle.write(bytes, at, left, this.#end);
      at += bytesWritten;
      this.#end += bytesWritten;
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#end - offset)));
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await this.#handle.read(bytes, at, bytes.length - at, offset + at);
      if (bytesRead === 0) throw new Error('unexhausted: the temporary file has become shorter');
      at += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
    await this.#remove();
  }
}

/** A blob may lie on disk, which the browser decides. */
class Blobs implements SpoolStorage {
  #all = new Blob();

  async append(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#all = new Blob([this.#all, bytes]);
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.#all.slice(offset, offset + length).arrayBuffer());
  }

  async close(): Promise<void> {
    this.#all = new Blob();
  }
}

function joined(parts: Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
