/** Pictures on disk: read as references, saved without overwriting anything. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import type { GeneratedImage, Part } from '../index.js';
import { endingOf } from './names.js';
import { messageOf, Problem } from './problem.js';

/** The types of picture files by how they begin. */
const BEGINNINGS = [
  { mimeType: 'image/png', bytes: '89504e47' },
  { mimeType: 'image/jpeg', bytes: 'ffd8ff' },
  { mimeType: 'image/gif', bytes: '47494638' },
  { mimeType: 'image/webp', bytes: '52494646' },
];

/** What files are called by their names, where their beginning says nothing. */
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

/** Saves pictures as `stem.png`, `stem-2.png` …; gives the paths. What is there stays, but for `force`. */
export function savePictures(
  images: readonly GeneratedImage[],
  path: string,
  options: SaveOptions = {},
): string[] {
  const given = options.ending === 'add' ? '' : extname(path);
  const stem = given === '' ? path : path.slice(0, -given.length);
  return images.map((image, index) => {
    const ending = given === '' ? `.${endingOf(image.mimeType)}` : given;
    return saveUnique(image.bytes(), stem, ending, index + 1, options);
  });
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
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes, { flag: force ? 'w' : 'wx' });
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !existsSync(file)) throw error;
      if (keep && readFileSync(file).equals(bytes)) return file;
    }
  }
}

/** Refuses a name that is taken, before anything is paid for. */
export function checkFree(path: string, force: boolean): void {
  if (!force && existsSync(path)) {
    throw new Problem(`${path} exists: take another name, or --force to overwrite it`);
  }
  const folder = dirname(path);
  if (!existsSync(folder)) throw new Problem(`there is no folder ${folder}`);
}
