/**
 * A lock between processes that keeps what it guards inside it.
 *
 * Each key has a folder with one folder in it, which holds the file with the state. The inner folder
 * is called `free`, or by the name of its holder, which is never used again. Whatever decides is one
 * renaming, which a file system does wholly or not at all, and for one of several only:
 *
 * - `free` to the holder's name takes the lock: the second to try finds no `free`.
 * - The holder's new file to `state` writes: no kill comes between, no reader sees half a state.
 * - The holder's name back to `free` gives it up.
 * - A stale holder's name to one's own replaces it. This cannot hit another: of two that saw the same
 *   dead holder, the second finds that name gone, and whoever holds the lock has a new one.
 *
 * A holder that was replaced while it stood still (stopped, asleep, on a disk that hung) finds no
 * folder of its name when it goes on, neither to write nor to give up. Only a write that the system
 * is already at can still go through; so whoever replaces removes the other's new file, and reads
 * the state after that: the write came before, or it finds no file. Hence it does not matter whether
 * a holder was judged rightly: to be replaced costs it a repetition, and nobody a state.
 */
import { needed } from '../base/builtin.js';
import { isStale, nameHolder } from './holder.js';

const fs = needed<typeof import('node:fs')>('node:fs');
const { dirname, join } = needed<typeof import('node:path')>('node:path');

const FREE = 'free';
const STATE = 'state';

/** Ends the names of folders that are being made. */
const ASIDE = '.tmp';

/** The codes of Windows for a file that is renamed, removed or looked at in this moment. */
const IN_USE = process.platform === 'win32' ? ['EPERM', 'EACCES', 'EBUSY'] : [];

/** A lock that was taken, and the state that it guards. */
export interface Lock {
  /** The state that was written last; `undefined` where none was. */
  read(): string | undefined;
  /** Replaces it; false where the lock was lost, and nothing is written. */
  write(text: string): boolean;
  /** Gives the lock up, unless it was lost. */
  free(): void;
}

/**
 * Takes the lock of `name`, a file name without a dot; makes it, and the folder, if there is none.
 *
 * @returns `undefined` where another has it, or had it in this moment.
 * @throws the file system's error where the folder cannot be used.
 */
export function takeLock(folder: string, name: string, now: number): Lock | undefined {
  const path = join(folder, name);
  const holder = nameHolder(now);
  const held = join(path, holder);
  const free = join(path, FREE);
  if (!move(free, held)) {
    const found = list(path);
    if (found.length === 0) {
      make(folder, name, holder, now);
      if (!move(free, held)) return undefined;
    } else if (!found.some((other) => isStale(other, now) && replace(join(path, other), held))) {
      return undefined;
    }
  }
  const state = join(held, STATE);
  const fresh = join(held, holder);
  return {
    read: () => unlessGone(() => fs.readFileSync(state, 'utf8')),
    write: (text) =>
      unlessGone(() => {
        fs.writeFileSync(fresh, text, { flag: 'wx', mode: fileMode(fs.statSync(held).mode) });
        fs.renameSync(fresh, state);
        return true;
      }) ?? false,
    free() {
      quietly(() => unlessGone(() => fs.unlinkSync(fresh)));
      quietly(() => move(held, free));
    },
  };
}

/** Whether an error is about a file that somebody else has in hand, and will be over soon. */
export function isInUse(error: unknown): boolean {
  return IN_USE.includes(codeOf(error) ?? '');
}

/** Takes over from a stale holder; false where another was quicker. */
function replace(stale: string, held: string): boolean {
  if (!move(stale, held)) return false;
  for (const entry of list(held)) {
    if (entry !== STATE) unlessGone(() => fs.unlinkSync(join(held, entry)));
  }
  return true;
}

/** Makes a free lock, aside and then in its place, so that of several that do so one succeeds. */
function make(folder: string, name: string, holder: string, now: number): void {
  const aside = join(folder, `${name}.${holder}${ASIDE}`);
  makeFolder(folder);
  const mode = folderMode(fs.statSync(folder).mode);
  fs.mkdirSync(aside, { mode });
  try {
    fs.mkdirSync(join(aside, FREE), { mode });
    fs.renameSync(aside, join(folder, name));
  } catch (error) {
    quietly(() => fs.rmSync(aside, { recursive: true, force: true }));
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error;
  }
  quietly(() => sweep(folder, now));
}

/**
 * Makes a folder and those above it, by default for this user alone. Node's own way never ends where
 * the system makes none.
 */
export function makeFolder(path: string, mode = 0o700): void {
  const above = dirname(path);
  try {
    fs.mkdirSync(path, { mode });
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && fs.statSync(path).isDirectory()) return;
    if (codeOf(error) !== 'ENOENT' || above === path) throw error;
    makeFolder(above, mode);
    fs.mkdirSync(path, { mode });
  }
}

/** The mode of a file in a folder of this mode: who may not look into the one reads not the other. */
export function fileMode(folder: number): number {
  return (folder & 0o666) | 0o600;
}

/** The mode of a folder in a folder of this mode. */
export function folderMode(folder: number): number {
  return (folder & 0o777) | 0o700;
}

/** Removes what processes that died while they made a lock have left. */
function sweep(folder: string, now: number): void {
  for (const entry of list(folder)) {
    if (!entry.endsWith(ASIDE)) continue;
    const holder = entry.slice(entry.indexOf('.') + 1, -ASIDE.length);
    if (isStale(holder, now)) fs.rmSync(join(folder, entry), { recursive: true, force: true });
  }
}

/** False where there is nothing to move. */
function move(from: string, to: string): boolean {
  return (
    unlessGone(() => {
      fs.renameSync(from, to);
      return true;
    }) ?? false
  );
}

function list(path: string): string[] {
  return unlessGone(() => fs.readdirSync(path)) ?? [];
}

function unlessGone<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** For clearing up: what fails is done by the next one who comes. */
function quietly(step: () => void): void {
  try {
    step();
  } catch {
    // Nothing depends on it.
  }
}

/** The system's name for what failed, as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
