/** The tables of `docs/drop-in.md`: a short one, and all that was measured. */
import { COLUMNS, seconds, share } from './columns.mjs';
import { CONTESTANTS } from './contestants.mjs';

const line = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) =>
  [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');

const SOON = 1_000;
const failed = (ms) => `fails ${ms < SOON ? 'at once' : `after ${seconds(ms)}`}`;

/** A storm a row, a contestant a column: the time of the picture, or that there is none. */
export function short(rows) {
  const cell = (row) => {
    if (row.delivered === row.seeds) return seconds(row.time);
    if (row.delivered === 0) return failed(row.failedAfter);
    return `${share(row)}, ${seconds(row.time)}`;
  };
  const titles = [...new Set(rows.map(({ title }) => title))];
  return table(
    ['', ...CONTESTANTS.map(({ head }) => head)],
    titles.map((title) => [title, ...rows.filter((row) => row.title === title).map(cell)]),
  );
}

/** A row each. */
export function long(rows) {
  const [, ...columns] = COLUMNS;
  return table(
    ['', '', ...columns.map(([head]) => head)],
    rows.map((row) => [row.title, row.name, ...columns.map(([, cell]) => cell(row))]),
  );
}
