/** The module of batches, their journal and jobs. */
import { LazyModule } from '../module/lazy-module.js';

/** @internal */
export const bulk: LazyModule<typeof import('../wasm/bulk.js')> = new LazyModule(
  'bulk',
  () => import('../wasm/bulk.js'),
);
