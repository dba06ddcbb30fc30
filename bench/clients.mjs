/** The clients that can make the request, ready to call; only those asked for are loaded. */
import { handRolled } from './loop.mjs';
import { ai, aiGoogle, genai, unexhausted } from './packages.mjs';
import { bare, KEY, MODEL, REQUEST } from './transport.mjs';

async function sdk() {
  const { GoogleGenAI } = await genai();
  const client = new GoogleGenAI({ apiKey: KEY });
  return () => client.models.generateContent(REQUEST);
}

/** Waits of 1 ms for everybody where there is something to retry. */
const SOON = { baseDelay: 1, maxDelay: 1, jitter: 0 };

/** No other client paces a crowd or has a circuit breaker: here ours does without them too. */
const UNPACED = { limits: 'none' };

async function client() {
  const { createClient } = await unexhausted();
  return createClient({ apiKey: KEY, models: [MODEL], retry: SOON, ...UNPACED });
}

const makers = {
  'bare fetch().json()': async () => bare,
  '@google/genai': sdk,
  'hand-rolled loop over @google/genai': async () => {
    const call = await sdk();
    return () => handRolled(call, 5, 1, 0);
  },
  'AI SDK generateText': async () => {
    const [{ generateText }, { createGoogle, createGoogleGenerativeAI }] = await Promise.all([
      ai(),
      aiGoogle(),
    ]);
    const model = (createGoogle ?? createGoogleGenerativeAI)({ apiKey: KEY })(MODEL);
    const providerOptions = { google: { ...REQUEST.config } };
    return () => generateText({ model, prompt: REQUEST.contents, providerOptions });
  },
  'unexhausted generateWithRetry()': async () => {
    const { configure, generateWithRetry } = await unexhausted();
    configure({ apiKey: KEY, ...UNPACED });
    return () => generateWithRetry(REQUEST);
  },
  'unexhausted generate()': async () => {
    const ours = await client();
    return () => ours.generate(REQUEST);
  },
};

export const BARE = 'bare fetch().json()';
export const SDK = '@google/genai';
export const LOOP = 'hand-rolled loop over @google/genai';
export const AI_SDK = 'AI SDK generateText';
export const DROP_IN = 'unexhausted generateWithRetry()';
export const GENERATE = 'unexhausted generate()';

/** The callers of these names, made once. */
export async function callers(...names) {
  const made = await Promise.all(names.map(async (name) => [name, await makers[name]()]));
  return Object.fromEntries(made);
}

export { client };
