/** The guide's module. */
import { LazyModule } from '../module/lazy-module.js';

/** @internal */
export const guide: LazyModule<typeof import('../wasm/guide.js')> = new LazyModule(
  'guide',
  () => import('../wasm/guide.js'),
);

/** Asks the guide; what it refuses is a `TypeError`. @internal */
export async function ask<T>(
  what: 'plan' | 'models' | 'diagnose' | 'limits' | 'peakWindows',
  about: unknown,
): Promise<T> {
  const glue = await guide.load();
  return guide.run(glue, () => JSON.parse(glue[what](JSON.stringify(about) ?? 'null')));
}
