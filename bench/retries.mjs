/** The cost of one retry: the first try fails with 503 at once, the second answers. */
import { OURS, retriers } from './calls.mjs';
import { answerWith } from './child.mjs';
import { BARE, callers, client, GENERATE, LOOP } from './clients.mjs';
import { cpu, race } from './measure.mjs';
import { added } from './rows.mjs';
import { install, ok, overloaded, REQUEST } from './transport.mjs';

/** Calls at a time: they share their waits of 1 ms, and only CPU time is counted. */
const TOGETHER = 200;
const ROUNDS = 21;
const WARM_PASSES = 5;
/** A client may retry a fifth of its calls, and here each call is retried. */
const CREDIT = 8 * TOGETHER * (ROUNDS + WARM_PASSES);

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function together(call) {
  const start = cpu();
  await Promise.all(Array.from({ length: TOGETHER }, () => call()));
  return ((cpu() - start) * 1000) / TOGETHER;
}

async function contest(contestants) {
  for (let pass = 0; pass < WARM_PASSES; pass += 1) {
    for (const call of Object.values(contestants)) await together(call);
  }
  return race(contestants, ROUNDS, together);
}

const once = (call) => async () => {
  try {
    return await call();
  } catch {
    await sleep(1);
    return call();
  }
};

async function functions() {
  const runs = await retriers();
  const { 'bare await': _, ...others } = runs;
  const failing = (run) => () => {
    let tries = 0;
    return run(async () => {
      tries += 1;
      if (tries === 1) throw Object.assign(new Error('overloaded'), { status: 503 });
      return 1;
    });
  };
  for (let call = 0; call < CREDIT; call += 1) await runs[OURS](async () => 1);
  const contestants = { 'bare try, sleep, try': failing((work) => once(work)()) };
  for (const [name, run] of Object.entries(others)) contestants[name] = failing(run);
  return added(await contest(contestants), { to: 'p-retry', unit: 'µs' });
}

async function requests() {
  let sent = 0;
  // Of calls that start together the first tries come before all second ones.
  install(async () => {
    const fails = sent % (2 * TOGETHER) < TOGETHER;
    sent += 1;
    return fails ? overloaded() : ok();
  });
  const { [BARE]: bare, ...others } = await callers(BARE, LOOP);
  const ours = await client();
  for (let call = 0; call < CREDIT; call += 1) await ours.retry(async () => 1);
  const contestants = {
    'bare fetch().json(), twice': once(bare),
    ...others,
    [GENERATE]: () => ours.generate(REQUEST),
  };
  const rows = added(await contest(contestants), { to: LOOP, unit: 'µs' });
  if (sent !== Object.keys(contestants).length * (WARM_PASSES + ROUNDS) * 2 * TOGETHER) {
    throw new Error('not every call was tried exactly twice');
  }
  return rows;
}

await answerWith(import.meta, (what) => (what === 'functions' ? functions() : requests()));
