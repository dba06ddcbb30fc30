/** Code that is written for `@google/genai` compiles against this package. */
import type {
  GenerateContentParameters,
  GoogleGenAI,
  GenerateContentResponse as Theirs,
} from '@google/genai';
import {
  type ClientOptions,
  createClient,
  type ErrorInfo,
  errorInfo,
  GenerateError,
  type GenerateErrorKind,
  type GenerateRequest,
  generateWithRetry,
  isGenerateError,
  type GenerateContentResponse as Ours,
  retry,
} from '../../pkg/index.js';

declare const theirs: Theirs;
declare const ours: Ours;
declare const ai: GoogleGenAI;

/** The fields of an answer that callers of the loop read. */
type Read = Pick<Theirs, 'text' | 'data'> & {
  candidates?: { content?: { parts?: { inlineData?: { data?: string; mimeType?: string } }[] } }[];
};
export const readings: Read[] = [ours];
export const texts: (string | undefined)[] = [theirs.text, ours.text, theirs.data, ours.data];

export const data: string | undefined = ours.candidates?.[0]?.content?.parts?.[0]?.inlineData?.data;
export const tokens: number | undefined = ours.usageMetadata?.totalTokenCount;

const request = {
  model: 'gemini-3-pro-image',
  contents: [{ role: 'user', parts: [{ text: 'a paper boat' }] }],
  config: { responseModalities: ['IMAGE'], imageConfig: { aspectRatio: '1:1', imageSize: '2K' } },
};

/** One request, written once, is taken by both. */
export const requests: [GenerateContentParameters, GenerateRequest] = [request, request];

declare const contents: GenerateContentParameters['contents'];

export async function prompts(): Promise<void> {
  await generateWithRetry(['a paper boat', 'on a calm lake']);
  await generateWithRetry([{ text: 'as a drawing' }, { inlineData: { mimeType: 'image/png' } }]);
  // Contents typed for the SDK are accepted.
  await generateWithRetry(contents);
  const { headers } = (await generateWithRetry('a paper boat')).sdkHttpResponse ?? {};
  headers?.['date']?.slice();
}

export async function calls(): Promise<void> {
  const five: Ours = await generateWithRetry('a paper boat', 5, 2_000);
  const options: Ours = await generateWithRetry('a paper boat', { maxRetries: 5 });
  // @ts-expect-error `maxAttempts` is the name elsewhere.
  await generateWithRetry('a paper boat', { maxAttempts: 5 });
  // @ts-expect-error There is no second number beside options.
  await generateWithRetry('a paper boat', { maxRetries: 5 }, 2_000);
  const response: Theirs = await retry(({ signal }) =>
    ai.models.generateContent({
      model: 'gemini-3-pro-image',
      contents: 'a paper boat',
      config: { abortSignal: signal },
    }),
  );
  const client = createClient({ on: { retry: ({ delay }) => delay.toFixed() } });
  const { images, cost } = await client.generate('a paper boat');
  const bytes: Uint8Array | undefined = images[0]?.bytes();
  const usd: number | undefined = cost;
  // @ts-expect-error No such event.
  client.on('retries', () => {});
  for (const value of [five, options, response, bytes, usd]) void value;
}

export function caught(error: unknown): GenerateErrorKind | undefined {
  if (error instanceof GenerateError) {
    const status: number | undefined = error.status;
    void status;
  }
  const info: ErrorInfo | undefined = errorInfo(error);
  return isGenerateError(error) ? error.kind : info?.kind;
}

// @ts-expect-error A name of another library.
export const wrong: ClientOptions = { retry: { retries: 3 } };

declare const parameters: GenerateContentParameters;
/** A request typed for the SDK needs no conversion. */
export const sameRequest: GenerateRequest = parameters;
