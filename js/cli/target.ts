/** The file for the picture of `generate`: found, and opened, before anything is paid for. */
import { randomUUID } from 'node:crypto';
import { existsSync, lstatSync, statSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import type { GeneratedImage } from '../index.js';
import { codeOf } from '../stores/lock.js';
import { discard, makeFolderOf, type Opened, openFile } from './disk.js';
import { rescuePictures, savePictures } from './pictures.js';
import { writeOut } from './pipe.js';
import { messageOf, Problem } from './problem.js';

/** Reserves a name whose ending only the picture tells: as long as the longest of them. */
const UNNAMED = '.part';

export interface Target {
  /** Saves what was paid for; gives the paths. @throws {Rescued} where it is kept elsewhere. */
  save(images: readonly GeneratedImage[]): Promise<string[]>;
  /** Removes what was reserved and not used. */
  close(): void;
}

/**
 * Opens a file, a folder in which the picture is called `name`, or stdout as `-`. A path without an
 * ending gets that of the picture.
 *
 * @throws {Problem} where nothing can be written there.
 */
export function openTarget(out: string | undefined, name: string, force: boolean): Target {
  if (out === '-') return new Stdout();
  if (out === undefined) return new File(name, force);
  if (out.endsWith('/')) makeFolderOf(out);
  const isFolder = existsSync(out) && statSync(out).isDirectory();
  return new File(isFolder ? join(out, name) : out, force);
}

class Stdout implements Target {
  constructor() {
    if (process.stdout.isTTY) throw new Problem('a picture is no text: pipe stdout to a program');
  }

  async save([first, ...others]: readonly GeneratedImage[]): Promise<string[]> {
    if (first === undefined) return [];
    try {
      await writeOut(first.bytes());
    } catch (error) {
      throw rescuePictures([first, ...others], 'stdout', error);
    }
    if (others.length > 0) throw rescuePictures(others, 'all but the first', 'stdout takes one');
    return [];
  }

  close(): void {}
}

class File implements Target {
  readonly #path: string;
  readonly #force: boolean;
  /** Whether the path is that of the file, and not one that gets an ending. */
  readonly #isWhole: boolean;
  /** The file itself, or one that has shown that there can be one. */
  readonly #opened: Opened;
  #isOpen = true;

  constructor(path: string, force: boolean) {
    this.#path = path;
    this.#force = force;
    this.#isWhole = extname(path) !== '' || isDevice(path);
    this.#opened = this.#isWhole ? open(path, force) : reserve(path);
  }

  async save(images: readonly GeneratedImage[]): Promise<string[]> {
    if (!this.#isWhole || images.length === 0) this.close();
    const opened = this.#isOpen ? this.#opened : undefined;
    // From here on whoever writes it closes it.
    this.#isOpen = false;
    return savePictures(images, this.#path, { force: this.#force }, opened);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    discard(this.#opened);
  }
}

function reserve(path: string): Opened {
  try {
    return openFile(`${path}${UNNAMED}`, false);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw refused(`${path}${UNNAMED}`, error);
    // Another command reserves the same name; a free one is found when there is a picture.
    return open(join(dirname(path), `.${randomUUID()}${UNNAMED}`), false);
  }
}

function open(path: string, force: boolean): Opened {
  try {
    return openFile(path, force);
  } catch (error) {
    throw refused(path, error);
  }
}

/** Whether a path is of something that is written to as it is, as `/dev/stdout`. */
function isDevice(path: string): boolean {
  const found = existsSync(path) ? statSync(path) : undefined;
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

function refused(path: string, error: unknown): Problem {
  const code = codeOf(error);
  if (code !== 'EEXIST' && code !== 'ENOENT') {
    return new Problem(`${path} cannot be written: ${messageOf(error)}`);
  }
  if (existsSync(path)) {
    return new Problem(`${path} exists: take another name, or --force to overwrite it`);
  }
  const isLink = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  return new Problem(
    isLink
      ? `${path} is a link to nothing: take another name`
      : `there is no folder ${dirname(path)}`,
  );
}
