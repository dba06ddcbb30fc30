/**
 * Measures the package beside what people would use instead, and prints one table of ratios from
 * this one run. Nothing fails because a number is high: the table says OVER, and a reader decides.
 * `--json` prints the same as JSON; words choose sections by their titles, as in `bench size`.
 */
import { cpus } from 'node:os';
import { build } from './build.mjs';
import { ensureNpm } from './setup.mjs';
import { main, Problem, say } from './shell.mjs';

await main(import.meta, async (args) => {
  await ensureNpm('tests');
  await build();
  // Only now: these load what was just installed and built.
  const { SECTIONS } = await import('../bench/sections.mjs');
  const { isOver, table } = await import('../bench/table.mjs');
  const words = args.filter((arg) => arg !== '--json').map((word) => word.toLowerCase());
  const isWanted = ({ title }) =>
    words.length === 0 || words.some((word) => title.toLowerCase().includes(word));
  const sections = [];
  for (const { title, columns, rows } of SECTIONS.filter(isWanted)) {
    say(`bench: ${title}`);
    sections.push({ title, columns, rows: await rows() });
  }
  if (sections.length === 0) throw new Problem(`no section is about ${words.join(' or ')}`);
  const machine = `${cpus()[0]?.model.trim()} × ${cpus().length}, Node ${process.versions.node}`;
  if (args.includes('--json')) {
    const marked = sections.map(({ title, rows }) => ({
      title,
      rows: rows.map((row) => ({ ...row, over: isOver(row) })),
    }));
    console.log(JSON.stringify({ machine, sections: marked }, null, 2));
    return;
  }
  console.log(`${machine}; the least of many rounds, spread of the middle half of them\n`);
  console.log(table(sections));
});
