/**
 * Feeds the package what nobody should send, from a seed on:
 * `npm run fuzz -- --count 1000000 --seed 7 --only answers`. What fails is printed with its seed and
 * with the command that does it again.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { ensureNpm } from './setup.mjs';
import { environment, HOOK, main, Problem, ROOT, run, say } from './shell.mjs';

const USAGE = 'npm run fuzz -- [--count N] [--seed S] [--only NAME]';

const js = (name) => [process.execPath, ...HOOK, 'tests/js/fuzz/main.ts', name];
const native = (crate, test) => [
  'cargo',
  ...['test', '--locked', '-p', crate, '--test', 'fuzz', test, '--', '--exact', '--nocapture'],
];

/**
 * Answers, journals, states of stores and errors: through the built package, and the last three also
 * through the crates alone, which is a hundred times as fast. `share` is how many of the cases run
 * where each is a batch on a disk, or a crowd of calls.
 */
const FUZZERS = [
  // Mistakes that are made on purpose, each of which its check finds.
  { name: 'canaries', command: js('canaries'), share: 0 },
  { name: 'answers', command: js('answers') },
  { name: 'errors', command: js('errors') },
  { name: 'states', command: js('states'), share: 0.1 },
  { name: 'journals', command: js('journals'), share: 0.1 },
  { name: 'errors-native', command: native('unexhausted', 'errors') },
  { name: 'states-native', command: native('unexhausted', 'states') },
  { name: 'journals-native', command: native('unexhausted-bulk', 'journals') },
];

/** A process runs so many cases at most: what a million of them leave behind is not looked at here. */
const SLICE = 10_000;

/** A case that waits for a year takes a minute and a half; who is silent for so long, in ms, never ends. */
const SILENCE = 600_000;

/** Runs so many cases of each fuzzer, or of one. */
export async function fuzz({ count, seed, only }) {
  const chosen = FUZZERS.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) {
    throw new Problem(`no such fuzzer: ${only}. There are ${FUZZERS.map(({ name }) => name)}.`);
  }
  await ensureNpm('tests');
  await build();
  const crates = ['-p', 'unexhausted', '-p', 'unexhausted-bulk', '--test', 'fuzz', '--no-run'];
  await run('cargo', ['test', '--locked', ...crates], { quiet: true });
  const slices = chosen.flatMap((fuzzer) => {
    // One case that is asked for by its seed is run.
    const cases = only === undefined ? Math.max(1, Math.ceil(count * (fuzzer.share ?? 1))) : count;
    const starts = Array.from({ length: Math.ceil(cases / SLICE) }, (_, index) => index * SLICE);
    return starts.map((from) => [fuzzer, seed + from, Math.min(SLICE, cases - from)]);
  });
  say(`fuzz: ${count} cases of each from seed ${seed}`);
  const failures = [];
  const work = async () => {
    for (let slice = slices.shift(); slice !== undefined; slice = slices.shift()) {
      const failure = await runSlice(...slice);
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  if (failures.length > 0) throw new Problem(failures.join('\n'));
}

/** Runs some cases; gives what to type to see a failure again. */
function runSlice({ name, command: [program, ...args] }, seed, count) {
  const isNative = program === 'cargo';
  const env = isNative
    ? { FUZZ_SEED: String(seed), FUZZ_COUNT: String(count), RUST_BACKTRACE: '0' }
    : {};
  const child = spawn(program, isNative ? args : [...args, String(seed), String(count)], {
    cwd: ROOT,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let reached = seed;
  let silence;
  const hear = (text) => {
    clearTimeout(silence);
    // The crates see to it themselves.
    if (!isNative) silence = setTimeout(() => child.kill('SIGKILL'), SILENCE);
    for (const line of text.split('\n')) {
      const at = /^at (\d+)$/.exec(line);
      if (at !== null) reached = Number(at[1]);
      else if (line !== '') output += `${line}\n`;
    }
  };
  hear('');
  child.stdout.setEncoding('utf8').on('data', hear);
  child.stderr.setEncoding('utf8').on('data', hear);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(silence);
      const told = output.split('\n').filter((line) => line.startsWith(`${name}: `));
      if (code === 0 && told.length > 0) {
        process.stdout.write(`${told.join('\n')}\n`);
        resolve(undefined);
        return;
      }
      if (signal !== null) output += `it hangs, or was killed, in a case from ${reached} on\n`;
      say(`${name} fails:\n${output.trimEnd()}`);
      const found = /seed (\d+)/.exec(output)?.[1] ?? reached;
      resolve(`again: npm run fuzz -- --only ${name} --seed ${found} --count 1`);
    });
  });
}

await main(import.meta, async (args) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const options = {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(seed) },
    only: { type: 'string' },
  };
  await fuzz(read(args, options));
});

function read(args, options) {
  try {
    const { count, seed, only } = parseArgs({ args, options }).values;
    for (const [name, value] of Object.entries({ count, seed })) {
      if (!/^\d+$/.test(value)) throw new Error(`--${name} takes a whole number.`);
    }
    return { count: Number(count), seed: Number(seed), only };
  } catch (error) {
    throw new Problem(`${error.message} ${USAGE}`);
  }
}
