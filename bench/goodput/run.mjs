/**
 * The goodput table, or some of it:
 *
 *     node bench/goodput/run.mjs --rows 1,4 --seeds 1,2 --disciplines fixed --contestants queue
 *
 * `--json` prints rows and cells as JSON, `--cells` the cells above the table. `--jobs` is the number
 * of processes. `--without-quota` measures a build of the package that has no quota engine yet.
 */
import { parseArgs } from 'node:util';
import { inChild } from '../child.mjs';
import { table } from '../table.mjs';
import { runCell } from './cell.mjs';
import { COLUMNS } from './columns.mjs';
import { COMPETING, contestant } from './contestants.mjs';
import { SITUATIONS, situation } from './situations.mjs';
import { summaries } from './summary.mjs';

const DISCIPLINES = ['fixed', 'sliding', 'bucket'];
const SEEDS = ['1', '2', '3'];

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    seeds: { type: 'string' },
    disciplines: { type: 'string' },
    contestants: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    shard: { type: 'string' },
    json: { type: 'boolean', default: false },
    cells: { type: 'boolean', default: false },
    'without-quota': { type: 'boolean', default: false },
  },
});

const list = (text, all) => (text === undefined ? all : text.split(','));

/** Every cell that is asked for. */
function wanted() {
  const cells = [];
  for (const id of list(
    values.rows,
    SITUATIONS.map((one) => one.id),
  )) {
    for (const name of list(values.contestants, COMPETING)) {
      contestant(name);
      for (const discipline of list(values.disciplines, DISCIPLINES)) {
        if (!DISCIPLINES.includes(discipline)) throw new Error(`there is no ${discipline}`);
        for (const seed of list(values.seeds, SEEDS)) {
          cells.push({ situation: situation(id), name, discipline, seed: Number(seed) });
        }
      }
    }
  }
  return cells;
}

/** Timers are faked for a whole process, so its cells run one after the other. */
async function here(cells) {
  const results = [];
  for (const cell of cells) {
    results.push(await runCell({ ...cell, isWithoutQuota: values['without-quota'] }));
  }
  return results;
}

/** The cells of one process among several, every so-manieth. */
const part = (cells, index, count) => cells.filter((_, at) => at % count === index);

async function inChildren(cells, count) {
  const args = process.argv.slice(2);
  const shards = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      inChild('goodput/run.mjs', ...args, '--shard', `${index}/${count}`),
    ),
  );
  return cells.map((_, at) => shards[at % count][Math.floor(at / count)]);
}

const cells = wanted();
if (values.shard !== undefined) {
  const [index, count] = values.shard.split('/').map(Number);
  process.stdout.write(JSON.stringify(await here(part(cells, index, count))));
} else {
  const jobs = Math.min(Number(values.jobs), cells.length);
  const results = jobs > 1 ? await inChildren(cells, jobs) : await here(cells);
  const rows = summaries(results);
  if (values.json) process.stdout.write(`${JSON.stringify({ rows, cells: results }, null, 2)}\n`);
  else print(rows, results);
}

function print(rows, results) {
  if (values.cells) {
    for (const { waits: _, ...cell } of results) process.stdout.write(`${JSON.stringify(cell)}\n`);
  }
  const ids = [...new Set(rows.map(({ id }) => id))];
  const sections = ids.map((id) => ({
    title: `${id}. ${situation(id).title}`,
    columns: COLUMNS,
    rows: rows.filter((row) => row.id === id),
  }));
  process.stdout.write(`${table(sections)}\n`);
}
