/** A stretch of virtual time with the fake service in it: what the benchmarks of time run in. */
import { seedProcess } from './goodput/random.mjs';
import { startService } from './goodput/service.mjs';
import { startOf } from './goodput/situations.mjs';
import { Time } from './goodput/time.mjs';

/** 2026-11-24 12:00:00 UTC, four in the morning in Los Angeles. */
const NIGHT = Date.UTC(2026, 10, 24, 12);
/** A call that has not ended after so long will not. */
const DAY = 86_400_000;
/** Small pictures: large ones would only cost time here. */
const SMALL = { pictureSize: 8 };

/**
 * Lets `act` do its work, in no time of the real clock.
 *
 * @param service the fake service's options
 * @param act gets `{ fetch, closing }`; what it adds to `closing` is closed at the end
 * @returns {Promise<{ result?: unknown, error?: Error, time: number, requests: number }>} what came
 * of it, after how many milliseconds and requests
 */
export async function scene({ service: options, seed }, act) {
  const start = startOf({ start: NIGHT }, seed);
  const time = await Time.install(start);
  const unseed = seedProcess(seed);
  const closing = [];
  try {
    const service = await startService({ ...SMALL, ...options, seed }, () => time.answered());
    closing.push(service);
    const outcome = {};
    const settle = (how) => Object.assign(outcome, how, { time: Date.now() - start });
    act({ fetch: service.fetch, closing }).then(
      (result) => settle({ result }),
      (error) => settle({ error }),
    );
    await time.run(() => outcome.time !== undefined, start + DAY);
    if (outcome.time === undefined) throw new Error('it never ends');
    return { ...outcome, requests: service.ledger().totals.requests };
  } finally {
    for (const one of closing.reverse()) one.close();
    unseed();
    time.uninstall();
  }
}
