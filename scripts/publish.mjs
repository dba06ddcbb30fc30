/** Runs before npm publishes: one field is filled in only then, since there is no address yet. */
import { main, Problem, readJson } from './shell.mjs';

await main(import.meta, async () => {
  if (
    readJson('package.json').repository === undefined &&
    process.env.npm_config_dry_run !== 'true'
  ) {
    throw new Problem(
      'package.json has no `repository`: fill it in ("github:owner/name"); npm makes `homepage` and `bugs` of it.',
    );
  }
});
