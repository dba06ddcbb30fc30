/** Ctrl-C: once to come to an end, twice to stop now. */
import { EXIT } from './exit.js';

/** The listeners of a command for Ctrl-C, `kill` and a closed terminal. */
export interface Interrupts {
  /** The first time. */
  once(): void;
  /** The second time; where it is absent, and the third time, the process ends. */
  twice?(): void;
}

/** Listens until the function that it gives is called. */
export function onInterrupt({ once, twice }: Interrupts): () => void {
  let times = 0;
  const listener = () => {
    times += 1;
    if (times === 1) once();
    else if (times === 2 && twice !== undefined) twice();
    else process.exit(EXIT.interrupted);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
