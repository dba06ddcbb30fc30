/** The storage of a batch, for its journal and its pictures. */
import type { Batch } from '../wasm/bulk.js';

/** A picture on disk. */
export interface SavedFile {
  /** Its final name, below the folder of the pictures. */
  name: string;
  /** The name that it has until then. */
  temp: string;
  /** Its size in bytes. */
  size: number;
}

/** Whether a picture is found: under its final name, under the first alone, or not at all. */
export type Found = 'there' | 'unnamed' | 'missing';

export interface BatchStorage {
  /** Part of the first names of pictures, which tells other batches in the same folder apart. */
  readonly location: string;
  /** Reads what earlier runs wrote down. */
  restore(batch: Batch): Promise<void>;
  /** Writes lines down; resolves once they outlive a crash. */
  append(line: string): Promise<void>;
  /** Writes a picture under its first name; resolves once that outlives a crash. */
  save(temp: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Saves a byte as a picture is saved, and removes it. @throws where pictures cannot be saved. */
  probe(temp: string): Promise<void>;
  /** Gives a picture its final name; false where there is a file of that name. */
  name(file: SavedFile): Promise<boolean>;
  find(file: SavedFile): Promise<Found>;
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The name of a picture as the caller sees it. */
  path(name: string): string;
  close(): Promise<void>;
}

/** Called when another process has taken the journal over. */
export type OnTakenOver = () => void;
