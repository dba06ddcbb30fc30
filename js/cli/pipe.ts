/** Stdout that goes to another program, which may leave as `head` does, or to a file. */
import { fstatSync } from 'node:fs';
import { writeAll } from './disk.js';
import { EXIT } from './exit.js';
import { messageOf } from './problem.js';

let stop: (() => void) | undefined;
/** Whether whoever writes is told of what fails, and sees to it. */
let isSeenTo = false;

/** Sets what is called when the reader of stdout has gone; without that the process ends. */
export function whenClosed(listener: () => void): void {
  stop = listener;
}

/** Ends quietly, once, where stdout is closed by its reader. */
export function onClosedPipe(): void {
  let finishing = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Later writes fail again while something is finished.
    if (isSeenTo || finishing) return;
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') {
      process.stderr.write(`error: stdout takes no more: ${messageOf(error)}\n`);
      process.exit(EXIT.failed);
    }
    if (stop === undefined) process.exit(EXIT.ok);
    finishing = true;
    stop();
  });
  // Nothing can be told where stderr is gone; the work goes on.
  process.stderr.on('error', () => {});
}

/** Writes all of it to stdout. @throws where the reader has left, or the disk behind it is full. */
export function writeOut(bytes: Uint8Array): Promise<void> {
  isSeenTo = true;
  return new Promise((resolve, reject) => {
    const { fd } = process.stdout;
    const kind = fstatSync(fd);
    if (kind.isFile() || kind.isCharacterDevice()) {
      // Node's stream of a file takes a write of a part for one of the whole.
      writeAll(fd, bytes);
      resolve();
    } else {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    }
  });
}
