/** `wrapGenAI` against the SDK's own types. */
import type { Chat, GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { type AdapterOptions, wrapGenAI } from '../../pkg/adapters/genai.js';
import { createClient, retryAfterOf } from '../../pkg/index.js';

declare const ai: GoogleGenAI;

/** The view is what the SDK's own client is. */
export const view: GoogleGenAI = wrapGenAI(ai);
export const options: AdapterOptions = { client: createClient(), deadline: 90_000, maxAttempts: 3 };

export async function calls(): Promise<void> {
  const wrapped = wrapGenAI(ai, options);
  const response: GenerateContentResponse = await wrapped.models.generateContent({
    model: 'gemini-3-pro-image',
    contents: 'a paper boat',
  });
  const chat: Chat = wrapped.chats.create({ model: 'gemini-3-pro' });
  for await (const chunk of await chat.sendMessageStream({ message: 'hi' })) {
    const said: string | undefined = chunk.text;
    void said;
  }
  void response;
}

export const wait: number | undefined = retryAfterOf(new Error('any'));

// @ts-expect-error A client of the SDK has models.
wrapGenAI({ chats: {} });
// @ts-expect-error The model is that of the call.
wrapGenAI(ai, { model: 'gemini-3-pro' });
// @ts-expect-error A deadline is each call's own, so it is no moment.
wrapGenAI(ai, { deadline: new Date() });
