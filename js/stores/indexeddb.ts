/** The quota store of several tabs of one browser profile. */
import type { QuotaStore } from '../types/quota.js';

/** The one table of the database. */
const STATES = 'states';

/** Times that a transaction is tried, each on a new connection after the first. */
const TRIES = 3;

/** How long a step may take, in ms, before the browser counts as stuck. */
const PATIENCE = 10_000;

type Update<T> = (state: string | undefined, now: number) => { state: string; result: T };

/**
 * A store in IndexedDB, for the pages and workers of one origin in one browser profile. An update is
 * one transaction, which the browser runs alone, so it needs no Web Locks. Its clock is `Date.now()`.
 *
 * A connection that the browser closes is opened again, and a database that is deleted is made
 * again. A call rejects with the browser's error where it allows no database (as some do in private
 * windows) or the disk is full, and after 10 s without an answer.
 *
 * @example
 * ```ts
 * const client = createClient({ store: indexedDBStore() });
 * ```
 *
 * @param name - The database's. Default: `unexhausted`.
 */
export function indexedDBStore(name = 'unexhausted'): QuotaStore {
  let connection: Promise<IDBDatabase> | undefined;

  function connect(): Promise<IDBDatabase> {
    const forget = (): void => {
      if (connection === opening) connection = undefined;
    };
    const opening = open(name, forget);
    // The next call tries again: the user may have allowed it by then.
    opening.catch(forget);
    return opening;
  }

  return {
    async transact(key, update) {
      for (let tries = 1; ; tries += 1) {
        connection ??= connect();
        const current = connection;
        const database = await current;
        try {
          return await run(database, key, update);
        } catch (error) {
          if (!(error instanceof Interrupted)) throw error;
          // Nothing was written, and what interrupted it was the connection, so try another.
          database.close();
          if (connection === current) connection = undefined;
          if (tries === TRIES) throw error.cause;
        }
      }
    },
  };
}

/** A transaction ended without a fault of ours, and without a trace. */
class Interrupted extends Error {
  constructor(cause: unknown) {
    super('interrupted', { cause });
  }
}

function open(name: string, closed: () => void): Promise<IDBDatabase> {
  return within((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(STATES);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = closed;
      // Somebody wants to delete it, and would otherwise wait for this page to go.
      database.onversionchange = () => {
        database.close();
        closed();
      };
      resolve(database);
    };
    return () => {
      // Should it be opened after all, it holds nobody up.
      request.onsuccess = () => request.result.close();
    };
  });
}

function run<T>(database: IDBDatabase, key: string, update: Update<T>): Promise<T> {
  return within((resolve, reject) => {
    const transaction = begin(database);
    const states = transaction.objectStore(STATES);
    let done: { result: T } | undefined;
    let thrown: { error: unknown } | undefined;
    const request = states.get(key);
    request.onsuccess = () => {
      try {
        const found: unknown = request.result;
        const { state, result } = update(typeof found === 'string' ? found : undefined, Date.now());
        states.put(state, key);
        done = { result };
      } catch (error) {
        thrown = { error };
        transaction.abort();
      }
    };
    transaction.oncomplete = () => {
      if (done !== undefined) resolve(done.result);
    };
    transaction.onabort = () => {
      const { error } = transaction;
      if (thrown !== undefined) reject(thrown.error);
      else if (isNamed(error, 'QuotaExceededError')) reject(error);
      else reject(new Interrupted(error ?? new Error('the transaction was aborted')));
    };
    return () => transaction.abort();
  });
}

function begin(database: IDBDatabase): IDBTransaction {
  try {
    // A loss of power may take the last second with it: what is lost is learned again.
    return database.transaction(STATES, 'readwrite', { durability: 'relaxed' });
  } catch (error) {
    // The connection is closing.
    throw isNamed(error, 'InvalidStateError') ? new Interrupted(error) : error;
  }
}

function isNamed(error: unknown, name: string): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === name;
}

/** A promise that is rejected where nothing happens for too long; `start` gives what undoes it. */
function within<T>(
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  // Looked up now, so that replaced timers are used; cleared by the clear that goes with the set.
  const { setTimeout, clearTimeout } = globalThis;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const answer = new Promise<T>((resolve, reject) => {
    const undo = start(resolve, reject);
    timer = setTimeout(() => {
      reject(new Error(`IndexedDB did not answer within ${PATIENCE / 1_000} s`));
      try {
        undo();
      } catch {
        // It ended in this very moment.
      }
    }, PATIENCE);
  });
  return answer.finally(() => clearTimeout(timer));
}
