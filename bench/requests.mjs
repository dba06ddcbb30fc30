/** The cost of a request beside `fetch`, on a transport that answers at once. */
import { answerWith } from './child.mjs';
import { AI_SDK, BARE, callers, DROP_IN, GENERATE, LOOP, SDK } from './clients.mjs';
import { compete } from './measure.mjs';
import { added } from './rows.mjs';
import { checkSame, install, ok } from './transport.mjs';

await answerWith(import.meta, async () => {
  install(async () => ok());
  const contestants = await callers(BARE, SDK, LOOP, AI_SDK, DROP_IN, GENERATE);
  for (const [name, call] of Object.entries(contestants)) await checkSame(name, call);
  const results = await compete(contestants, 31);
  return added(results, { to: SDK, unit: 'µs', budgets: { [DROP_IN]: 0.5, [GENERATE]: 0.5 } });
});
