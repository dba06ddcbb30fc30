/** What the client's own type does not have yet. */
import type { Jobs } from '../index.js';

declare module '../client.js' {
  interface Client {
    readonly jobs: Jobs;
  }
}
