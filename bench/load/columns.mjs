/** The columns of the table: a head, and the text of a row. */
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const count = (requests) => (requests === undefined ? '' : requests.toFixed(1));
/** In brackets where pictures are missing: the time of the others says little. */
const share = (text, { made }, { wanted }) =>
  made === wanted ? text : `(${text}, ${made} of ${wanted})`;

function ratio(row, way) {
  const ours = row.ours[way];
  return ours === undefined ? '' : share(ours.ratio.toFixed(2), ours, row);
}

/** The time allowed for letting a crowd in is shown where the ratio alone is too high. */
function budget({ most, letIn, needsLetIn, over }) {
  const more = needsLetIn && letIn > 0 ? ` + ${letIn / 1000} s` : '';
  return `≤ ${most.toFixed(2)}${more}${over ? ' OVER' : '     '}`;
}

export const COLUMNS = [
  ['', ({ name }) => `  ${name}`],
  ['the loop', (row) => share(seconds(row.loop.time), row.loop, row)],
  ['requests', ({ loop }) => count(loop.requests)],
  ['drop-in', (row) => ratio(row, 'dropIn')],
  ['requests', ({ ours }) => count(ours.dropIn?.requests)],
  ['generate', (row) => ratio(row, 'generate')],
  ['requests', ({ ours }) => count(ours.generate?.requests)],
  ['background', (row) => ratio(row, 'background')],
  ['requests', ({ ours }) => count(ours.background?.requests)],
  ['budget', budget],
];
