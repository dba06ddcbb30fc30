/**
 * Checks the crates with cargo-deny, by `deny.toml`: `npm run deny`. Known faults are looked up in a
 * database that it fetches; `npm run deny -- licenses bans sources` does without.
 */
import { main, Problem, run, which } from './shell.mjs';

await main(import.meta, async (checks) => {
  if (which('cargo-deny') === undefined) {
    throw new Problem(
      'cargo-deny is missing: cargo install cargo-deny --locked, then run this again.',
    );
  }
  await run('cargo', ['deny', 'check', ...checks]);
});
