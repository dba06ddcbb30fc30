/** Turns cells into rows: means over disciplines and seeds, and whether a budget is kept. */
import { labelOf, OURS } from './contestants.mjs';
import { situation } from './situations.mjs';

const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => (values.length > 0 ? sum(values) / values.length : undefined);
/** JSON knows no infinity: it makes nothing of what never came. */
const never = (value) => value ?? Number.POSITIVE_INFINITY;
const most = (values) => (values.length > 0 ? Math.max(...values) : undefined);

/** The value below which so much of them lies. */
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1];
}

/** One row: a contestant in a situation. */
export function summarize(cells) {
  const [{ id, name }] = cells;
  const one = situation(id);
  const problem = cells.find((cell) => cell.problem !== undefined)?.problem;
  const row = { id, name: labelOf(name), problem };
  if (problem !== undefined) return name === OURS ? { ...row, over: true } : row;
  const pictures = sum(cells.map(({ delivered }) => delivered));
  const ratios = cells.flatMap(({ time, best }) => (time && best ? [time / best] : []));
  Object.assign(row, {
    delivered: one.pictures > 0 ? pictures / sum(cells.map(({ wanted }) => wanted)) : undefined,
    ratio: mean(ratios),
    worst: most(ratios),
    rejected: pictures > 0 ? sum(cells.map(({ rejected }) => rejected)) / pictures : undefined,
    wait: quantile(
      cells.flatMap((cell) => cell.waits.map(never)),
      0.95,
    ),
    settled: most(cells.map(({ settled }) => never(settled))),
    requests: most(cells.map(({ requests }) => requests)),
  });
  if (name === OURS) {
    row.budgets = one.budgets;
    row.over = !one.budgets.some((budget) => keeps(row, budget));
  }
  return row;
}

/** Whether a row keeps a budget: all of it at most, but what is delivered at least. */
function keeps(row, budget) {
  return Object.entries(budget).every(([what, bound]) =>
    what === 'delivered' ? row[what] >= bound : row[what] <= bound,
  );
}

/** All rows, in the order of the cells. */
export function summaries(cells) {
  const groups = new Map();
  for (const cell of cells) {
    const key = `${cell.id} ${cell.name}`;
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups.values()].map(summarize);
}
