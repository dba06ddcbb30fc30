/** The opening of a batch: its options are checked, and its storage is opened. */
import { builtin } from '../base/builtin.js';
import type { BatchOptions } from '../batch-types.js';
import { GenerateError } from '../errors.js';
import type { BatchStorage } from './storage.js';

/**
 * Refuses options that do not go together, or not in this runtime.
 *
 * @param isRead - Whether something becomes of pictures that are not kept.
 * @throws `TypeError`
 */
export function checkOptions(options: BatchOptions, isRead: boolean): void {
  const { journal, out, route = 'realtime' } = options;
  if (!isRead && journal === undefined && out === undefined) {
    throw new TypeError(
      'unexhausted: nobody reads this batch, and it has no `journal` and no `out`: its pictures would be lost',
    );
  }
  if (out !== undefined && !hasFiles()) {
    throw new TypeError('unexhausted: `out` is a folder, and here are none; take `journal`');
  }
  if (route !== 'realtime' && journal === undefined) {
    throw new TypeError(
      `unexhausted: the route \`${route}\` needs a \`journal\`: a job goes on for hours, and must be found again`,
    );
  }
}

/** Opens the storage that the options name, if any. */
export async function openStorage(
  { journal, out }: BatchOptions,
  onTakenOver: () => void,
): Promise<BatchStorage | undefined> {
  if (hasFiles()) {
    if (journal === undefined && out === undefined) return undefined;
    const { FolderStorage } = await import('./folder-storage.js');
    return FolderStorage.open(journal, out, onTakenOver);
  }
  if (journal === undefined) return undefined;
  const { DatabaseStorage } = await import('./database-storage.js');
  return DatabaseStorage.open(journal, onTakenOver);
}

/** Names the journal in the error where it cannot be read or written. */
export async function namingJournal(
  journal: string | undefined,
  work: Promise<void>,
): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (cause instanceof GenerateError) throw cause;
    const said = typeof cause === 'string' ? cause : (cause as Error).message;
    throw new Error(`unexhausted: ${journal}: ${said}`, { cause });
  }
}

function hasFiles(): boolean {
  return builtin('node:fs') !== undefined;
}
