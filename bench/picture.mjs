/** An answer with a picture of 24 MB: its time in one process, its memory in one for each caller. */
import { answerWith } from './child.mjs';
import { BARE, callers } from './clients.mjs';
import { memory, race, wall } from './measure.mjs';
import { answer, inPieces, install, ok } from './transport.mjs';

const SIZE = 24 * 1024 * 1024;
const ROUNDS = 41;

async function transport() {
  const bytes = new TextEncoder().encode(answer(SIZE));
  let large = false;
  install(async () => (large ? inPieces(bytes) : ok()));
  return (value) => {
    large = value;
  };
}

async function time(names) {
  const large = await transport();
  const contestants = await callers(...names);
  for (const call of Object.values(contestants)) for (let n = 0; n < 300; n += 1) await call();
  large(true);
  return race(contestants, ROUNDS, async (call) => {
    // Of the answer before nothing may be left, or its removal is timed too.
    globalThis.gc();
    const start = wall();
    await call();
    return wall() - start;
  });
}

/** In MB: the most that the process took of the system during a call, and what the answer holds. */
async function space(name) {
  const large = await transport();
  const call = (await callers(name))[name];
  for (let n = 0; n < 300; n += 1) await call();
  large(true);
  const before = await memory();
  const start = process.memoryUsage.rss();
  const answered = await call();
  // The system's own mark, since nothing can look while the answer is parsed.
  const peak = process.resourceUsage().maxRSS * 1024;
  const held = (await memory()) - before;
  if (answered === undefined) throw new Error(`${name} gave no answer`);
  return { peak: (peak - start) / 1e6, held: held / 1e6 };
}

await answerWith(import.meta, (what, ...names) =>
  what === 'time' ? time(names) : space(names[0] ?? BARE),
);
