/** Calls that all wait in a queue: what each costs in time, until it is given up, and in memory. */
import { answerWith } from './child.mjs';
import { cpu, memory, settled, summary, tidy } from './measure.mjs';
import { unexhausted } from './packages.mjs';
import { KEY, MODEL } from './transport.mjs';
import { WAITS } from './waits.mjs';

const never = () => new Promise(() => {});

/** A client of which one call is in flight, and nobody else gets a turn. */
async function full(wait) {
  const { createClient } = await unexhausted();
  const client = createClient({ apiKey: KEY, models: [MODEL], fetch: never, ...WAITS[wait] });
  client.generate('the first').catch(() => {});
  await settled();
  return client;
}

const KINDS = {
  generate: (client, number) => client.generate(`a picture of the number ${number}`),
  retry: (client) => client.retry(never, { model: MODEL }),
};

async function batch(kind, wait, count, look = async () => {}) {
  const client = await full(wait);
  const before = (await look()) ?? 0;
  let spent = -cpu();
  const calls = Array.from({ length: count }, (_, number) => KINDS[kind](client, number));
  const ends = Promise.allSettled(calls);
  await settled();
  spent += cpu();
  const bytes = (((await look()) ?? 0) - before) / count;
  spent -= cpu();
  client.close();
  await ends;
  spent += cpu();
  return { time: (spent * 1000) / count, bytes };
}

await answerWith(import.meta, async (kind, wait, many, batches) => {
  for (let pass = 0; pass < 50; pass += 1) await batch(kind, wait, 50);
  const { bytes } = await batch(kind, wait, Number(many), memory);
  const times = [];
  for (let left = Number(batches); left > 0; left -= 1) {
    tidy();
    times.push((await batch(kind, wait, Number(many))).time);
  }
  return { ...summary(times), bytes };
});
