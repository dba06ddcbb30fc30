/**
 * The AI SDK's `generateImage` with the two retries that it has by itself, behind p-limit, which lets
 * as many through as `loop` does. In a chain the next model is asked where that has failed, and nobody
 * queues.
 */
import { ai, aiGoogle } from '../packages.mjs';
import { inFlight } from './pace.mjs';
import { pLimit } from './packages.mjs';
import { KEY } from './post.mjs';
import { MODEL, SECOND } from './situations.mjs';

export async function aiSdk({ situation, fetch }) {
  const [{ generateImage }, { createGoogle }] = await Promise.all([ai(), aiGoogle()]);
  const google = createGoogle({ apiKey: KEY, fetch });
  const make = async (model, prompt) => {
    const { images } = await generateImage({ model: google.image(model), prompt });
    return images.length > 0;
  };
  const limit = (await pLimit())(inFlight(situation));
  const chain = async (prompt) => {
    try {
      return await make(MODEL, prompt);
    } catch {
      return make(SECOND, prompt);
    }
  };
  const one = (prompt) => limit(() => make(MODEL, prompt));
  return { call: situation.isChain ? chain : one, close() {} };
}
