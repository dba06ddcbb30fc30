/** A journal belongs to one process at a time, which shows signs of life while it has it. */
import { needed } from '../base/builtin.js';
import { isStale, nameHolder } from '../stores/holder.js';
import { type Lock, makeFolder, takeLock } from '../stores/lock.js';

const { lstatSync, renameSync, rmSync, statSync } = needed<typeof import('node:fs')>('node:fs');
const { tmpdir } = needed<typeof import('node:os')>('node:os');
const { join } = needed<typeof import('node:path')>('node:path');

/** Between two signs of life, in ms; after ten seconds without one another may take over. */
const BEAT = 3_000;
/** The lock itself is held for less than a millisecond: whoever meets it so often meets a fault. */
const TRIES = 200;
const NAME = 'owner';

export class Lease {
  readonly #folder: string;
  #owner: string;
  #beaten: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(folder: string, owner: string, now: number) {
    this.#folder = folder;
    this.#owner = owner;
    this.#beaten = now;
  }

  /**
   * Takes the lease of a folder, which is made.
   *
   * @throws where another process has it, or the folder cannot be used.
   */
  static async take(folder: string, onTakenOver: () => void): Promise<Lease> {
    const lock = await locked(folder);
    const now = Date.now();
    let owner: string;
    try {
      const other = lock.read() ?? '';
      if (other !== '' && !isStale(other, now)) {
        throw new Error(
          `unexhausted: another process (${other.split('.')[1]}) works on this journal; wait for it, or take another journal`,
        );
      }
      owner = nameHolder(now);
      if (!lock.write(owner)) throw new Error(`unexhausted: the lock ${folder} was lost`);
    } finally {
      lock.free();
    }
    const lease = new Lease(folder, owner, now);
    lease.#timer = setInterval(() => {
      if (!lease.isHeld()) onTakenOver();
    }, BEAT);
    // A batch that waits for nothing keeps no process alive.
    (lease.#timer as { unref?(): void }).unref?.();
    return lease;
  }

  /** Whether it is still ours; shows a sign of life where the last is a while ago. */
  isHeld(): boolean {
    const now = Date.now();
    if (this.#owner !== '' && Math.abs(now - this.#beaten) >= BEAT) {
      try {
        this.#beat(now);
      } catch {
        // A full disk takes no sign of life, and no other's claim either: the next beat tells.
      }
    }
    return this.#owner !== '';
  }

  #beat(now: number): void {
    const lock = takeLock(this.#folder, NAME, now);
    // Somebody looks at it in this moment: the next beat tells.
    if (lock === undefined) return;
    try {
      if (lock.read() !== this.#owner) this.#owner = '';
      else {
        const owner = nameHolder(now);
        if (!lock.write(owner)) return;
        this.#owner = owner;
        this.#beaten = now;
      }
    } finally {
      lock.free();
    }
  }

  /** Gives it up, and clears away what it was made of. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#owner === '') return;
    const lock = await locked(this.#folder);
    try {
      if (lock.read() !== this.#owner) return;
      lock.write('');
      // Moved aside whole: another either finds it, with nobody's name in it, or makes a new one.
      const aside = `${this.#folder}.${this.#owner}`;
      renameSync(this.#folder, aside);
      rmSync(aside, { recursive: true, force: true });
    } catch {
      // The rest of it has no owner.
      lock.free();
    }
    this.#owner = '';
  }
}

/**
 * The path of the lock that counts for all names of a file, for this user on this host; none where it
 * has one name and there is no folder for such locks.
 *
 * @throws where it is no file, or has several names and there is no such place.
 */
export function lockOfInode(path: string): string | undefined {
  const found = statSync(path, { bigint: true });
  if (!found.isFile()) throw new Error(`unexhausted: the journal ${path} is no file`);
  const { dev, ino, nlink } = found;
  const folder = ownFolder();
  if (folder !== undefined && ino !== 0n) return join(folder, `journal-${dev}-${ino}`);
  if (nlink <= 1n) return undefined;
  throw new Error(
    `unexhausted: the journal ${path} has ${nlink} names, and whether another process works on it under another cannot be told here; take a journal with one`,
  );
}

/** A folder for the processes of this user, in one that all may write to: somebody else's is not used. */
function ownFolder(): string | undefined {
  try {
    const user = process.getuid?.();
    const folder = join(tmpdir(), `unexhausted-${user ?? 'locks'}`);
    makeFolder(folder);
    const found = lstatSync(folder);
    const isOurs = user === undefined || (found.uid === user && (found.mode & 0o077) === 0);
    return found.isDirectory() && isOurs ? folder : undefined;
  } catch {
    return undefined;
  }
}

async function locked(folder: string): Promise<Lock> {
  for (let tries = 1; ; tries += 1) {
    let lock: Lock | undefined;
    try {
      lock = takeLock(folder, NAME, Date.now());
    } catch (error) {
      // Its last owner moved the folder away in this moment.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === TRIES) throw error;
    }
    if (lock !== undefined) return lock;
    if (tries === TRIES) throw new Error(`unexhausted: the lock ${folder} does not come free`);
    await new Promise((resolve) => setTimeout(resolve, 1 + tries / 10));
  }
}
