/** Pictures on disk: read as references, saved without overwriting anything. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import type { GeneratedImage, Part } from '../index.js';
import { codeOf, makeFolder } from '../stores/lock.js';
import { type Opened, openFile, rescue, writeFile } from './disk.js';
import { endingOf } from './names.js';
import { messageOf, Problem } from './problem.js';

/** The types of picture files by how they begin. */
const BEGINNINGS = [
  { mimeType: 'image/png', bytes: '89504e47' },
  { mimeType: 'image/jpeg', bytes: 'ffd8ff' },
  { mimeType: 'image/gif', bytes: '47494638' },
  { mimeType: 'image/webp', bytes: '52494646' },
];

/** Types of files by their names, for those whose beginning says nothing. */
const BY_NAME: Readonly<Record<string, string>> = {
  '.heic': 'image/heic',
  '.heif': 'image/heif',
  '.avif': 'image/avif',
};

/** A reference image. */
export function readPicture(file: string): Part {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new Problem(`the image cannot be read: ${messageOf(error)}`);
  }
  const begins = bytes.subarray(0, 4).toString('hex');
  const mimeType =
    BEGINNINGS.find((row) => begins.startsWith(row.bytes))?.mimeType ??
    BY_NAME[extname(file).toLowerCase()];
  if (mimeType === undefined) throw new Problem(`${file} is no picture of a known type`);
  return { inlineData: { mimeType, data: bytes.toString('base64') } };
}

/** How pictures are saved. */
export interface SaveOptions {
  /** Overwrites what is there. */
  force?: boolean;
  /** A file that holds the very picture already is left as it is. */
  keep?: boolean;
  /** Whether the path ends with what its name says, or gets the ending of the type. Default: `given`. */
  ending?: 'given' | 'add';
}

/**
 * Saves pictures as `stem.png`, `stem-2.png` …; gives the paths. What is there stays, but for `force`.
 *
 * @param opened - The file of the first one.
 * @throws {Rescued} where one cannot be written; it and those behind it are kept elsewhere.
 */
export function savePictures(
  images: readonly GeneratedImage[],
  path: string,
  options: SaveOptions = {},
  opened?: Opened,
): string[] {
  const given = options.ending === 'add' ? '' : extname(path);
  const stem = given === '' ? path : path.slice(0, -given.length);
  const saved: string[] = [];
  for (const [index, image] of images.entries()) {
    try {
      if (index === 0 && opened !== undefined) {
        writeFile(opened, image.bytes());
        saved.push(opened.path);
      } else {
        const ending = given === '' ? suffix(image) : given;
        saved.push(saveUnique(image.bytes(), stem, ending, index + 1, options));
      }
    } catch (error) {
      const before = saved.length === 0 ? '' : `${saved.join(', ')} saved, but not all: `;
      throw rescuePictures(images.slice(index), `${before}${path}`, error);
    }
  }
  return saved;
}

/** Keeps pictures that were paid for where their place takes them not; gives the error to tell. */
export function rescuePictures(
  images: readonly GeneratedImage[],
  place: string,
  cause: unknown,
): ReturnType<typeof rescue> {
  const pictures = images.map((image) => ({ bytes: image.bytes(), ending: suffix(image) }));
  return rescue(pictures, place, cause);
}

function suffix({ mimeType }: GeneratedImage): string {
  return `.${endingOf(mimeType)}`;
}

/** A picture was paid for: where its name is taken it gets the next one. */
function saveUnique(
  bytes: Uint8Array,
  stem: string,
  ending: string,
  from: number,
  { force = false, keep = false }: SaveOptions,
): string {
  for (let number = from; ; number += 1) {
    const file = number === 1 ? `${stem}${ending}` : `${stem}-${number}${ending}`;
    try {
      makeFolder(dirname(resolve(file)));
      writeFile(openFile(file, force), bytes);
      return file;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || !existsSync(file)) throw error;
      if (keep && readFileSync(file).equals(bytes)) return file;
    }
  }
}
