/** Turns measurements into rows of the table. */

/**
 * One row a contestant: what was measured, what it adds to the first contestant, and how that
 * compares with what `to` adds.
 * @param budgets the highest ratio, by contestant
 */
export function added(results, { to, unit, budgets = {} }) {
  const [[, base]] = Object.entries(results);
  const extra = (name) => results[name].least - base.least;
  return Object.entries(results).map(([name, { least, spread }], index) => ({
    name,
    unit,
    measured: least,
    adds: index === 0 ? undefined : extra(name),
    ratio: index === 0 ? undefined : extra(name) / extra(to),
    budget: budgets[name],
    spread,
  }));
}

/** One row a contestant: what was measured, and how it compares with what `to` measures. */
export function whole(results, { to, unit, budgets = {} }) {
  return Object.entries(results).map(([name, { least, spread }]) => ({
    name,
    unit,
    measured: least,
    ratio: least / results[to].least,
    budget: budgets[name],
    spread,
  }));
}
