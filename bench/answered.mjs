/** Calls that all wait behind one in flight, which ends: how long that holds up everything else. */
import { setTimeout } from 'node:timers/promises';
import { answerWith } from './child.mjs';
import { cpu, settled, summary } from './measure.mjs';
import { unexhausted } from './packages.mjs';
import { KEY, MODEL } from './transport.mjs';
import { WAITS } from './waits.mjs';

const REFUSAL = JSON.stringify({
  error: { code: 400, message: 'Invalid argument.', status: 'INVALID_ARGUMENT' },
});

/** After so many ms a request counts as taken in, and the next is held back no more by it. */
const HEARD = 700;

/** Refuses one call after the other, which costs nothing: the next has its money. */
await answerWith(import.meta, async (wait, many, answers) => {
  const { createClient } = await unexhausted();
  const flights = [];
  const fetch = () => new Promise((resolve) => flights.push(resolve));
  const client = createClient({ apiKey: KEY, models: [MODEL], fetch, ...WAITS[wait] });
  const count = Number(many);
  const calls = Array.from({ length: count }, (_, number) => client.generate(`number ${number}`));
  const ends = Promise.allSettled(calls);
  await settled();
  const times = [];
  for (let left = Number(answers); left > 0; left -= 1) {
    await setTimeout(HEARD);
    const [answer] = flights.splice(0);
    const spent = -cpu();
    answer(new Response(REFUSAL, { status: 400 }));
    while (flights.length === 0) await setTimeout(1);
    times.push(spent + cpu());
  }
  client.close();
  await ends;
  return summary(times);
});
