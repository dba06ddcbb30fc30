/** Google's other clients of the same service. */
import { googleAI } from '@genkit-ai/google-genai';
import { GoogleGenerativeAI } from '@google/generative-ai';
import { VertexAI } from '@google-cloud/vertexai';
import { GoogleAIBackend, getAI, getGenerativeModel } from 'firebase/ai';
import { getApps, initializeApp } from 'firebase/app';
import { genkit } from 'genkit';
import { MODEL } from '../../faults.ts';
import { KEY, PROMPT, REQUEST, readAll, type Sdk, type Target } from '../../sdk.ts';

const old = ({ url }: Target) =>
  new GoogleGenerativeAI(KEY).getGenerativeModel({ model: MODEL }, { baseUrl: url });

export const generativeAi: Sdk = {
  name: '@google/generative-ai',
  package: '@google/generative-ai',
  dialect: 'google',
  call: (to) => old(to).generateContent(PROMPT),
  stream: async (to) => readAll((await old(to).generateContentStream(PROMPT)).stream),
};

function firebaseModel({ url }: Target) {
  // It takes no path, so the project's name is what says the fault.
  const { origin, pathname } = new URL(url);
  const projectId = pathname.slice(1).replaceAll('/', '.');
  const known = getApps().find(({ name }) => name === projectId);
  const options = { apiKey: KEY, projectId, appId: 'nobody' };
  const ai = getAI(known ?? initializeApp(options, projectId), {
    backend: new GoogleAIBackend(),
  });
  return getGenerativeModel(ai, { model: MODEL }, { baseUrl: origin });
}

export const firebase: Sdk = {
  name: 'firebase',
  package: 'firebase',
  dialect: 'google',
  call: (to) => firebaseModel(to).generateContent(PROMPT),
  stream: async (to) => readAll((await firebaseModel(to).generateContentStream(PROMPT)).stream),
};

const kit = ({ url }: Target) => genkit({ plugins: [googleAI({ apiKey: KEY, baseUrl: url })] });

export const genkitSdk: Sdk = {
  name: 'genkit',
  package: 'genkit',
  dialect: 'google',
  retries: 'none by itself; the middleware `retry()`',
  call: (to) => kit(to).generate({ model: googleAI.model(MODEL), prompt: PROMPT }),
  async stream(to) {
    const { stream, response } = kit(to).generateStream({
      model: googleAI.model(MODEL),
      prompt: PROMPT,
    });
    const chunks = await readAll(stream);
    return [chunks, await response];
  },
};

/** It knows no other scheme than https: what goes to the loopback service leaves without it. */
const send = globalThis.fetch;
globalThis.fetch = (input, init) =>
  send(typeof input === 'string' ? input.replace(/^https:\/\/127\./, 'http://127.') : input, init);

function vertexModel({ url }: Target) {
  const authClient = { getAccessToken: async () => ({ token: KEY }) };
  const vertex = new VertexAI({
    project: 'nobody',
    location: 'global',
    apiEndpoint: url.replace('http://', ''),
  });
  const model = vertex.getGenerativeModel({ model: MODEL });
  // A token is not asked of anybody.
  Object.assign(model, { googleAuth: authClient, fetchToken: async () => KEY });
  Object.assign((model as unknown as { googleAuth: object }).googleAuth, {
    getAccessToken: async () => KEY,
  });
  return model;
}

export const vertexai: Sdk = {
  name: '@google-cloud/vertexai',
  package: '@google-cloud/vertexai',
  dialect: 'google',
  call: (to) => vertexModel(to).generateContent(REQUEST),
  stream: async (to) => readAll((await vertexModel(to).generateContentStream(REQUEST)).stream),
};
