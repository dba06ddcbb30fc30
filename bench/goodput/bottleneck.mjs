/**
 * Bottleneck. With limits known its reservoir lets as many requests go in 61 s as a minute takes, for
 * the reason that `queue` has, a little apart, as its manual asks. Without limits ten are in flight.
 * It tries again by its own way, the answer of a listener to `failed`: as often and after as long as
 * `queue` does, and never before the service asks for. A job that waits to be tried again keeps its
 * place, and goes past the reservoir. In a chain nobody queues.
 */
import { inFlight, perMinute } from './pace.mjs';
import { bottleneck as load } from './packages.mjs';
import { post } from './post.mjs';
import { asked, isPermanent, isTooLong, PATIENCE_IN_CHAIN, RETRIES } from './refusal.mjs';
import { MODEL, SECOND } from './situations.mjs';

const INTERVAL = 61_000;
/** Milliseconds between two requests. */
const APART = 100;

/** The settings of its constructor. */
function settings(situation) {
  if (situation.isChain) return {};
  const cap = perMinute(situation);
  if (cap === undefined) return { maxConcurrent: inFlight(situation) };
  return {
    maxConcurrent: cap,
    minTime: APART,
    reservoir: cap,
    reservoirRefreshAmount: cap,
    reservoirRefreshInterval: INTERVAL,
  };
}

/** Milliseconds before the next try, the `count`-th of them from 0. */
function backoff(count) {
  const { minTimeout, maxTimeout, factor } = RETRIES;
  return Math.min(maxTimeout, minTimeout * factor ** count * (1 + Math.random()));
}

export async function bottleneck({ situation, fetch }) {
  const Bottleneck = await load();
  const made = [];
  const limiter = (retries, patience) => {
    const one = new Bottleneck(settings(situation));
    one.on('failed', (error, { retryCount }) => {
      const wait = asked(error) ?? 0;
      const isOver = isPermanent(error) || isTooLong(error, situation) || wait > patience;
      // Nothing instead of a number ends the job.
      if (isOver || retryCount >= retries) return undefined;
      return Math.max(wait, backoff(retryCount));
    });
    made.push(one);
    return one;
  };
  const close = () => {
    for (const one of made) one.disconnect();
  };
  const last = limiter(RETRIES.retries, Number.POSITIVE_INFINITY);
  if (!situation.isChain) {
    return { call: (prompt) => last.schedule(() => post(fetch, MODEL, prompt)), close };
  }
  const first = limiter(1, PATIENCE_IN_CHAIN);
  const call = async (prompt) => {
    try {
      return await first.schedule(() => post(fetch, MODEL, prompt));
    } catch {
      return last.schedule(() => post(fetch, SECOND, prompt));
    }
  };
  return { call, close };
}
