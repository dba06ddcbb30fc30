/** The sections of the benchmark's table, one an order of calls. */
import { inChild } from '../child.mjs';
import { COLUMNS } from './columns.mjs';
import { ORDERS } from './orders.mjs';

export const LOAD_SECTIONS = ORDERS.map(({ title }, index) => ({
  title: `Bare 429s for load, no limit: ${title} (ratio: of the loop's time)`,
  columns: COLUMNS,
  rows: () => inChild('load/run.mjs', '--order', index + 1, '--json'),
}));
