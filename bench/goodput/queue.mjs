/**
 * p-retry with p-queue. With limits known each try goes through the queue, which lets `intervalCap`
 * requests go in 61 s: a second of margin keeps what travels at different speed apart; a 429 that
 * says how long to wait holds the whole queue. Without limits ten are in flight, and each keeps its
 * place while it waits. Ten tries, 1 s doubled up to a minute, with jitter, and never less than the
 * service asks for; a wait of hours is waited for where the situation says so, else it ends the call.
 * In a chain nobody queues, and a wait of more than 5 s is left to the next model.
 */
import { inFlight, perMinute } from './pace.mjs';
import { pQueue, pRetry } from './packages.mjs';
import { post } from './post.mjs';
import { asked, isPermanent, isTooLong, PATIENCE_IN_CHAIN, RETRIES } from './refusal.mjs';
import { MODEL, SECOND } from './situations.mjs';

const INTERVAL = 61_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A queue that can be held until some time. */
class Held {
  #queue;
  #until = 0;

  constructor(queue) {
    this.#queue = queue;
  }

  add(work) {
    return this.#queue.add(work);
  }

  hold(wait) {
    const until = Date.now() + wait;
    if (until <= this.#until) return;
    this.#until = until;
    this.#queue.pause();
    setTimeout(() => {
      if (Date.now() >= this.#until) this.#queue.start();
    }, wait);
  }
}

export async function queue({ situation, fetch }) {
  const [PQueue, { default: retry }] = await Promise.all([pQueue(), pRetry()]);
  const cap = perMinute(situation);
  const isPaced = cap !== undefined;
  const paced = { concurrency: cap, intervalCap: cap, interval: INTERVAL };
  const held = new Held(new PQueue(isPaced ? paced : { concurrency: inFlight(situation) }));

  const options = {
    ...RETRIES,
    async onFailedAttempt({ error }) {
      if (isPermanent(error) || isTooLong(error, situation)) throw error;
      const wait = asked(error);
      if (wait === undefined) return;
      if (isPaced) held.hold(wait);
      else await sleep(wait);
    },
  };
  const one = (prompt) => {
    const send = () => post(fetch, MODEL, prompt);
    return isPaced ? retry(() => held.add(send), options) : held.add(() => retry(send, options));
  };
  const chain = async (prompt) => {
    const shouldRetry = ({ error }) => !isPermanent(error) && !(asked(error) > PATIENCE_IN_CHAIN);
    try {
      return await retry(() => post(fetch, MODEL, prompt), { ...RETRIES, retries: 1, shouldRetry });
    } catch {
      return retry(() => post(fetch, SECOND, prompt), RETRIES);
    }
  };
  return { call: situation.isChain ? chain : one, close() {} };
}
