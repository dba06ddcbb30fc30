/** Prints the table. */
const HEAD = ['', 'measured', 'adds', 'ratio', 'budget', 'spread'];

/** Whether a row is over its budget: a ratio's, or a limit to what is added or measured. */
export function isOver({ ratio, budget, limit, adds, measured }) {
  if (limit !== undefined) return (adds ?? measured) > limit;
  return budget !== undefined && ratio > budget;
}

export function table(sections) {
  const lines = [HEAD];
  for (const { title, rows } of sections) {
    lines.push([], [title], ...rows.map(cells));
  }
  const body = lines.filter((line) => line.length > 1);
  const widths = HEAD.map((_, column) => Math.max(...body.map((line) => line[column].length)));
  const pad = (cell, column) =>
    column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  return lines
    .map((line) => (line.length > 1 ? line.map(pad).join('  ') : line.join('')))
    .join('\n');
}

function cells(row) {
  const { name, unit, measured, adds, ratio, budget, limit, spread } = row;
  const allowed = limit === undefined ? budget?.toFixed(2) : `${limit} ${unit}`;
  const over = isOver(row) ? ' OVER' : '';
  return [
    `  ${name}`,
    `${digits(measured)} ${unit.padEnd(3)}`,
    adds === undefined ? '' : digits(adds),
    ratio === undefined ? '' : ratio.toFixed(2),
    allowed === undefined ? '' : `≤ ${allowed}${over.padEnd(5)}`,
    spread === undefined ? '' : `${(spread * 100).toFixed(0)} %`,
  ];
}

const digits = (value) => value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);
