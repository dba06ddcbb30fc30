/**
 * One process whose batches are hit by traps: at the start of a request, further in each time, with
 * another batch beside. It is given a copy of the package with a fuse, and a folder for journals or
 * nothing, and prints how each batch ended.
 */
import { pathToFileURL } from 'node:url';

const [folder, journals] = process.argv.slice(2);
const uncaught = [];
process.on('uncaughtException', (error) => uncaught.push(String(error)));
process.on('unhandledRejection', (error) => uncaught.push(`unhandled: ${error}`));

const RealInstance = WebAssembly.Instance;
let fuse;
const realInstantiate = WebAssembly.instantiate;
WebAssembly.Instance = class {
  constructor(...args) {
    this.exports = new RealInstance(...args).exports;
    fuse = this.exports.fuse ?? fuse;
  }
};
WebAssembly.instantiate = async (...args) => {
  const made = await realInstantiate(...args);
  fuse = made.instance?.exports.fuse ?? fuse;
  return made;
};
const { createClient } = await import(pathToFileURL(`${folder}/index.js`).href);

const inlineData = { mimeType: 'image/png', data: 'iVBORw0KGgo=' };
const body = { candidates: [{ content: { parts: [{ inlineData }] } }] };
const PROMPTS = ['one', 'two', 'three', 'four', 'five', 'six'];
const rounds = [];

async function* slowly() {
  for (const prompt of ['seven', 'eight', 'nine']) {
    await new Promise((resolve) => setTimeout(resolve, 3));
    yield prompt;
  }
}

/** How a batch has ended for whoever reads it, and for whoever waits for its end. */
async function end(batch, items) {
  const reading = (async () => {
    for await (const { status, error } of batch) items.push(error?.kind ?? status);
  })();
  const told = (work) =>
    Promise.race([
      work.then(
        (summary) => summary?.stopped?.reason ?? 'complete',
        (error) => `${error.name} ${error.kind}`,
      ),
      new Promise((resolve) => setTimeout(resolve, 15_000, 'it hangs').unref()),
    ]);
  return [await told(reading), await told(batch.done)].join(', ');
}

for (let depth = 1; depth < 20_000; depth = Math.ceil(depth * 1.5)) {
  let asked = 0;
  const fetch = async () => {
    asked += 1;
    if (asked === 3) fuse.value = depth;
    return Response.json(body);
  };
  const client = createClient({ apiKey: 'a-key-of-nobody', models: ['gemini-3-pro-image'], fetch });
  const other = createClient({ apiKey: 'a-key-of-nobody' });
  const items = [];
  const kept = (name) =>
    journals === undefined ? {} : { journal: `${journals}/${depth}-${name}.jsonl` };
  const batch = client.batch(PROMPTS, { concurrency: 2, ...kept('one') });
  const beside = client.batch(slowly(), { concurrency: 1, ...kept('two') });
  const [ended, besideEnded] = await Promise.all([end(batch, items), end(beside, items)]);
  const lit = fuse.value === 0;
  fuse.value = 0;
  const next = await other.retry(async () => 7).catch(String);
  rounds.push({ depth, lit, ended, besideEnded, items, served: asked, next });
  client.close();
  other.close();
  if (!lit) break;
}
console.log(JSON.stringify({ rounds, uncaught }));
