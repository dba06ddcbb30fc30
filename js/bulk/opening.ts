/** The opening of a batch: its options, its storage and its jobs. */
import { builtin } from '../base/builtin.js';
import type { BatchOptions } from '../batch-types.js';
import { GenerateError } from '../errors.js';
import type { BatchCore } from './core.js';
import type { DurableStorage } from './durable-storage.js';
import type { JobItems, JobItemsHost } from './job-items.js';
import type { JobMaker } from './maker.js';
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

/** The items that jobs make, those of earlier runs included; absent where there are no jobs. */
export async function openJobs(
  maker: JobMaker,
  options: BatchOptions,
  deadline: Date | undefined,
  core: BatchCore,
  storage: DurableStorage,
  host: JobItemsHost,
): Promise<JobItems | undefined> {
  const left = core.jobs();
  if ((options.route ?? 'realtime') === 'realtime' && left.length === 0) return undefined;
  const { JobItems } = await import('./job-items.js');
  return new JobItems(maker, options, deadline, core, storage, left, host);
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
