/** Writing what was paid for: all of it, to the disk, or an error. */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { codeOf, fileMode, makeFolder } from '../stores/lock.js';
import { EXIT } from './exit.js';
import { messageOf, Problem } from './problem.js';

/** A file that is open, and whether it was there before. */
export interface Opened {
  path: string;
  fd: number;
  isNew: boolean;
}

/** Pictures that could not be put where they belong, and where they are. */
export class Rescued extends Problem {
  override readonly name = 'Rescued';
  readonly files: readonly string[];

  constructor(message: string, files: readonly string[]) {
    super(message, EXIT.failed);
    this.files = files;
  }
}

/**
 * Opens a file to be written, without changing what is in it.
 *
 * @throws the file system's error; `EEXIST` where it is there, or a link to nothing is, without `force`.
 */
export function openFile(path: string, force: boolean): Opened {
  const mode = modeIn(dirname(path));
  try {
    return { path, fd: openSync(path, 'wx', mode), isNew: true };
  } catch (error) {
    if (!force || codeOf(error) !== 'EEXIST') throw error;
    return { path, fd: openSync(path, constants.O_WRONLY), isNew: false };
  }
}

/** Replaces what is in a file, brings it to the disk and closes it. A new one that fails is removed. */
export function writeFile(opened: Opened, bytes: Uint8Array): void {
  const { fd } = opened;
  try {
    const isFile = fstatSync(fd).isFile();
    if (isFile) ftruncateSync(fd, 0);
    writeAll(fd, bytes);
    if (isFile) fsyncSync(fd);
    // An open file can be written to when its name is gone.
    if (!isThere(opened)) throw new Error('it was removed or replaced meanwhile');
  } catch (error) {
    discard(opened);
    throw error;
  }
  closeSync(fd);
}

/** Closes a file that is not needed; one that was made for this is removed. */
export function discard(opened: Opened): void {
  const isOurs = opened.isNew && isThere(opened);
  closeSync(opened.fd);
  if (isOurs) rmSync(opened.path, { force: true });
}

/** Whether the path still leads to the file that was opened by it. */
function isThere({ path, fd }: Opened): boolean {
  try {
    const [opened, found] = [fstatSync(fd), statSync(path)];
    return opened.ino === found.ino && opened.dev === found.dev;
  } catch {
    return false;
  }
}

/** Writes all of it at once, to whatever is open there. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** Makes a folder, for this user alone. @throws {Problem} */
export function makeFolderOf(path: string): void {
  try {
    makeFolder(resolve(path));
  } catch (error) {
    throw new Problem(`the folder cannot be made: ${messageOf(error)}`);
  }
}

/**
 * Keeps pictures whose place takes them not, in a file for this user alone; gives the error to tell.
 *
 * @param place - What could not be written, and `cause` why.
 */
export function rescue(
  pictures: readonly { bytes: Uint8Array; ending: string }[],
  place: string,
  cause: unknown,
): Rescued {
  const files = pictures.flatMap(({ bytes, ending }) => keep(bytes, ending) ?? []);
  const why = `${place} could not be written: ${messageOf(cause)}`;
  const lost = pictures.length - files.length;
  const where = files.length === 0 ? '' : `; the picture is kept in ${files.join(', ')}`;
  const rest = lost === 0 ? '' : '; no other folder takes it either, and it is lost';
  return new Rescued(`${why}${where}${rest}`, files);
}

function keep(bytes: Uint8Array, ending: string): string | undefined {
  for (const folder of [tmpdir(), homedir(), '.']) {
    const path = join(folder, `unexhausted-${randomUUID()}${ending}`);
    try {
      writeFile({ path, fd: openSync(path, 'wx', 0o600), isNew: true }, bytes);
      return path;
    } catch {
      // The next one may be on another disk.
    }
  }
  return undefined;
}

/** Files are as private as a folder that this program made; one that was there has the user's own rule. */
function modeIn(folder: string): number {
  return existsSync(folder) ? fileMode(statSync(folder).mode) : 0o600;
}
