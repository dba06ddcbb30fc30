/** The module of batches, their journal and jobs. */
import { Side } from '../module/lazy-module.js';

/** @internal */
export const bulk: Side<typeof import('../wasm/bulk.js')> = new Side(
  'bulk',
  () => import('../wasm/bulk.js'),
);
