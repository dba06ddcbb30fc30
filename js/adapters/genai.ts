/**
 * The calls of a client of `@google/genai` through the queue, the ledger and the retries of this
 * package. All durations are milliseconds.
 *
 * The SDK itself is not imported: its client is known by its shape, so that whichever copy of it the
 * caller has is the right one, and its types stay its own.
 */

import {
  type AdapterOptions,
  eitherSignal,
  expectedTokens,
  makesPictures,
  modelId,
  retryBy,
  type SdkCall,
} from './sdk-options.js';
import { type Chunk, opened, rest } from './sdk-stream.js';

export type { AdapterOptions } from './sdk-options.js';

/** A client of `@google/genai`, as far as it is used. */
export interface GenAI {
  readonly vertexai?: boolean;
  readonly models: object;
  readonly chats: object;
}

interface Config {
  abortSignal?: AbortSignal;
  candidateCount?: number;
  httpOptions?: object;
  responseModalities?: string[];
  systemInstruction?: unknown;
  tools?: unknown[];
}

interface Params {
  model: string;
  contents: unknown;
  config?: Config;
}

interface Models {
  generateContent(params: Params): Promise<unknown>;
  generateContentStream(params: Params): Promise<AsyncGenerator<Chunk>>;
}

const wrapped = Symbol.for('unexhausted.wrapGenAI');

/**
 * Gives a view of a client of `@google/genai` (1.52 to 3) whose `models.generateContent`,
 * `models.generateContentStream` and chats are retried, and wait in the queue of their model. All else is
 * the client's own, which stays as it is. Several views with several options are fine.
 *
 * - The SDK's own retries (`httpOptions.retryOptions`) are off for these calls, but in version 1 and early
 *   versions 2, which have them for a whole client.
 * - A stream is retried until its first chunk has come. One that ends before its `finishReason`, which
 *   the SDK takes for its end, throws.
 * - A call with callable tools is not tried again once one of them was called.
 *
 * @param ai a client; one that is such a view already is given back.
 * @returns the view; its calls throw the very errors of the SDK, and `errorInfo(error)` tells what is
 * known of them.
 * @throws TypeError for what is no client of the SDK.
 */
export function wrapGenAI<AI extends GenAI>(ai: AI, options: AdapterOptions = {}): AI {
  if (wrapped in ai) return ai;
  // The chats ask the models that they were made with.
  if (!('modelsModule' in ai.chats) || !('generateContent' in ai.models)) {
    throw new TypeError('unexhausted: wrapGenAI takes a client of @google/genai');
  }
  const theirs = ai.models as Models;
  const isQueued = options.client !== undefined || ai.vertexai !== true;
  const generateContent = (params: Params) => {
    const { call, attempt } = prepared(params, isQueued, options);
    return retryBy(options, call, (signal) => theirs.generateContent(attempt(signal)));
  };
  const generateContentStream = async (params: Params) => {
    const { call, attempt } = prepared(params, isQueued, options);
    return rest(
      await retryBy(options, call, async (signal) =>
        opened(await theirs.generateContentStream(attempt(signal))),
      ),
    );
  };
  const models = over(theirs, { generateContent, generateContentStream });
  return over(ai, { models, chats: over(ai.chats, { modelsModule: models }), [wrapped]: true });
}

/** One call for the queue, and its parameters as the SDK gets them for each attempt. */
function prepared(
  params: Params,
  isQueued: boolean,
  options: AdapterOptions,
): { call: SdkCall; attempt: (signal: AbortSignal) => Params } {
  const { model, contents, config = {} } = params;
  const { abortSignal, candidateCount = 1, responseModalities, systemInstruction } = config;
  const makesImages = responseModalities?.some((name) => name.toUpperCase() === 'IMAGE');
  const call: SdkCall = {
    model: isQueued ? modelId(model) : undefined,
    tokens: expectedTokens([contents, systemInstruction]),
    images: (makesImages ?? makesPictures(model)) ? candidateCount : 0,
    signal: abortSignal,
  };
  let { tools } = config;
  if (tools?.some(isCallable)) {
    let called = false;
    tools = tools.map((tool) =>
      isCallable(tool)
        ? watched(tool, () => {
            called = true;
          })
        : tool,
    );
    // The SDK would ask from the beginning, and call them all again.
    call.shouldRetry = (context) => (called ? false : options.shouldRetry?.(context));
  }
  const attempt = (signal: AbortSignal): Params => ({
    ...params,
    config: {
      ...config,
      ...(tools === undefined ? {} : { tools }),
      abortSignal: eitherSignal(signal, abortSignal),
      // The SDK merges these into those of its client, so that nothing but another value ends them.
      httpOptions: { ...config.httpOptions, retryOptions: false },
    },
  });
  return { call, attempt };
}

interface CallableTool {
  callTool(calls: unknown): Promise<unknown>;
}

function isCallable(tool: unknown): tool is CallableTool {
  return typeof (tool as Partial<CallableTool> | undefined)?.callTool === 'function';
}

/** The same tool, by whose class the SDK knows one of MCP. */
function watched(tool: CallableTool, onCall: () => void): CallableTool {
  return new Proxy(tool, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      if (key !== 'callTool') return value.bind(target);
      return (calls: unknown) => {
        onCall();
        return target.callTool(calls);
      };
    },
  });
}

/** The same object with other fields: what it has by getters and privately stays its own. */
function over<T extends object>(theirs: T, fields: object): T {
  return Object.create(theirs, Object.getOwnPropertyDescriptors(fields)) as T;
}
