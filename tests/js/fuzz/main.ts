/**
 * Runs one fuzzer: `main.ts NAME SEED COUNT`. What fails is told with its seed, and with its stack where
 * it is one case; on the way it tells how far it is.
 */
import { answers } from './answers.ts';
import { canaries } from './canaries.ts';
import { errors } from './errors.ts';
import { type Fuzz, runAll } from './fuzz.ts';
import { journals } from './journals.ts';
import { states } from './states.ts';

const FUZZERS: readonly Fuzz[] = [answers, journals, states, errors, canaries];

const [name, seed, count] = process.argv.slice(2);
const fuzz = FUZZERS.find((one) => one.name === name);
if (fuzz === undefined) throw new Error(`there is no fuzzer ${name}`);
// Stacks of a million errors that are made to be thrown take a third of the time.
if (count !== '1') Error.stackTraceLimit = 2;
try {
  await runAll(fuzz, Number(seed), Number(count), (at) => console.log(`at ${at}`));
  console.log(`${name}: ${count} cases from seed ${seed}. ${fuzz.figures?.() ?? ''}`.trim());
  process.exit(0);
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
  if (count === '1') console.log(error);
  process.exit(1);
}
