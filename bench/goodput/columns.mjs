/** The columns of the table: a head, and the text of a row. */
/** Characters of a problem. */
const LONGEST = 60;

const percent = (value) => (value === undefined ? '' : `${(value * 100).toFixed(0)} %`);
/** In brackets where pictures are missing: the last one came early, since others never came. */
function ratio(value, { delivered }) {
  if (value === undefined) return '';
  return delivered < 1 ? `(${value.toFixed(3)})` : value.toFixed(3);
}
const share = (value) => (value === undefined ? '' : value.toFixed(2));
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** The result that the last two situations measure instead of a ratio. */
function also({ wait, settled, requests, delivered }) {
  if (wait !== undefined) return `p95 ${seconds(wait)}`;
  if (delivered === undefined) return `${requests} requests, ${seconds(settled)}`;
  return '';
}

function allowed({ ratio: most, rejected, wait, settled, requests }) {
  if (wait !== undefined) return `≤ ${seconds(wait)}`;
  if (settled !== undefined) return `≤ ${requests}, ≤ ${seconds(settled)}`;
  return `≤ ${share(most)}, ≤ ${share(rejected)}`;
}

function budget({ budgets, over }) {
  if (budgets === undefined) return '';
  return `${budgets.map(allowed).join(' or ')}${over ? ' OVER' : '     '}`;
}

export const COLUMNS = [
  [
    '',
    ({ name, problem }) =>
      `  ${name}${problem === undefined ? '' : `: ${problem.slice(0, LONGEST)}`}`,
  ],
  ['delivered', ({ delivered }) => percent(delivered)],
  ['ratio', (row) => ratio(row.ratio, row)],
  ['worst', (row) => ratio(row.worst, row)],
  ['rejected', ({ rejected }) => share(rejected)],
  ['', (row) => (row.problem === undefined ? also(row) : '')],
  ['budget', budget],
];
