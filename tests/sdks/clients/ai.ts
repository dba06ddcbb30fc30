import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { generateText, streamText } from 'ai';
import { MODEL } from '../faults.ts';
import { KEY, PROMPT, type Sdk, type Target } from '../sdk.ts';

const settings = (to: Target) => ({
  model: createGoogleGenerativeAI({ apiKey: KEY, baseURL: `${to.url}/v1beta` })(MODEL),
  prompt: PROMPT,
  ...(to.ownRetries ? {} : { maxRetries: 0 }),
});

export const ai: Sdk = {
  name: 'ai + @ai-sdk/google',
  package: 'ai',
  dialect: 'google',
  retries: '`maxRetries`, 2 by itself',
  call: (to) => generateText(settings(to)),
  async stream(to) {
    let thrown: unknown;
    const onError = ({ error }: { error: unknown }): void => {
      thrown ??= error;
    };
    await streamText({ ...settings(to), onError }).consumeStream({ onError: () => {} });
    // It throws nothing: a caller hears of it here alone.
    if (thrown !== undefined) throw thrown;
  },
};

export const aiRetrying: Sdk = {
  ...ai,
  name: 'ai, after its own retries',
  retries: '`maxRetries`, here 1',
  // A wait of its own is two seconds at least; its error is another, so once it is waited for.
  call: (to) => generateText({ ...settings(to), maxRetries: 1 }),
};
delete aiRetrying.stream;
