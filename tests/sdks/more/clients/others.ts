import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { Agent } from '@mastra/core/agent';
import { OpenRouter } from '@openrouter/sdk';
import { generateText, streamText } from 'ai';
import { MODEL } from '../../faults.ts';
import { KEY, PROMPT, readAll, type Sdk, type Target } from '../../sdk.ts';

const google = ({ url }: Target) =>
  createGoogleGenerativeAI({ apiKey: KEY, baseURL: `${url}/v1beta` })(MODEL);
const compatible = (to: Target) => ({
  model: createOpenAICompatible({
    name: 'google',
    apiKey: KEY,
    baseURL: `${to.url}/v1beta/openai`,
  }).chatModel(MODEL),
  prompt: PROMPT,
  ...(to.ownRetries ? {} : { maxRetries: 0 }),
});

export const aiRetrying: Sdk = {
  name: 'ai, after its own retries',
  package: 'ai',
  dialect: 'google',
  retries: '`maxRetries`, here 1',
  isSlow: true,
  call: (to) => generateText({ model: google(to), prompt: PROMPT, maxRetries: 1 }),
};

export const openaiCompatible: Sdk = {
  name: 'ai + @ai-sdk/openai-compatible',
  package: '@ai-sdk/openai-compatible',
  dialect: 'openai',
  retries: '`maxRetries`, 2 by itself',
  call: (to) => generateText(compatible(to)),
  async stream(to) {
    let thrown: unknown;
    const onError = ({ error }: { error: unknown }): void => {
      thrown ??= error;
    };
    await streamText({ ...compatible(to), onError }).consumeStream({ onError: () => {} });
    if (thrown !== undefined) throw thrown;
    return [];
  },
};

const agent = (to: Target): Agent =>
  new Agent({
    id: 'painter',
    name: 'painter',
    instructions: 'You describe pictures.',
    // Its types know the answer of an older version alone.
    model: google(to) as never,
    ...(to.ownRetries ? {} : { maxRetries: 0 }),
  });

export const mastra: Sdk = {
  name: '@mastra/core',
  package: '@mastra/core',
  dialect: 'google',
  retries: '`maxRetries` of the agent, 0 by itself',
  call: (to) => agent(to).generate(PROMPT),
};

const router = ({ url, ownRetries }: Target): OpenRouter =>
  new OpenRouter({
    apiKey: KEY,
    serverURL: `${url}/api/v1`,
    ...(ownRetries ? {} : { retryConfig: { strategy: 'none' } }),
  });
const chat = { model: `google/${MODEL}`, messages: [{ role: 'user' as const, content: PROMPT }] };

export const openrouter: Sdk = {
  name: '@openrouter/sdk',
  package: '@openrouter/sdk',
  dialect: 'openrouter',
  retries: "`retryConfig: { strategy: 'none' }`; by itself 5xx for up to an hour",
  call: (to) => router(to).chat.send({ chatRequest: { ...chat, stream: false } }),
  stream: async (to) =>
    readAll(
      (await router(to).chat.send({
        chatRequest: { ...chat, stream: true },
      })) as AsyncIterable<unknown>,
    ),
};
