/** The quota store of several processes of one host: a folder of small files. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { QuotaStore } from '../types/quota.js';
import { isInUse, type Lock, takeLock } from './lock.js';
import { queued } from './queue.js';

/** How long a call waits for its turn, in ms: longer than it takes to replace a silent holder. */
const PATIENCE = 15_000;

/** How long a process leaves a key to the others between two turns of its own, in ms on average. */
const REST = 2;

/** The longest name that a key is written out in; what comes with it fits into 255 characters. */
const LONGEST_NAME = 100;

/** Options of {@link fileStore}. */
export interface FileStoreOptions {
  /** The time in ms since 1970. Default: `Date.now()`, looked up on each call. */
  now?: () => number;
}

type Update<T> = (state: string | undefined, now: number) => { state: string; result: T };

/**
 * A store in a folder, for the processes of one host: Node, Deno or Bun. The folder is made where
 * there is none, and has to be on a disk of this host. Its clock is the host's. What it makes is for
 * this user alone, or as private as a folder that was there.
 *
 * A process that is killed in the middle of a write leaves the state as it was, and holds nobody up:
 * on Linux the others see at once that it is dead, elsewhere and from another container after ten
 * seconds. A file that is damaged, as after a loss of power, counts as not there.
 *
 * A call rejects with the error of the file system where the folder cannot be used, and after 15 s
 * without a turn.
 *
 * @example
 * ```ts
 * const client = createClient({ store: fileStore('/var/lib/pictures/quota') });
 * ```
 *
 * @param folder - Its path, the same in all processes.
 * @throws TypeError where `folder` is no path.
 */
export function fileStore(folder: string, options: FileStoreOptions = {}): QuotaStore {
  if (typeof folder !== 'string' || folder === '') {
    throw new TypeError('fileStore takes the path of a folder');
  }
  const path = resolve(folder);
  const now = options.now ?? ((): number => Date.now());

  const rested = new Map<string, number>();
  return queued({
    async transact(key, update) {
      const name = nameOf(key);
      const started = performance.now();
      // One that comes back at once finds the lock free, since the others have yet to look: it would
      // keep them out for long. What queues up meanwhile is done in one go, so little is lost.
      const rest = (rested.get(key) ?? 0) - started;
      if (rest > 0) await sleep(rest);
      for (;;) {
        const done = attempt(path, name, now, update);
        if (done !== undefined) {
          rested.set(key, performance.now() + 2 * REST * Math.random());
          return done.result;
        }
        const waited = performance.now() - started;
        if (waited > PATIENCE) {
          throw new Error(`the quota store in ${path} is busy: no turn within 15 s`);
        }
        // A holder is done in less than a millisecond, so it is worth looking again soon; who has
        // waited longer waits for one that is silent.
        await sleep(1 + Math.random() * Math.min(Math.max(waited / 100, 3), 50));
      }
    },
  });
}

/** One transaction, without a pause in it; `undefined` where it was not its turn, or no longer. */
function attempt<T>(
  folder: string,
  name: string,
  now: () => number,
  update: Update<T>,
): { result: T } | undefined {
  let lock: Lock | undefined;
  try {
    lock = takeLock(folder, name, now());
    if (lock === undefined) return undefined;
    const { state, result } = update(decode(lock.read() ?? ''), now());
    return lock.write(encode(state)) ? { result } : undefined;
  } catch (error) {
    if (isInUse(error)) return undefined;
    throw error;
  } finally {
    lock?.free();
  }
}

// Nothing waits for the disk, which would take a hundred times as long: a kill loses nothing without
// that, and a state that a loss of power left in pieces is known by its sum.
function encode(state: string): string {
  return `${digest(state)}\n${state}`;
}

function decode(text: string): string | undefined {
  const end = text.indexOf('\n');
  const state = text.slice(end + 1);
  return text.slice(0, end) === digest(state) ? state : undefined;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A file name for a key: no dot, no capitals, which some file systems do not tell from small. */
function nameOf(key: string): string {
  const name = [...Buffer.from(key)]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[a-z0-9_-]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
  // No written-out name begins like this one.
  return `quota-${name.length > LONGEST_NAME ? `~${digest(key)}` : name}`;
}

function sleep(ms: number): Promise<void> {
  // Looked up now, so that replaced timers are used.
  return new Promise((done) => void globalThis.setTimeout(done, ms));
}
