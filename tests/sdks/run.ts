/**
 * Calls every client, writes the records and `docs/sdks.md`. With `--newest` it writes nothing: what is
 * read otherwise of the newest versions is told. `PYTHON` is an interpreter that has the clients of Python.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { CLIENTS } from './clients/all.ts';
import { docsOf, type Told } from './docs.ts';
import { EXPECTED } from './expected.ts';
import { entryOf, type Live, toldOf, toldOfRecord } from './live.ts';
import { CLIENTS as MORE } from './more/clients/all.ts';
import { pythonEntries } from './python.ts';
import { readRecords, writeRecord } from './records.ts';
import { LOOKED_AT, look } from './seen.ts';
import { openService } from './service.ts';

const isNewest = process.argv.includes('--newest');
const python = process.env['PYTHON'];
const service = await openService();
const say = (text: string): void => void process.stderr.write(`${text}\n`);

// The clients' own lines on the console would be mixed with the report.
console.log = console.info = console.warn = console.error = console.debug = () => {};

say('sdks: calling the clients of Python');
const pythons = python ? pythonEntries(service, python) : Promise.resolve([]);
const live: [Live, boolean][] = [];
for (const [sdks, home] of [
  [CLIENTS, import.meta.url],
  [MORE, new URL('./more/', import.meta.url).href],
] as const) {
  for (const sdk of sdks) {
    say(`sdks: ${sdk.name}`);
    live.push([await entryOf(service, sdk, home), home === import.meta.url]);
  }
}
say('sdks: what each does by itself');
await Promise.all(
  [...CLIENTS, ...MORE].map(async (sdk, index) => {
    const seen = LOOKED_AT.map(async (name) => [name, await look(service, sdk, name)]);
    const entry = live[index]?.[0].entry;
    if (entry !== undefined) entry.seen = Object.fromEntries(await Promise.all(seen));
  }),
);
const others = await pythons;
const told: Told[] = [
  ...live.filter(([, isAlways]) => isAlways).map(([one]) => toldOf(one)),
  // The page is held against the records, so it is written of them.
  ...live.filter(([, isAlways]) => !isAlways).map(([one]) => toldOfRecord(one.entry)),
  ...others.map(toldOfRecord),
];
if (isNewest) tellNewest();
else write();
await service.close();
process.exit();

function write(): void {
  mkdirSync(new URL('./records/', import.meta.url), { recursive: true });
  for (const [{ entry }, isAlways] of live) {
    // Those that are live in each run need no record but of what takes its time to see.
    writeRecord(isAlways ? { ...entry, faults: {} } : entry);
  }
  for (const entry of others) writeRecord(entry);
  const docs = new URL('../../docs/', import.meta.url);
  mkdirSync(docs, { recursive: true });
  writeFileSync(new URL('sdks.md', docs), docsOf(inOrder(), EXPECTED));
  say('sdks: the records and docs/sdks.md are written');
}

/** As the test has it: those that are live in each run, and then by the record's name. */
function inOrder(): Told[] {
  const first = told.slice(0, CLIENTS.length);
  const names = readRecords().map(({ name }) => name);
  const rest = told
    .slice(CLIENTS.length)
    .sort((a, b) => names.indexOf(a.entry.name) - names.indexOf(b.entry.name));
  return [...first, ...rest];
}

function tellNewest(): void {
  const pinned = readFileSync(new URL('../../docs/sdks.md', import.meta.url), 'utf8');
  const lines = docsOf(inOrder(), EXPECTED).split('\n');
  const isOld = (line: string): boolean => pinned.includes(line);
  const changed = lines.filter((line) => line.startsWith('| ') && !isOld(line));
  process.stdout.write(`${changed.join('\n')}\n`);
  const bare = (text: string): string => text.replace(/ \d+\.\d+\.\d+\S*/, '');
  const known = new Set(pinned.split('\n').map(bare));
  const others = changed.filter((line) => !known.has(bare(line)));
  say(`sdks: ${others.length} rows read otherwise than with the pinned versions`);
}
