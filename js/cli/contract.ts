/** What the client's own type does not have yet. */
import type { BatchOptions, BatchRun, BatchSource, Jobs } from '../index.js';

declare module '../client.js' {
  interface Client {
    batch(requests: BatchSource, options?: BatchOptions): BatchRun;
    readonly jobs: Jobs;
  }
}
