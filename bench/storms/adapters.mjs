/**
 * The table of `docs/adapters.md`: one picture by an SDK alone and by its adapter, of each fault. Whatever
 * an SDK has by itself it keeps; `node bench/storms/adapters.mjs` prints the table.
 */
import { fileURLToPath } from 'node:url';
import { unexhausted } from '../goodput/packages.mjs';
import { KEY } from '../goodput/post.mjs';
import { MODEL } from '../goodput/situations.mjs';
import { adapter, ai, aiGoogle, genai } from '../packages.mjs';
import { scene } from '../scene.mjs';
import { seconds } from './columns.mjs';
import { median } from './summary.mjs';

const PROMPT = 'a lighthouse at dusk';
const SEEDS = 9;
const SOON = 1_000;

/** The faults of the service from the first request on, for so long (ms). */
const FAULTS = [
  ['a 429 that names its wait of 20 s', { fault: '429-detailed', retryDelay: '20s', to: 20_000 }],
  ['a bare 429 for 25 s', { fault: '429-bare', to: 25_000 }],
  ['503 for a minute', { fault: '503', to: 60_000 }],
  ['answers that are cut for 10 s', { fault: 'cut', to: 10_000 }],
  ['the day is spent', { fault: '429-day' }],
  ['a wrong key', { fault: 'bad-key' }],
];

const { createClient, ready } = await unexhausted();

function client(closing) {
  const ours = createClient({ apiKey: KEY });
  closing.push(ours);
  return ours;
}

async function byGenAI(wrap, retryOptions) {
  const { GoogleGenAI } = await genai();
  return async ({ fetch, closing }) => {
    const httpOptions = { fetch, ...(retryOptions && { retryOptions }) };
    const ai = wrap(new GoogleGenAI({ apiKey: KEY, httpOptions }), closing);
    const { candidates } = await ai.models.generateContent({ model: MODEL, contents: PROMPT });
    return candidates[0].content.parts.some(({ inlineData }) => inlineData !== undefined);
  };
}

async function byAiSdk(wrap) {
  const [{ generateImage }, { createGoogle }] = await Promise.all([ai(), aiGoogle()]);
  return async ({ fetch, closing }) => {
    const model = wrap(createGoogle({ apiKey: KEY, fetch }).image(MODEL), closing);
    const { images } = await generateImage({ model, prompt: PROMPT });
    return images.length > 0;
  };
}

/** A maker loads what it needs before time stands still. */
const CONTESTANTS = [
  ['`@google/genai`', () => byGenAI((ai) => ai)],
  ['with its `retryOptions`', () => byGenAI((ai) => ai, { attempts: 5 })],
  [
    '`wrapGenAI`',
    async () => {
      const { wrapGenAI } = await adapter('genai');
      return byGenAI((ai, closing) => wrapGenAI(ai, { client: client(closing) }));
    },
  ],
  ['AI SDK', () => byAiSdk((model) => model)],
  [
    '`imageMiddleware`',
    async () => {
      const [{ imageMiddleware }, { wrapImageModel }] = await Promise.all([adapter('ai'), ai()]);
      return byAiSdk((model, closing) =>
        wrapImageModel({ model, middleware: imageMiddleware({ client: client(closing) }) }),
      );
    },
  ],
];

/** A fault a row, a contestant a column. */
export async function adaptersTable() {
  await ready();
  const acts = [];
  for (const [, make] of CONTESTANTS) acts.push(await make());
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const lines = [
    line(['', ...CONTESTANTS.map(([head]) => head)]),
    `|${'---|'.repeat(CONTESTANTS.length + 1)}`,
  ];
  for (const [title, fault] of FAULTS) {
    const cells = [];
    for (const act of acts) {
      const runs = [];
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        runs.push(await scene({ service: { faults: [fault] }, seed }, act));
      }
      cells.push(cell(runs));
    }
    lines.push(line([title, ...cells]));
  }
  return lines.join('\n');
}

function cell(runs) {
  const made = runs.filter(({ result }) => result === true);
  const of = (some, field) => median(some.map((run) => run[field]));
  const requests = of(runs, 'requests');
  const sent = `${requests} request${requests === 1 ? '' : 's'}`;
  if (made.length === runs.length) return `${seconds(of(made, 'time'))}, ${sent}`;
  if (made.length === 0) {
    const time = of(runs, 'time');
    return `fails ${time < SOON ? 'at once' : `after ${seconds(time)}`}, ${sent}`;
  }
  return `${made.length} of ${runs.length}, ${seconds(of(made, 'time'))}, ${sent}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${await adaptersTable()}\n`);
}
