/**
 * Runs the suites: all of them, those that are named (`npm test -- native js`), or with `--quick` those
 * that take seconds, without what is slow in them. One that fails does not stop the others. The end
 * lists each with its time; the last line counts them.
 */
import { build } from './build.mjs';
import { ensure, missing } from './setup.mjs';
import { main, Problem, say } from './shell.mjs';
import { cleanUp, QUICK, SUITES } from './suites.mjs';

/** On a build server a suite that could not run proves nothing, so there it counts as failed. */
const STRICT = process.env.CI === 'true';

async function runSuite({ name, needs = [], wishes = [], run }) {
  const started = Date.now();
  const done = (result, reason) => ({
    name,
    result,
    reason,
    seconds: (Date.now() - started) / 1000,
  });
  process.stdout.write(`\n=== ${name}\n`);
  try {
    await ensure(needs);
    if (needs.includes('tests')) await build();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(`${name} cannot run: ${error.message}`);
    return done(STRICT ? 'failed' : 'skipped', error.message);
  }
  try {
    await ensure(wishes);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(`the tests of ${name} that use ${wishes.join(', ')} cannot run: ${error.message}`);
  }
  try {
    await run();
    return done('passed');
  } catch (error) {
    say(`${name} failed: ${error instanceof Problem ? error.message : error.stack}`);
    return done('failed', error.message);
  }
}

/** The same suite without what is slow; what it only wishes for is not installed. */
const quick = (suite) => ({ ...suite, run: suite.quick ?? suite.run, wishes: [] });

function summarize(results) {
  const lines = results.map(({ name, result, reason, seconds }) => {
    const time = `${seconds.toFixed(1)} s`.padStart(9);
    const why = reason === undefined ? '' : `  ${reason.split('\n')[0]}`;
    return `${name.padEnd(14)}${result.padEnd(8)}${time}${why}`;
  });
  const count = (wanted) => results.filter(({ result }) => result === wanted).length;
  const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
  const total = `${count('passed')} passed, ${count('failed')} failed${skipped}`;
  process.stdout.write(`\n=== summary\n${lines.join('\n')}\n\n${total}\n`);
}

await main(import.meta, async (args) => {
  const isQuick = args.includes('--quick');
  const named = args.filter((arg) => arg !== '--quick');
  const wanted = isQuick && named.length === 0 ? QUICK : named;
  const names = SUITES.map(({ name }) => name);
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new Problem(`no such suite: ${unknown.join(', ')}. There are: ${names.join(', ')}`);
  }
  const suites = SUITES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const chosen = isQuick ? suites.map(quick) : suites;
  const all = chosen.flatMap(({ needs = [], wishes = [] }) => [...needs, ...wishes]);
  const installs = missing(all);
  if (installs.length > 0) {
    say(['this is going to install:', ...installs.map((what) => `  ${what}`)].join('\n'));
  }
  const results = [];
  for (const suite of chosen) results.push(await runSuite(suite));
  cleanUp();
  summarize(results);
  if (results.some(({ result }) => result === 'failed')) process.exitCode = 1;
});
