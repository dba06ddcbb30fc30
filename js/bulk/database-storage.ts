/** A batch's journal and pictures in an IndexedDB, in a page. */
import type { Batch } from '../wasm/bulk.js';
import type { BatchStorage, Found, OnTakenOver, SavedFile } from './storage.js';

const LINES = 'lines';
const PICTURES = 'pictures';

/** Lines are read in pieces of so many. */
const PIECE = 1_000;

type Bytes = Uint8Array<ArrayBuffer>;

export class DatabaseStorage implements BatchStorage {
  readonly location = '';
  readonly #database: IDBDatabase;
  readonly #release: () => void;
  #isClosed = false;

  private constructor(database: IDBDatabase, release: () => void) {
    this.#database = database;
    this.#release = release;
  }

  /**
   * Opens a journal for this page alone.
   *
   * @throws where another page has it, or the browser allows no database.
   */
  static async open(journal: string, onTakenOver: OnTakenOver): Promise<DatabaseStorage> {
    const release = await hold(`unexhausted:${journal}`);
    if (release === undefined) {
      throw new Error(
        `unexhausted: another page works on the journal \`${journal}\`; wait for it, or take another journal`,
      );
    }
    try {
      const opening = indexedDB.open(journal, 1);
      opening.onupgradeneeded = () => {
        opening.result.createObjectStore(LINES, { autoIncrement: true });
        opening.result.createObjectStore(PICTURES);
      };
      const database = await answer(opening);
      // Somebody deletes it, or the browser does: what was written is gone.
      database.onversionchange = () => {
        database.close();
        onTakenOver();
      };
      database.onclose = onTakenOver;
      return new DatabaseStorage(database, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async restore(batch: Batch): Promise<void> {
    let after: IDBKeyRange | undefined;
    for (;;) {
      const lines = this.#database.transaction(LINES).objectStore(LINES);
      const [found, keys] = await Promise.all([
        answer(lines.getAll(after, PIECE)),
        answer(lines.getAllKeys(after, PIECE)),
      ]);
      const last = keys.at(-1);
      if (last === undefined) return;
      batch.restore(`${found.join('\n')}\n`);
      after = IDBKeyRange.lowerBound(last, true);
    }
  }

  async append(line: string): Promise<void> {
    await this.#write(LINES, (lines) => lines.add(line));
  }

  async save(temp: string, bytes: Bytes): Promise<void> {
    await this.#write(PICTURES, (pictures) => pictures.put(bytes, temp));
  }

  async probe(temp: string): Promise<void> {
    await this.#write(PICTURES, (pictures) => {
      pictures.put(new Uint8Array(1), temp);
      pictures.delete(temp);
    });
  }

  async name(file: SavedFile): Promise<boolean> {
    let isFree = true;
    await this.#write(PICTURES, (pictures) => {
      const taken = pictures.count(file.name);
      taken.onsuccess = () => {
        isFree = taken.result === 0;
        if (!isFree) return;
        const got = pictures.get(file.temp);
        got.onsuccess = () => {
          pictures.put(got.result, file.name);
          pictures.delete(file.temp);
        };
      };
    });
    return isFree;
  }

  async find(file: SavedFile): Promise<Found> {
    if (await this.#has(file.temp, file.size)) return 'unnamed';
    return (await this.#has(file.name, file.size)) ? 'there' : 'missing';
  }

  async read(name: string): Promise<Bytes> {
    const found = await (this.#isClosed ? this.#getAgain(name) : this.#get(name));
    if (found === undefined) throw new Error(`unexhausted: there is no picture \`${name}\``);
    return found;
  }

  path(name: string): string {
    return name;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#database.onclose = null;
    this.#database.close();
    this.#release();
  }

  async #has(name: string, size: number): Promise<boolean> {
    return (await this.#get(name))?.length === size;
  }

  #get(name: string): Promise<Bytes | undefined> {
    return get(this.#database, name);
  }

  /** Items are read after their batch has ended too. */
  async #getAgain(name: string): Promise<Bytes | undefined> {
    const database = await answer(indexedDB.open(this.#database.name));
    try {
      return await get(database, name);
    } finally {
      database.close();
    }
  }

  #write(store: string, what: (store: IDBObjectStore) => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      // Strict: it resolves once the disk has it.
      const transaction = this.#database.transaction(store, 'readwrite', { durability: 'strict' });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('the write was aborted'));
      what(transaction.objectStore(store));
    });
  }
}

function get(database: IDBDatabase, name: string): Promise<Bytes | undefined> {
  return answer(database.transaction(PICTURES).objectStore(PICTURES).get(name));
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** A page that was closed or loaded anew gives its locks up a moment later. In ms. */
const PATIENCE = 1_000;

/** Holds a lock of the browser's until it is released, or the page goes; none where another has it. */
async function hold(name: string): Promise<(() => void) | undefined> {
  const { locks } = navigator;
  if (locks === undefined) {
    throw new Error('unexhausted: a journal in a page needs one that is served over TLS');
  }
  return new Promise((resolve, reject) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), PATIENCE);
    const held = () => {
      clearTimeout(timer);
      return new Promise<void>((release) => resolve(release));
    };
    locks.request(name, { signal: late.signal }, held).catch((error: unknown) => {
      clearTimeout(timer);
      if (late.signal.aborted) resolve(undefined);
      else reject(error);
    });
  });
}
