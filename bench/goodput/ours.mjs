/** The package. Each process has its client; with a shared store they have that in common. */
import { unexhausted } from './packages.mjs';
import { KEY } from './post.mjs';
import { MODEL, SECOND } from './situations.mjs';

/** The options of a client. */
function optionsOf({ given, spendPer10Min, onDailyLimit }, store) {
  return {
    ...(Object.keys(given).length > 0 && { limits: { [MODEL]: given } }),
    ...(spendPer10Min !== undefined && { spendPer10Min }),
    ...(onDailyLimit !== undefined && { onDailyLimit }),
    ...(store !== undefined && { store }),
  };
}

/** A store that the clients of one cell share. */
async function storeOf(situation, shared) {
  if (!situation.isShared) return undefined;
  const { memoryStore } = await unexhausted();
  shared.store ??= memoryStore();
  return shared.store;
}

/**
 * @param shared an object that the processes of one cell have in common
 * @param isWithoutQuota leaves out what a build without the quota engine refuses
 */
export async function ours({ situation, fetch, shared, isWithoutQuota }) {
  const { createClient } = await unexhausted();
  const client = createClient({
    apiKey: KEY,
    fetch,
    models: situation.isChain ? [MODEL, SECOND] : [MODEL],
    ...(!isWithoutQuota && optionsOf(situation, await storeOf(situation, shared))),
  });
  const options = situation.isBatch && !isWithoutQuota ? { priority: 'background' } : {};
  return {
    async call(prompt) {
      const { images } = await client.generate(prompt, options);
      return images.length > 0;
    },
    close: () => client.close(),
  };
}
