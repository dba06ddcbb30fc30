/** A reader that has left, as `head` does: what is asked for has no more use. */
import { EXIT } from './exit.js';
import type { Screen } from './screen.js';

let stop: (() => void) | undefined;

/** Who has something to finish when nobody reads any more; without one the process ends. */
export function whenClosed(listener: () => void): void {
  stop = listener;
}

/** Ends quietly, once, where a stream is closed by its reader. */
export function onClosed(screen: Screen): void {
  const closed = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    const finish = stop;
    stop = undefined;
    if (finish !== undefined) finish();
    // Later writes fail again while something is finished.
    else if (!finishing) process.exit(EXIT.ok);
    finishing = true;
  };
  let finishing = false;
  process.stdout.on('error', closed);
  // Nothing can be told where stderr is gone; the work goes on.
  process.stderr.on('error', () => screen.settle());
}
