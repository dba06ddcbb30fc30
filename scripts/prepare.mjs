/**
 * Runs after npm has installed or linked a clone, and before it packs one, so that there is no package
 * without its code. It is quick where `pkg/` is up to date.
 */
import { build } from './build.mjs';
import { main } from './shell.mjs';

await main(import.meta, async () => {
  // Our own scripts install before they build, and the build may be what is installing.
  if (process.env.UNEXHAUSTED_SETUP === undefined) await build();
});
