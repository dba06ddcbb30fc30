/** Writes `docs/sdks.md` of what was seen. */
import { FAULTS, type Fault, FIELDS, type Reading } from './faults.ts';
import { type Entry, faultOf } from './records.ts';
import { expectedOf, type Row } from './rows.ts';
import { LOOKED_AT, type Seen } from './seen.ts';

/** A client in the tables. */
export interface Told {
  entry: Entry;
  /** The present readings, by fault and form; absent where the fault was swallowed. */
  readings: Record<string, Record<string, Reading> | undefined>;
}

const FORMS: [string[], string, string][] = [
  [
    ['thrown', 'str'],
    'The error as a program has it',
    '`classifyError(error)`; of Python the text of `str(error)`.',
  ],
  [
    ['inspect', 'traceback'],
    'The error as it is printed',
    'The text of `util.inspect(error)`, as `console.error` prints it; of Python the traceback. What lies ' +
      'deeper than two levels is printed as `[Object]`.',
  ],
  [
    ['JSON', 'repr'],
    'The error as JSON',
    'With the properties that an `Error` hides, as loggers write it; of Python `repr(error)`.',
  ],
];

const INTRO = `# What the errors of SDKs still say

Written by \`npm run sdks\`, which calls each client at a loopback service that answers with a fault of
Google's, and reads what the client throws with \`classifyError\`. A part of it is held against this page in
each \`npm test\`.

- **all**: everything that the answer itself says is read.
- **kind**, **wait**, **quota**: these are read, and the rest is lost. The wait is the one that the
  service asks for, the quota its id and its limit.
- **status**: no more than the HTTP status is left.
- **swallowed**: the call succeeds; nobody hears of the fault but who looks into the chunks.
- *destroyed*: what is missing is nowhere in the error, be it in hidden keys, in causes or in bytes.
- *renamed*: so it is, and the client's own word for it means something else.
- *cut*: it is there, but the text does not show it.
- *ours*: it is there, and not read yet.
- –: does not apply.
`;

export function docsOf(told: Told[], rows: Row[]): string {
  const sections = FORMS.map(([forms, title, about]) => {
    const head = ['client', ...FAULTS.map(({ name }) => name)];
    const lines = told.map((one) => [
      nameOf(one.entry),
      ...FAULTS.map((fault) => cellOf(one, fault, forms, rows)),
    ]);
    return `## ${title}\n\n${about}\n\n${table([head, ...lines])}`;
  });
  return [INTRO, ...sections, switches(told.map(({ entry }) => entry))].join('\n');
}

const nameOf = ({ name, version }: Entry): string => `${name} ${version}`;

function cellOf({ entry, readings }: Told, fault: Fault, forms: string[], rows: Row[]): string {
  if (entry.faults[fault.name] === undefined) return '–';
  const read = readings[fault.name];
  if (read === undefined) return 'swallowed';
  const form = forms.find((one) => read[one] !== undefined);
  if (form === undefined) return '–';
  const reading = read[form] ?? {};
  const isRight = (field: (typeof FIELDS)[number]): boolean => reading[field] === fault.says[field];
  if (FIELDS.every(isRight)) return 'all';
  const why = expectedOf(rows, entry.name, fault, [form])
    .of(form)
    .map(({ reason }) => reason.replace(/:.*/s, ''));
  const { retryAfter, quotaId, quotaLimit } = fault.says;
  const left = [
    isRight('kind') && isRight('retry') ? 'kind' : undefined,
    retryAfter !== undefined && isRight('retryAfter') ? 'wait' : undefined,
    quotaId !== undefined && isRight('quotaId') && isRight('quotaLimit') ? 'quota' : undefined,
    quotaLimit !== undefined && !isRight('quotaId') && isRight('quotaLimit') ? 'limit' : undefined,
  ].filter((word) => word !== undefined);
  const words = left.length === 0 ? 'status' : left.join(', ');
  const reasons = [...new Set(why)].map((reason) => `*${reason}*`);
  return [words, ...reasons].join(' ');
}

function switches(entries: Entry[]): string {
  const lines = entries
    .filter(({ seen }) => seen !== undefined)
    .map((entry) => [
      nameOf(entry),
      entry.retries ?? 'none',
      ...LOOKED_AT.map((fault) => seenOf(entry.seen?.[fault])),
    ]);
  const head = ['client', 'its switch', ...LOOKED_AT.map((fault) => faultOf(fault).name)];
  return `## Retries of their own

What a client sends by itself, before \`retry\` hears of anything: switch it off where \`retry\` or
\`generate\` stands around the call, or both multiply. The last columns are requests as they were counted,
and how long the call took.

${table([head, ...lines])}`;
}

function seenOf(seen?: Seen): string {
  if (seen === undefined) return '–';
  const { requests, seconds, isOpen } = seen;
  if (isOpen) return `${requests} in ${seconds} s, and on`;
  return requests === 1 ? '1' : `${requests} in ${seconds} s`;
}

function table([head = [], ...lines]: string[][]): string {
  const row = (cells: string[]): string => `| ${cells.join(' | ')} |\n`;
  return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('');
}
