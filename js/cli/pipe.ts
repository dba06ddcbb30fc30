/** A reader that has left, as `head` does: what is asked for has no more use. */
import { EXIT } from './exit.js';

let stop: (() => void) | undefined;

/** Who has something to finish when nobody reads any more; without one the process ends. */
export function whenClosed(listener: () => void): void {
  stop = listener;
}

/** Ends quietly, once, where stdout is closed by its reader. */
export function onClosedPipe(): void {
  let finishing = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    // Later writes fail again while something is finished.
    if (finishing) return;
    if (stop === undefined) process.exit(EXIT.ok);
    finishing = true;
    stop();
  });
  // Nothing can be told where stderr is gone; the work goes on.
  process.stderr.on('error', () => {});
}
