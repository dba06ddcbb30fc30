/** Prints the table. Sections with columns of their own make a part of it with its own head. */

/** Whether a row is over its budget: a ratio's, or a limit to what is added or measured. */
export function isOver({ over, ratio, budget, limit, adds, measured }) {
  if (over !== undefined) return over;
  if (limit !== undefined) return (adds ?? measured) > limit;
  return budget !== undefined && ratio > budget;
}

export function table(sections) {
  const parts = [];
  for (const { columns = COLUMNS, title, rows } of sections) {
    if (parts.at(-1)?.columns !== columns) parts.push({ columns, lines: [headOf(columns)] });
    const cells = (row) => columns.map(([, cell]) => cell(row));
    parts.at(-1).lines.push([], [title], ...rows.map(cells));
  }
  return parts.map(aligned).join('\n\n');
}

const headOf = (columns) => columns.map(([head]) => head);

function aligned({ columns, lines }) {
  const body = lines.filter((line) => line.length > 1);
  const widths = columns.map((_, column) => Math.max(...body.map((line) => line[column].length)));
  const pad = (cell, column) =>
    column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  return lines
    .map((line) => (line.length > 1 ? line.map(pad).join('  ') : line.join('')))
    .join('\n');
}

function allowance(row) {
  const { unit, budget, limit } = row;
  const allowed = limit === undefined ? budget?.toFixed(2) : `${limit} ${unit}`;
  const over = isOver(row) ? ' OVER' : '';
  return allowed === undefined ? '' : `≤ ${allowed}${over.padEnd(5)}`;
}

const digits = (value) => value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);

/** The columns of most sections: a head, and the text of a row. */
const COLUMNS = [
  ['', ({ name }) => `  ${name}`],
  ['measured', ({ measured, unit }) => `${digits(measured)} ${unit.padEnd(3)}`],
  ['adds', ({ adds }) => (adds === undefined ? '' : digits(adds))],
  ['ratio', ({ ratio }) => (ratio === undefined ? '' : ratio.toFixed(2))],
  ['budget', allowance],
  ['spread', ({ spread }) => (spread === undefined ? '' : `${(spread * 100).toFixed(0)} %`)],
];
