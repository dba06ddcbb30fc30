/**
 * The table of storms. `--json` prints the rows as JSON, `--markdown` the two tables of
 * `docs/drop-in.md`.
 */
import { parseArgs } from 'node:util';
import { table } from '../table.mjs';
import { COLUMNS } from './columns.mjs';
import { long, short } from './markdown.mjs';
import { STORMS } from './storms.mjs';
import { summaries } from './summary.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
});

const rows = await summaries();
const sections = STORMS.map(({ title }) => ({
  title,
  columns: COLUMNS,
  rows: rows.filter((row) => row.title === title),
}));

if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else if (values.markdown) process.stdout.write(`${short(rows)}\n\n${long(rows)}\n`);
else process.stdout.write(`${table(sections)}\n`);
