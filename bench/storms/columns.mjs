/** The columns of the table: a head, and the text of a row. */
export const seconds = (ms) => (ms === undefined ? '' : `${(ms / 1000).toFixed(0)} s`);
export const share = ({ delivered, seeds }) => `${delivered} of ${seeds}`;

export const COLUMNS = [
  ['', ({ name }) => `  ${name}`],
  ['delivered', share],
  ['time', ({ time }) => seconds(time)],
  ['longest', ({ longest }) => seconds(longest)],
  ['fails after', ({ failedAfter }) => seconds(failedAfter)],
  ['with', ({ error }) => error ?? ''],
  ['requests', ({ requests }) => String(requests)],
];
