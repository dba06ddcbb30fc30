/**
 * The hand-rolled loop that the guide prints: five tries, 2 s doubled with up to a second of jitter,
 * for 429 and 503 alone. Prompts go through p-limit with as many in flight as keep up with the limit
 * (four at 20 a minute), or ten where no limit is known: one after the other would take five times
 * as long. In a chain each model gets two tries, as the guide has it, and nobody queues.
 */
import { handRolled } from '../loop.mjs';
import { inFlight } from './pace.mjs';
import { pLimit } from './packages.mjs';
import { post } from './post.mjs';
import { MODEL, SECOND } from './situations.mjs';

const TRIES_IN_CHAIN = 2;

export async function loop({ situation, fetch }) {
  const limit = (await pLimit())(inFlight(situation));
  const chain = async (prompt) => {
    try {
      return await handRolled(() => post(fetch, MODEL, prompt), TRIES_IN_CHAIN);
    } catch {
      return handRolled(() => post(fetch, SECOND, prompt), TRIES_IN_CHAIN);
    }
  };
  const one = (prompt) => limit(() => handRolled(() => post(fetch, MODEL, prompt)));
  return { call: situation.isChain ? chain : one, close() {} };
}
