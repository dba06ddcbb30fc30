/** The middleware against the AI SDK's own types. */
import { createGoogle } from '@ai-sdk/google';
import {
  type ImageModel,
  type ImageModelMiddleware,
  type LanguageModel,
  type LanguageModelMiddleware,
  wrapImageModel,
  wrapLanguageModel,
} from 'ai';
import { imageMiddleware, languageMiddleware } from '../../../pkg/adapters/ai.js';
import { createClient } from '../../../pkg/index.js';

const google = createGoogle();
const client = createClient();

export const forTexts: LanguageModelMiddleware = languageMiddleware({ client, deadline: 60_000 });
export const forPictures: ImageModelMiddleware = imageMiddleware({ priority: 'background' });

export const language: LanguageModel = wrapLanguageModel({
  model: google('gemini-3-pro'),
  middleware: [languageMiddleware({ maxAttempts: 3 }), forTexts],
});
export const pictures: ImageModel = wrapImageModel({
  model: google.image('gemini-3-pro-image'),
  middleware: imageMiddleware(),
});

// @ts-expect-error The model is that of the call.
languageMiddleware({ model: 'gemini-3-pro' });
// @ts-expect-error The signal is that of the call.
imageMiddleware({ signal: AbortSignal.abort() });
// @ts-expect-error A deadline is each call's own, so it is no moment.
imageMiddleware({ deadline: new Date() });
