/** The sections of the benchmark's table, one a storm; all are of one run. */
import { inChild } from '../child.mjs';
import { COLUMNS } from './columns.mjs';
import { STORMS } from './storms.mjs';

let run;

async function rowsOf(storm) {
  run ??= inChild('storms/run.mjs', '--json');
  return (await run).filter(({ title }) => title === storm);
}

export const STORM_SECTIONS = STORMS.map(({ title }) => ({
  title: `Storm: ${title} (median of seeds)`,
  columns: COLUMNS,
  rows: () => rowsOf(title),
}));
