/** Times contestants against each other in rounds, so that a busy machine disturbs all alike. */
const ROUND_MS = 15;
const WARM_MS = 150;

/** Wall time in ms. */
export const wall = () => performance.now();

/** CPU time of this process in ms: it leaves waits out, and what else the machine does. */
export const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** One call after the other; gives the µs of one. */
async function inTurn(call, count) {
  const start = wall();
  for (let left = count; left > 0; left -= 1) await call();
  return ((wall() - start) * 1000) / count;
}

/**
 * Runs each contestant once a round, a round being some milliseconds of calls.
 * @param {Record<string, () => Promise<unknown>>} contestants
 * @returns {Promise<Record<string, { least: number, spread: number }>>} µs per call
 */
export async function compete(contestants, rounds = 25) {
  const counts = {};
  for (const [name, call] of Object.entries(contestants)) {
    const end = wall() + WARM_MS;
    let each = Number.POSITIVE_INFINITY;
    while (wall() < end) each = Math.min(each, await inTurn(call, 50));
    counts[name] = Math.max(10, Math.ceil((ROUND_MS * 1000) / each));
  }
  return race(contestants, rounds, (call, name) => inTurn(call, counts[name]));
}

/** Runs each contestant once a round, as `sample` measures it, beginning with another each time. */
export async function race(contestants, rounds, sample) {
  const names = Object.keys(contestants);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(round + turn) % names.length];
      tidy();
      samples[name].push(await sample(contestants[name], name));
    }
  }
  return Object.fromEntries(names.map((name) => [name, summary(samples[name])]));
}

/**
 * Collects one contestant's garbage before the next one would pay for it. Only young objects: after a
 * full collection code runs at half its speed for longer than a round.
 */
export const tidy = () => globalThis.gc?.({ type: 'minor' });

/**
 * The least of samples, since noise only adds; their first quarter, for samples so long that few are
 * free of noise; and how far the middle half of them lies apart.
 */
export function summary(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  return {
    least: sorted[0],
    low: at(0.25),
    middle: at(0.5),
    spread: (at(0.75) - at(0.25)) / at(0.5),
  };
}

/** Lets everything run that is ready to. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Bytes in use after the garbage is gone; Node counts a WebAssembly's memory as external. */
export async function memory() {
  // Twice, with time between: what finalizers free is gone only after the first.
  for (let pass = 0; pass < 2; pass += 1) {
    globalThis.gc();
    await settled();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
