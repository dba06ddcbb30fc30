/** Runs every contestant in every storm, some seeds of each, and turns what comes into rows. */
import { reason } from '../reason.mjs';
import { scene } from '../scene.mjs';
import { CONTESTANTS } from './contestants.mjs';
import { STORMS } from './storms.mjs';

/** Enough for a median: jitter, travel and pictures differ by seed. */
const SEEDS = 20;
const NOTHING = new Error('no picture');

/** One row a storm and contestant, in that order. */
export async function summaries() {
  const acts = new Map();
  for (const { name, make } of CONTESTANTS) acts.set(name, await make());
  const rows = [];
  for (const { title, service } of STORMS) {
    for (const [name, act] of acts) {
      const runs = [];
      for (let seed = 1; seed <= SEEDS; seed += 1) runs.push(await scene({ service, seed }, act));
      rows.push({ title, name, ...summary(runs) });
    }
  }
  return rows;
}

function summary(runs) {
  const made = runs.filter(({ result }) => result === true);
  const failed = runs.filter(({ result }) => result !== true);
  return {
    seeds: runs.length,
    delivered: made.length,
    time: median(made.map(({ time }) => time)),
    longest: made.length > 0 ? Math.max(...made.map(({ time }) => time)) : undefined,
    failedAfter: median(failed.map(({ time }) => time)),
    error: failed.length > 0 ? reason(failed[0].error ?? NOTHING) : undefined,
    requests: median(runs.map(({ requests }) => requests)),
  };
}

/** The lower one of two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1];
}
