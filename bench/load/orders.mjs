/**
 * The orders in which so many calls are made, and by whom. A way of an order gets a scene, the
 * package's exports and the number of calls, and gives how many pictures were made.
 *
 * A crowd is let in by fours, every 0.6 s, as long as nobody knows what the service takes: `letIn` is
 * what that costs where there is no limit, and a picture takes no time.
 */
import { background, client, dropIn, generate, loop } from './ways.mjs';

const SUBJECT = 'a paper boat on a calm lake at dusk, in watercolours';
const prompts = (count) => Array.from({ length: count }, (_, number) => `[${number}] ${SUBJECT}`);

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const isMade = (call) => call.then(Boolean, () => false);
const sum = (made) => made.filter(Boolean).length;

const inARow = (way) => async (scene, exports, count) => {
  const one = way(scene, exports);
  const made = [];
  for (const prompt of prompts(count)) made.push(await isMade(one(prompt)));
  return sum(made);
};

const atOnce = (way) => async (scene, exports, count) => {
  const one = way(scene, exports);
  return sum(await Promise.all(prompts(count).map((prompt) => isMade(one(prompt)))));
};

/** The guide's batch: a row with a pause after each picture but the last. */
const guidesBatch = (way) => async (scene, exports, count) => {
  const one = way(scene, exports);
  const made = [];
  for (const [index, prompt] of prompts(count).entries()) {
    made.push(await isMade(one(prompt)));
    if (made.at(-1) && index < count - 1) await sleep(1_000 + Math.random() * 500);
  }
  return sum(made);
};

const ownBatch = async (scene, exports, count) =>
  sum(await client(scene, exports).batchGenerate(prompts(count)));

export const ORDERS = [
  {
    title: '20 in a row',
    calls: 20,
    letIn: 0,
    ways: { loop: inARow(loop), dropIn: inARow(dropIn), generate: inARow(generate) },
  },
  {
    title: '40 at once',
    calls: 40,
    letIn: 5_000,
    ways: {
      loop: atOnce(loop),
      dropIn: atOnce(dropIn),
      generate: atOnce(generate),
      background: atOnce(background),
    },
  },
  {
    title: '20 by batchGenerate, each with its own',
    calls: 20,
    letIn: 0,
    ways: { loop: guidesBatch(loop), dropIn: ownBatch },
  },
];
