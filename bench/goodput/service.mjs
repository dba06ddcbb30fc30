/** The fake service of a cell, and what is seen of the requests that it gets. */
import { emulator } from './packages.mjs';
import { numberIn } from './prompts.mjs';

/** Small pictures: large ones would only cost time here. */
const SMALL = { pictureSize: 8 };
const MODEL_IN_URL = /models\/([^:]+):/;

/** The options of the service in a situation. */
export const configOf = (situation, discipline, seed) => ({
  ...SMALL,
  ...situation.service,
  discipline,
  seed,
});

/**
 * Starts it.
 * @param answered called when an answer is there to be read
 */
export async function startService(config, answered) {
  const { createEmulator } = await emulator();
  const service = await createEmulator(config);
  const sent = [];
  const seen = async (input, init) => {
    const [, model] = MODEL_IN_URL.exec(String(input?.url ?? input)) ?? [];
    const request = { number: numberIn(String(init?.body)), model, at: Date.now() };
    sent.push(request);
    try {
      const response = await service.fetch(input, init);
      request.isServed = response.ok;
      return response;
    } finally {
      answered();
    }
  };
  return { fetch: seen, sent, ledger: () => service.ledger(), close: () => service.close() };
}
