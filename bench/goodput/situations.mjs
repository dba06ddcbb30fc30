/**
 * The situations, one a row: what the service does, what the user knows of it, and how well the
 * package has to do. Durations are milliseconds, but for the transit of a request and the clock's
 * error, which are the fake service's own.
 *
 * - `service`: the fake service's options; the limits there are the true ones.
 * - `given`: the limits that the user has in mind, if any.
 * - `at`: when the call of a number is made; all at once where there is none.
 * - `budgets`: any of them has to be kept.
 */
export const MODEL = 'gemini-3-pro-image';
export const SECOND = 'gemini-3.1-flash-image';

const SECONDS = 1_000;
const MINUTES = 60_000;
/** 2026-11-24 12:00:00 UTC, four in the morning in Los Angeles. */
const NIGHT = Date.UTC(2026, 10, 24, 12);
/** Half past ten in the evening there, and the midnight after it. */
const EVENING = Date.UTC(2026, 10, 25, 6, 30);
export const MIDNIGHT = Date.UTC(2026, 10, 25, 8);

const ONCE = { processes: 1, start: NIGHT, given: {}, at: () => 0 };
/** 300 prompts at 20 a minute. */
const BATCH = {
  ...ONCE,
  prompts: 300,
  isBatch: true,
  service: { limits: limits({ rpm: 20 }) },
  given: { rpm: 20 },
};
/** Calls of so many users at 60 a minute. */
const CALLS = {
  ...ONCE,
  prompts: 500,
  isBatch: false,
  service: { limits: limits({ rpm: 60 }) },
  given: { rpm: 60 },
};
const EVENING_BATCH = {
  ...BATCH,
  prompts: 150,
  start: EVENING,
  service: { limits: limits({ rpm: 20, rpd: 100 }) },
  given: { rpm: 20, rpd: 100 },
};
/** Prompts of 200 to 8,000 tokens, so that twelve of the middle fit into a minute. */
const TOKENS = [200, 8_000];
const TPM = 12 * 4_100;

function limits(amounts) {
  return { [MODEL]: amounts };
}

const budget = (ratio, rejected) => ({ delivered: 1, ratio, rejected });

export const SITUATIONS = [
  { ...BATCH, title: '300 prompts at once, 20 RPM, limits known', budgets: [budget(1.03, 0)] },
  {
    ...BATCH,
    title: 'the same, limits not told, 429 with details',
    given: {},
    budgets: [budget(1.06, 0.05)],
  },
  {
    ...BATCH,
    title: 'the same, limits not told, 429 bare',
    service: { ...BATCH.service, quotaBody: 'bare' },
    given: {},
    budgets: [budget(1.08, 0.1)],
  },
  {
    ...BATCH,
    title: 'the same, limits not told, 429 bare, rejected requests count',
    service: { ...BATCH.service, quotaBody: 'bare', rejectedCount: true },
    given: {},
    budgets: [budget(1.1, 0.05)],
  },
  {
    ...BATCH,
    title: 'real limit is 60 % of the one given',
    service: { limits: limits({ rpm: 12 }) },
    budgets: [budget(1.05, 0.03)],
  },
  {
    ...CALLS,
    title: '500 calls at once, 60 RPM, limits known',
    // The second where it finds out how the service counts.
    budgets: [budget(1.09, 0), budget(1.03, 0.01)],
  },
  {
    ...CALLS,
    title: '500 calls at once, limits not told, rejected requests count',
    service: { ...CALLS.service, rejectedCount: true },
    given: {},
    budgets: [budget(1.15, 0.05)],
  },
  {
    ...BATCH,
    title: '2 % 500, 1 % resets, 3 % 504 after 60 s, long tail',
    service: {
      ...BATCH.service,
      latency: { tail: 0.02 },
      faults: [
        { fault: '500', probability: 0.02 },
        { fault: 'reset', probability: 0.01 },
        { fault: '504', probability: 0.03, after: 60 * SECONDS },
      ],
    },
    budgets: [budget(1.08, 0.07)],
  },
  {
    ...BATCH,
    title: 'token-bound: 12 a minute of 200 to 8,000 tokens',
    service: { limits: limits({ rpm: 20, tpm: TPM }) },
    given: { rpm: 20, tpm: TPM },
    tokens: TOKENS,
    budgets: [budget(1.08, 0.02)],
  },
  {
    ...EVENING_BATCH,
    title: '100 requests a day, 150 prompts at 22:30 Pacific, wait',
    onDailyLimit: 'wait',
    budgets: [budget(1.01, 0.02)],
  },
  {
    ...EVENING_BATCH,
    title: '100 requests a day, 150 prompts at 22:30 Pacific, fail',
    onDailyLimit: 'fail',
    pictures: 100,
    budgets: [budget(1.06, 0.02)],
  },
  {
    ...BATCH,
    title: 'four processes, one quota, shared store',
    processes: 4,
    isShared: true,
    budgets: [budget(1.03, 0)],
  },
  {
    ...BATCH,
    title: '$10 per rolling ten minutes, 200 Pro pictures',
    prompts: 200,
    service: { ...BATCH.service, spendLimit: 10 },
    spendPer10Min: 10,
    budgets: [budget(1.05, 0.02)],
  },
  {
    ...BATCH,
    title: 'four processes unaware of each other',
    processes: 4,
    budgets: [budget(1.05, 0.2)],
  },
  {
    ...BATCH,
    title: '45 minutes of 503 in the middle of a batch of 300',
    service: {
      ...BATCH.service,
      faults: [{ fault: '503', from: 7 * MINUTES, to: 52 * MINUTES }],
    },
    outage: [7 * MINUTES, 52 * MINUTES],
    budgets: [budget(1.1, 0.1)],
  },
  {
    ...ONCE,
    title: 'interactive, first model out of its minute, second free',
    prompts: 70,
    isBatch: false,
    isChain: true,
    service: { limits: limits({ rpm: 20 }) },
    // The first calls use the minute up; the others come one a second, and their waits count.
    at: (call) => (call < 20 ? 0 : (call - 15) * SECONDS),
    waitsFrom: 20,
    budgets: [{ delivered: 1, wait: 6 * SECONDS }],
  },
  {
    ...ONCE,
    title: 'limit: 0, 20 calls at once',
    prompts: 20,
    isBatch: false,
    service: { limits: limits({ rpm: 0, rpd: 0 }) },
    pictures: 0,
    budgets: [{ settled: 1 * SECONDS, requests: 2 }],
  },
].map((situation, index) => ({ id: index + 1, pictures: situation.prompts, ...situation }));

/** The situation of a number. */
export function situation(id) {
  const found = SITUATIONS.find((one) => one.id === Number(id));
  if (found === undefined) throw new Error(`there is no row ${id}`);
  return found;
}

/**
 * When it begins: with each seed at another point of a minute, far from those of the others, or
 * minutes of the clock would look longer or shorter than they are.
 */
export const startOf = ({ start }, seed) => start + Math.round(((seed * 0.618_034) % 1) * MINUTES);
