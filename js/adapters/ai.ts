/**
 * Middleware for the models of the AI SDK (`ai`, 7): their calls through the queue, the ledger and the
 * retries of this package. All durations are milliseconds.
 *
 * The SDK itself is not imported: models, results and the marks of its errors are known by their shape.
 */

import { finalError } from './ai-error.js';
import { type ImageResult, merged } from './ai-images.js';
import { type OpenedParts, opened, type Part, replayed } from './ai-stream.js';
import {
  type AdapterOptions,
  eitherSignal,
  expectedTokens,
  makesPictures,
  modelId,
  retryBy,
  type SdkCall,
} from './sdk-options.js';

export type { ImageResult, Warning } from './ai-images.js';
export type { AdapterOptions } from './sdk-options.js';

/** A model of the AI SDK, as far as it is used. */
export interface AiModel {
  readonly provider: string;
  readonly modelId: string;
}

/** The parameters of a call, as far as they are used. */
export interface AiParams {
  prompt?: unknown;
  files?: unknown;
  abortSignal?: AbortSignal | undefined;
}

/** A middleware for `wrapLanguageModel`. */
export interface LanguageMiddleware {
  readonly specificationVersion: 'v4';
  wrapGenerate<Params extends AiParams, Result>(call: {
    params: Params;
    model: AiModel & { doGenerate(params: Params): PromiseLike<Result> };
  }): Promise<Result>;
  wrapStream<Params extends AiParams, Result extends { stream: ReadableStream }>(call: {
    params: Params;
    model: AiModel & { doStream(params: Params): PromiseLike<Result> };
  }): Promise<Result>;
}

type MaxImages = number | undefined | ((about: { modelId: string }) => unknown);

/** A middleware for `wrapImageModel`. */
export interface ImageMiddleware {
  readonly specificationVersion: 'v4';
  overrideMaxImagesPerCall(): number;
  wrapGenerate<Params extends AiParams & { n: number }, Result extends ImageResult>(call: {
    params: Params;
    model: AiModel & {
      readonly maxImagesPerCall: MaxImages;
      doGenerate(params: Params): PromiseLike<Result>;
    };
  }): Promise<Result>;
}

/**
 * A middleware for `wrapLanguageModel`. The SDK's own retries end with the first error of it: that is an
 * `APICallError` whose `isRetryable` is false and whose `cause` is the original one. A stream is
 * retried until its first part has come; an error after that is a part of it, as without this.
 */
export function languageMiddleware(options: AdapterOptions = {}): LanguageMiddleware {
  return {
    specificationVersion: 'v4',
    async wrapGenerate({ params, model }) {
      const call = callOf(params, model, options, makesPictures(model.modelId) ? 1 : 0);
      const { result } = await calling(options, call, async (signal) => {
        const result = await model.doGenerate({ ...params, abortSignal: signal });
        return { ...usedByText(result), result };
      });
      return result;
    },
    async wrapStream({ params, model }) {
      const call = callOf(params, model, options, makesPictures(model.modelId) ? 1 : 0);
      const { result, ...parts } = await calling(options, call, async (signal) => {
        const result = await model.doStream({ ...params, abortSignal: signal });
        return { ...(await opened(result.stream as ReadableStream<Part>)), result };
      });
      return { ...result, stream: replayed(parts satisfies OpenedParts) };
    },
  };
}

/**
 * A middleware for `wrapImageModel`. Of the `n` pictures of a call each is a request in the queue of
 * its own (or as many as the model makes at once), and what comes is given: where some cannot be made, a
 * warning says how many and why. Where there is none, the first error ends the call, as in
 * {@link languageMiddleware}.
 */
export function imageMiddleware(options: AdapterOptions = {}): ImageMiddleware {
  return {
    specificationVersion: 'v4',
    // All of them come here at once: the SDK would drop those that there are where one fails.
    overrideMaxImagesPerCall: () => Number.MAX_SAFE_INTEGER,
    async wrapGenerate({ params, model }) {
      const one = async (n: number) => {
        const call = callOf(params, model, options, n);
        call.shouldRetryResult = ({ result }) =>
          isEmpty((result as { result: ImageResult }).result);
        const { result } = await calling(options, call, async (signal) => {
          const result = await model.doGenerate({ ...params, n, abortSignal: signal });
          return { ...usedByPictures(result), result };
        });
        return result;
      };
      const most = await mostPerCall(model);
      const counts = Array.from({ length: Math.ceil(params.n / most) }, (_, index) =>
        Math.min(most, params.n - index * most),
      );
      const outcomes = await Promise.allSettled(counts.map(one));
      params.abortSignal?.throwIfAborted();
      return merged(outcomes, params.n);
    },
  };
}

/** Makes a call; its error is one that the SDK does not try again. */
async function calling<T>(
  options: AdapterOptions,
  call: SdkCall,
  fn: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal } = call;
  try {
    return await retryBy(options, call, (own) => fn(eitherSignal(own, signal)));
  } catch (error) {
    if (signal?.aborted) throw error;
    throw finalError(error);
  }
}

/** A provider of the Gemini Developer API, whose limits those of the default client are. */
const DEVELOPER_API = 'google.generative-ai';

function callOf(
  { prompt, files, abortSignal }: AiParams,
  { provider, modelId: name }: AiModel,
  { client }: AdapterOptions,
  images: number,
): SdkCall {
  const isQueued = client !== undefined || provider.startsWith(DEVELOPER_API);
  const model = isQueued ? modelId(name) : undefined;
  return { model, tokens: expectedTokens([prompt, files]), images, signal: abortSignal };
}

async function mostPerCall(
  model: AiModel & { readonly maxImagesPerCall: MaxImages },
): Promise<number> {
  const { maxImagesPerCall: most } = model;
  const said = typeof most === 'function' ? await most.call(model, model) : most;
  return typeof said === 'number' && said >= 1 ? said : 1;
}

function isEmpty({ images, isRetryable }: ImageResult): boolean {
  return images.length === 0 && isRetryable !== false;
}

/** The answer of Google within a result, by which the ledger counts. */
function usedByText(result: unknown): object {
  return { response: (result as { response?: { body?: unknown } }).response?.body };
}

/** The same of pictures, whose results have no answer in them. */
function usedByPictures({ images, usage, providerMetadata }: ImageResult): object {
  const told = (providerMetadata?.['google'] as { usageMetadata?: object } | undefined)
    ?.usageMetadata;
  const counted = usage && {
    promptTokenCount: usage.inputTokens,
    candidatesTokenCount: usage.outputTokens,
  };
  const parts = images.map((data) => ({ inlineData: { data } }));
  return { usageMetadata: told ?? counted, candidates: [{ content: { parts } }] };
}
