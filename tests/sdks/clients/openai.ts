import OpenAI from 'openai';
import { MODEL } from '../faults.ts';
import { KEY, PROMPT, readAll, type Sdk, type Target } from '../sdk.ts';

const open = (to: Target): OpenAI =>
  new OpenAI({
    apiKey: KEY,
    baseURL: `${to.url}/v1beta/openai/`,
    ...(to.ownRetries ? {} : { maxRetries: 0 }),
  });
const request = { model: MODEL, messages: [{ role: 'user' as const, content: PROMPT }] };

export const openai: Sdk = {
  name: 'openai',
  package: 'openai',
  dialect: 'openai',
  retries: '`maxRetries`, 2 by itself',
  call: (to) => open(to).chat.completions.create(request),
  stream: async (to) =>
    readAll(await open(to).chat.completions.create({ ...request, stream: true })),
};
