/** Runs the ways of an order in every trouble, and turns what comes of the seeds into rows. */
import { unexhausted } from '../goodput/packages.mjs';
import { scene } from '../scene.mjs';
import { TROUBLES } from './troubles.mjs';

const SEEDS = 3;
/** The highest ratio that counts as no longer than the loop. */
const MOST = 1.3;

/** One row a trouble: the loop's numbers, and for each way the ratio to its time. */
export async function summaries({ calls, letIn, ways }) {
  const exports = await unexhausted();
  // Loading takes time of the real clock.
  await exports.ready();
  const rows = [];
  for (const { name, service } of TROUBLES) {
    const went = {};
    for (const [way, run] of Object.entries(ways)) {
      went[way] = await means(service, (one) => run(one, exports, calls));
    }
    rows.push(rowOf({ name, wanted: calls * SEEDS, most: MOST, letIn }, went));
  }
  return rows;
}

/** Pictures of all seeds; milliseconds and requests of one. */
async function means(service, act) {
  const total = { made: 0, time: 0, requests: 0 };
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { result = 0, time, requests } = await scene({ service, seed }, act);
    total.made += result;
    total.time += time / SEEDS;
    total.requests += requests / SEEDS;
  }
  return total;
}

function rowOf(row, { loop, ...others }) {
  const compared = Object.entries(others).map(([way, went]) => [
    way,
    { ...went, ratio: went.time / loop.time },
  ]);
  const ours = Object.fromEntries(compared);
  const each = Object.values(ours);
  const bound = loop.time * row.most + row.letIn;
  return {
    ...row,
    loop,
    ours,
    // Whether it takes what letting a crowd in costs to keep the budget.
    needsLetIn: each.some(({ ratio }) => ratio > row.most),
    over: each.some(({ time, made }) => time > bound || made < loop.made),
  };
}
