/** The cost of `retry` around a call that does nothing. */
import { answerWith } from './child.mjs';
import { handRolled } from './loop.mjs';
import { compete } from './measure.mjs';
import { cockatiel, pRetry, unexhausted } from './packages.mjs';
import { added } from './rows.mjs';

const nothing = async () => 1;

export const OURS = 'unexhausted retry()';

/** The packages that can retry a function, with their waits set to 1 ms. */
export async function retriers(...names) {
  const makers = {
    'bare await': async () => (work) => work(),
    'hand-rolled loop': async () => (work) => handRolled(work, 5, 1, 0),
    'p-retry': async () => {
      const retry = await pRetry();
      const options = { retries: 4, minTimeout: 1, maxTimeout: 1, factor: 1 };
      return (work) => retry(work, options);
    },
    cockatiel: async () => {
      const { ConstantBackoff, handleAll, retry } = await cockatiel();
      const policy = retry(handleAll, { maxAttempts: 4, backoff: new ConstantBackoff(1) });
      return (work) => policy.execute(work);
    },
    [OURS]: async () => {
      const { createClient } = await unexhausted();
      const soon = { baseDelay: 1, maxDelay: 1, jitter: 0 };
      const client = createClient({ retry: soon });
      return (work) => client.retry(work);
    },
  };
  const wanted = names.length > 0 ? names : Object.keys(makers);
  const made = await Promise.all(wanted.map(async (name) => [name, await makers[name]()]));
  return Object.fromEntries(made);
}

await answerWith(import.meta, async () => {
  const contestants = Object.entries(await retriers()).map(([name, run]) => [
    name,
    () => run(nothing),
  ]);
  const results = await compete(Object.fromEntries(contestants), 41);
  return added(results, { to: 'p-retry', unit: 'µs', budgets: { [OURS]: 0.5 } });
});
