/** The table of bare 429s for load; `--order 2` does one order alone, `--json` prints rows as JSON. */
import { parseArgs } from 'node:util';
import { table } from '../table.mjs';
import { COLUMNS } from './columns.mjs';
import { ORDERS } from './orders.mjs';
import { summaries } from './summary.mjs';

const { values } = parseArgs({
  options: { order: { type: 'string' }, json: { type: 'boolean', default: false } },
});

const wanted = values.order === undefined ? ORDERS : [ORDERS[Number(values.order) - 1]];
if (wanted[0] === undefined) throw new Error(`there is no order ${values.order}`);

const sections = [];
for (const order of wanted) {
  sections.push({ title: order.title, columns: COLUMNS, rows: await summaries(order) });
}

if (values.json) process.stdout.write(`${JSON.stringify(sections.flatMap(({ rows }) => rows))}\n`);
else process.stdout.write(`${table(sections)}\n`);
