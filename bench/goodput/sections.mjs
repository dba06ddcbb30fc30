/** The sections of the benchmark's table, one a situation. */
import { inChild } from '../child.mjs';
import { COLUMNS } from './columns.mjs';
import { SITUATIONS } from './situations.mjs';

async function rowsOf(id) {
  const { rows } = await inChild('goodput/run.mjs', '--rows', id, '--json');
  return rows;
}

export const GOODPUT = SITUATIONS.map(({ id, title }) => ({
  title: `Goodput ${id}: ${title}`,
  columns: COLUMNS,
  rows: () => rowsOf(id),
}));
