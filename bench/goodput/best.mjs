/**
 * The best possible schedule: what all contestants are measured by.
 *
 * It knows the service's discipline, limits, outages and clock, and of each request how long it
 * travels, whether it fails, and how long its picture takes. These belong to the number of the
 * request (the first that is sent, the second …) and to the seed, so they are read off the books of
 * the very same service without limits, to which all requests are sent at once.
 *
 * Then each request, in this order, arrives at the first moment at which the limits take it; it is
 * never sent too early, so none is rejected. One that fails takes of the quota like any other, and
 * there are as many requests as it takes to make the pictures. The time is that of the last picture.
 *
 * It is a lower bound: the limits are laid as if each request arrived as fast as the fastest can, and
 * tokens as if prompts could be split (see `Fluid`). The contestant `perfect` shows how close one
 * comes to it who knows the same but has to send real requests.
 */

import { emulator } from './packages.mjs';
import { post } from './post.mjs';
import { prompts } from './prompts.mjs';
import { configOf } from './service.mjs';
import { MIDNIGHT, MODEL, startOf } from './situations.mjs';
import { Windows } from './windows.mjs';

const FASTEST = 20;
/** More requests than prompts, where some fail. */
const SPARE = 1.5;
const DAY = 86_400_000;

/** The outcome of each request by its number, and the error of the service's clock. */
export async function fates(situation, discipline, seed) {
  const texts = prompts(situation, seed);
  const { outage } = situation;
  const config = { ...configOf(situation, discipline, seed), limits: null, spendLimit: null };
  if (outage !== undefined) config.faults = null;
  const { createEmulator } = await emulator();
  let now = startOf(situation, seed);
  const service = await createEmulator({ ...config, now: () => now });
  const count = config.faults ? Math.ceil(texts.length * SPARE) : texts.length;
  for (let number = 0; number < count; number += 1) {
    post(service.fetch, MODEL, texts[number % texts.length]).catch(() => {});
  }
  now += DAY;
  const { requests, clockOffset } = service.ledger();
  service.close();
  return {
    offset: clockOffset,
    each: requests.map(({ sent, arrived, finished, outcome, promptTokens, billed }) => ({
      transit: arrived - sent,
      latency: finished - arrived,
      isServed: outcome === 'served',
      cost: { tokens: promptTokens, price: billed },
    })),
  };
}

/** The limits as they really are. */
export function trueWindows(situation, discipline, seed, offset, isFluid) {
  const { service, outage } = situation;
  const start = startOf(situation, seed);
  return new Windows(
    {
      ...service.limits[MODEL],
      spend: service.spendLimit,
      outage: outage?.map((ms) => start + ms),
    },
    { discipline, offset, midnight: MIDNIGHT, isFluid },
  );
}

/** Milliseconds from the start to the last picture; `undefined` where no picture is to be made. */
export async function best(situation, discipline, seed) {
  const { pictures } = situation;
  if (pictures === 0 || situation.isChain) return undefined;
  const { offset, each } = await fates(situation, discipline, seed);
  const windows = trueWindows(situation, discipline, seed, offset, true);
  const start = startOf(situation, seed);
  let made = 0;
  let last = 0;
  let slot = start + FASTEST;
  for (const { transit, latency, isServed, cost } of each) {
    slot = windows.place(slot, cost);
    if (isServed) {
      made += 1;
      last = Math.max(last, Math.max(slot, start + transit) + latency);
    }
    if (made === pictures) return last - start;
  }
  throw new Error(`of ${each.length} requests ${made} make a picture, not ${pictures}`);
}
