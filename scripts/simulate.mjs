/**
 * Runs the simulation for as many virtual hours as one likes, from a seed on:
 * `npm run simulate -- --hours 5000 --seed 7`. A seed that breaks a rule is printed with the rule;
 * `--show` prints everything that happens with that one seed. Beside the scenarios, 10,000 calls over
 * chains are held against the same calls over each of their models alone.
 */
import { main, Problem, run } from './shell.mjs';

const DOMINANCE = 'dominance::a_chain_is_never_weaker_than_its_parts';

const USAGE = 'npm run simulate -- [--hours N] [--seed S] [--bias clean|shared|none] [--show]';

await main(import.meta, async (args) => {
  const env = { HOURS: '1000', SEED: '1', SCRIPTS: '10000' };
  const rest = [...args];
  while (rest.length > 0) {
    const name = rest.shift();
    if (name === '--show') {
      env.SHOW = '1';
    } else if (name === '--bias') {
      env.BIAS = rest.shift() ?? '';
    } else if (name === '--hours' || name === '--seed') {
      const value = rest.shift() ?? '';
      if (!/^\d+$/.test(value)) throw new Problem(`${name} takes a whole number. ${USAGE}`);
      env[name.slice(2).toUpperCase()] = value;
    } else {
      throw new Problem(`no such option: ${name}. ${USAGE}`);
    }
  }
  if (env.SHOW !== undefined) env.SEEDS = `${env.SEED}..${env.SEED}`;
  // One scenario that is looked at is not followed by a thousand chains.
  const tests = ['trials::long_run', ...(env.SHOW === undefined ? [DOMINANCE] : [])];
  const filter = [
    '--',
    '--exact',
    '--include-ignored',
    '--nocapture',
    '--test-threads=1',
    ...tests,
  ];
  await run('cargo', ['test', '--locked', '--release', '--test', 'simulation', ...filter], {
    env,
    out: 1,
  });
});
