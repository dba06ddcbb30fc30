/** One contestant in one situation with one discipline and seed: runs it, and measures. */
import { reason } from '../reason.mjs';
import { best } from './best.mjs';
import { contestant } from './contestants.mjs';
import { prompts } from './prompts.mjs';
import { seedProcess } from './random.mjs';
import { configOf, startService } from './service.mjs';
import { startOf } from './situations.mjs';
import { Time } from './time.mjs';

/** A contestant that needs that many times the best, and an hour, will not end. */
const PATIENCE = 8;
const HOUR = 3_600_000;

const bests = new Map();

/** Once a situation, discipline and seed: it is the same for all contestants. */
async function bestOf(situation, discipline, seed) {
  const key = `${situation.id} ${discipline} ${seed}`;
  if (!bests.has(key)) bests.set(key, await best(situation, discipline, seed));
  return bests.get(key);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes the calls and notes what comes of each. */
function makeCalls(situation, callers, texts) {
  const start = Date.now();
  const calls = texts.map((prompt, number) => ({
    number,
    prompt,
    at: start + situation.at(number),
  }));
  const run = async (call) => {
    if (call.at > start) await sleep(call.at - start);
    try {
      call.hasPicture = await callers[call.number % callers.length].call(call.prompt);
    } catch (error) {
      call.error = error;
    }
    call.settled = Date.now();
  };
  for (const call of calls) run(call);
  return { start, calls };
}

/**
 * @returns {Promise<object>} what `measure` gives, or `{ problem }` where it could not run
 */
export async function runCell({ situation, name, discipline, seed, isWithoutQuota = false }) {
  const cell = { id: situation.id, name, discipline, seed };
  const least = await bestOf(situation, discipline, seed);
  const time = await Time.install(startOf(situation, seed));
  const unseed = seedProcess(seed);
  const closing = [];
  try {
    const service = await startService(configOf(situation, discipline, seed), () =>
      time.answered(),
    );
    closing.push(service);
    const callers = [];
    const shared = {};
    for (let process = 0; process < situation.processes; process += 1) {
      const setup = { situation, discipline, seed, fetch: service.fetch, shared, isWithoutQuota };
      callers.push(await contestant(name)(setup));
      closing.unshift(callers.at(-1));
    }
    const { start, calls } = makeCalls(situation, callers, prompts(situation, seed));
    const latest = start + PATIENCE * (least ?? 0) + HOUR;
    await time.run(() => calls.every(({ settled }) => settled !== undefined), latest);
    return { ...cell, ...measure(situation, { start, calls, service, least }) };
  } catch (error) {
    return { ...cell, problem: error.message };
  } finally {
    for (const one of closing) one.close();
    unseed();
    time.uninstall();
  }
}

function measure(situation, { start, calls, service, least }) {
  const made = calls.filter(({ hasPicture }) => hasPicture);
  const last = Math.max(...made.map(({ settled }) => settled - start));
  const { totals } = service.ledger();
  return {
    wanted: situation.pictures,
    delivered: made.length,
    requests: totals.requests,
    // Every request that brought nobody a picture: rejected, failed, or one too many.
    rejected: totals.requests - made.length,
    best: least,
    time: made.length > 0 ? last : undefined,
    settled: Math.max(...calls.map((call) => (call.settled ?? Number.POSITIVE_INFINITY) - start)),
    waits: waits(situation, calls, service.sent),
    errors: errors(calls),
  };
}

/** For each call that counts, how long until the request was sent that brought its picture. */
function waits({ waitsFrom }, calls, sent) {
  if (waitsFrom === undefined) return [];
  const served = new Map();
  for (const { number, at, isServed } of sent) if (isServed) served.set(number, at);
  return calls.slice(waitsFrom).map(({ number, at }) => (served.get(number) ?? Infinity) - at);
}

/** How many calls ended in which error. */
function errors(calls) {
  const counts = {};
  for (const { error, settled } of calls) {
    if (settled !== undefined && error === undefined) continue;
    const name = settled === undefined ? 'never settled' : reason(error);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
