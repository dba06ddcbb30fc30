/** A contestant that knows what the best schedule knows, and sends real requests by it. */
import { fates, trueWindows } from './best.mjs';
import { post } from './post.mjs';
import { MODEL, startOf } from './situations.mjs';

/** When to send each request, in the order in which they are numbered. */
async function sendTimes(situation, discipline, seed) {
  const { offset, each } = await fates(situation, discipline, seed);
  const windows = trueWindows(situation, discipline, seed, offset, false);
  let sent = startOf(situation, seed);
  let arrived = 0;
  return each.map(({ transit, cost }) => {
    // A later request never overtakes, or the limits would have to be laid anew.
    arrived = windows.place(Math.max(arrived, sent + transit), cost);
    sent = arrived - transit;
    return sent;
  });
}

/** Processes share the schedule. */
export async function perfect({ situation, discipline, seed, fetch, shared }) {
  const { service, outage, isChain, pictures } = situation;
  if (isChain || pictures === 0) throw new Error('there is nothing to be best at');
  if (service.faults && outage === undefined) throw new Error('it does not send again what fails');
  shared.times ??= (await sendTimes(situation, discipline, seed)).slice(0, pictures);
  return {
    async call(prompt) {
      const at = shared.times.shift();
      if (at === undefined) return false;
      await new Promise((resolve) => setTimeout(resolve, at - Date.now()));
      return post(fetch, MODEL, prompt);
    },
    close() {},
  };
}
