import { GoogleGenAI } from '@google/genai';
import { MODEL } from '../faults.ts';
import { KEY, PROMPT, readAll, type Sdk, type Target } from '../sdk.ts';

const open = ({ url }: Target): GoogleGenAI =>
  new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: url } });
const request = { model: MODEL, contents: PROMPT };

export const genai: Sdk = {
  name: '@google/genai',
  package: '@google/genai',
  dialect: 'google',
  retries: 'none by itself; `httpOptions: { retryOptions: { attempts } }`',
  call: (to) => open(to).models.generateContent(request),
  stream: async (to) => readAll(await open(to).models.generateContentStream(request)),
};

export const genaiRetrying: Sdk = {
  ...genai,
  name: '@google/genai, retryOptions',
  retries: '`httpOptions: { retryOptions: { attempts } }`, here 2',
  call(to) {
    const retryOptions = { attempts: to.ownRetries ? 2 : 1 };
    return new GoogleGenAI({
      apiKey: KEY,
      httpOptions: { baseUrl: to.url, retryOptions },
    }).models.generateContent(request);
  },
};

export const interactions: Sdk = {
  name: '@google/genai, interactions',
  package: '@google/genai',
  dialect: 'google',
  retries: '`maxRetries` of the second argument, 4 by itself',
  call: (to) =>
    open(to).interactions.create(
      { model: MODEL, input: PROMPT },
      to.ownRetries ? {} : { maxRetries: 0 },
    ),
};
