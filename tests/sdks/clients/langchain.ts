import { ChatGoogle } from '@langchain/google';
import { ChatGoogleGenerativeAI } from '@langchain/google-genai';
import { MODEL } from '../faults.ts';
import { KEY, PROMPT, readAll, type Sdk, type Target } from '../sdk.ts';

const settings = (to: Target) => ({
  apiKey: KEY,
  model: MODEL,
  ...(to.ownRetries ? {} : { maxRetries: 0 }),
});
const open = (to: Target) => new ChatGoogleGenerativeAI({ ...settings(to), baseUrl: to.url });

export const langchainGenai: Sdk = {
  name: '@langchain/google-genai',
  package: '@langchain/google-genai',
  dialect: 'google',
  retries: '`maxRetries`, 6 by itself',
  call: (to) => open(to).invoke(PROMPT),
  stream: async (to) => readAll(await open(to).stream(PROMPT)),
};

const openGoogle = (to: Target) => new ChatGoogle({ ...settings(to), endpoint: to.url });

export const langchainGoogle: Sdk = {
  name: '@langchain/google',
  package: '@langchain/google',
  dialect: 'google',
  retries: '`maxRetries`, 6 by itself',
  call: (to) => openGoogle(to).invoke(PROMPT),
  stream: async (to) => readAll(await openGoogle(to).stream(PROMPT)),
};
