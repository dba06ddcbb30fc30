/** Answers, call-compatible with `@google/genai`, and the result of `generate`. */
import { guarded, use } from './module/load.js';
import type { Attempt, SkippedTarget, Switch } from './types/attempts.js';
import type { Blob, Part } from './types/content.js';
import type {
  Candidate,
  GenerateContentResponseData,
  PromptFeedback,
  UsageMetadata,
} from './types/response.js';

const headers = new WeakMap<object, Headers>();

/** Remembers what came with a body, for those who ask. */
export function cameWith(body: unknown, its: Headers): void {
  if (typeof body === 'object' && body !== null) headers.set(body, its);
}

/** The answer of the service, as it came, with the accessors of the SDK's class. */
export class GenerateContentResponse implements GenerateContentResponseData {
  declare readonly candidates?: Candidate[];
  declare readonly promptFeedback?: PromptFeedback;
  declare readonly usageMetadata?: UsageMetadata;
  declare readonly modelVersion?: string;
  declare readonly responseId?: string;
  declare readonly createTime?: string;

  readonly #headers: Headers | undefined;

  /** @internal */
  constructor(body: unknown) {
    if (typeof body !== 'object' || body === null) return;
    this.#headers = headers.get(body);
    const fields = this as Record<string, unknown>;
    try {
      for (const key of Object.keys(body)) {
        // A key of the body must not take the place of an accessor or of the prototype.
        if (!(key in GenerateContentResponse.prototype))
          fields[key] = (body as Record<string, unknown>)[key];
      }
    } catch {
      // A `fetch` of the caller's may give an object that cannot be read; it is no answer then.
    }
  }

  /** The text of the first candidate without its thoughts; `undefined` where there is none. */
  get text(): string | undefined {
    const texts = parts(this).filter(
      (part) => typeof part.text === 'string' && part.thought !== true,
    );
    return texts.length === 0 ? undefined : texts.map((part) => part.text).join('');
  }

  /**
   * The base64 of the last picture that is no thought. (The SDK joins all of
   * them, which no decoder reads; an interim picture comes before the final one.)
   */
  get data(): string | undefined {
    return pictures(this).at(-1)?.inlineData?.data;
  }

  /** The headers of the answer; `undefined` for one that was translated from another protocol. */
  get sdkHttpResponse(): { headers: Record<string, string> } | undefined {
    const its = this.#headers;
    return its === undefined ? undefined : { headers: Object.fromEntries(its) };
  }

  /** The function calls of the first candidate; `undefined` where there are none. */
  get functionCalls(): unknown[] | undefined {
    const calls = parts(this).flatMap((part) =>
      part.functionCall === undefined ? [] : [part.functionCall],
    );
    return calls.length === 0 ? undefined : calls;
  }
}

/** One picture. */
export class GeneratedImage {
  /** Its type, as `image/png`. Models differ: trust this. */
  readonly mimeType: string;
  /** Its bytes as base64. */
  readonly data: string;

  /** @internal */
  constructor(mimeType: string, data: string) {
    this.mimeType = mimeType;
    this.data = data;
  }

  /** Its bytes, decoded anew at each call. */
  bytes(): Uint8Array<ArrayBuffer> {
    // A Buffer of Node's decodes 24 MB thirty times as fast as the loop below.
    const { Buffer } = globalThis as {
      Buffer?: { from(text: string, encoding: 'base64'): Uint8Array };
    };
    if (Buffer !== undefined) return new Uint8Array(Buffer.from(this.data, 'base64'));
    return Uint8Array.from(atob(this.data), (char) => char.charCodeAt(0));
  }
}

/** The fields of a `GenerateResult`. */
export interface GenerateResultFields {
  response: GenerateContentResponse;
  model: string;
  requestedModel: string;
  attempts: readonly Attempt[];
  waited: number;
  cost: number | undefined;
  possibleCost: number;
  skipped: readonly SkippedTarget[];
  switches: readonly Switch[];
  size: string | undefined;
}

/** The result of `generate`. */
export class GenerateResult {
  /** The answer as it came. */
  readonly response: GenerateContentResponse;
  /** The model that made the picture. */
  readonly model: string;
  /** The model that the request or the chain names first, also where it was left out. */
  readonly requestedModel: string;
  /** Every attempt, in the order in which they ended. */
  readonly attempts: readonly Attempt[];
  /** The time that the call spent waiting, in ms. */
  readonly waited: number;
  /** The cost of the answer in USD; `undefined` for a model without a known price. */
  readonly cost: number | undefined;
  /** The possible cost in USD, beside `cost`, of answers that were lost on the way. */
  readonly possibleCost: number;
  /** The models that were left out, and what of the request they cannot do. */
  readonly skipped: readonly SkippedTarget[];
  /** The models that the call left for another, in order, and why. */
  readonly switches: readonly Switch[];
  /**
   * The size that the model was asked for, as `2K`, which `degrade` may have made smaller;
   * `undefined` where the request names none.
   */
  readonly size: string | undefined;

  /** @internal */
  constructor(fields: GenerateResultFields) {
    this.response = fields.response;
    this.model = fields.model;
    this.requestedModel = fields.requestedModel;
    this.attempts = fields.attempts;
    this.waited = fields.waited;
    this.cost = fields.cost;
    this.possibleCost = fields.possibleCost;
    this.skipped = fields.skipped;
    this.switches = fields.switches;
    this.size = fields.size;
  }

  /** The pictures, without interim ones that are marked as thoughts. */
  get images(): GeneratedImage[] {
    return imagesOf(this.response);
  }

  /** The text beside the pictures, if any. */
  get text(): string | undefined {
    return this.response.text;
  }

  /** The tokens that the service counted. */
  get usage(): UsageMetadata | undefined {
    return this.response.usageMetadata;
  }
}

/** The pictures of an answer. @internal */
export function imagesOf(response: GenerateContentResponse): GeneratedImage[] {
  return pictures(response).map(
    ({ inlineData }) => new GeneratedImage(typeOf(inlineData) ?? UNTOLD, inlineData?.data ?? ''),
  );
}

/** The parts of the first candidate; what is no list, or no object in it, is nothing. */
function parts(response: GenerateContentResponse): Part[] {
  return partsOf(list(response.candidates)[0]);
}

function partsOf(candidate: Candidate | undefined): Part[] {
  return list(candidate?.content?.parts);
}

function list<T>(value: T[] | undefined): T[] {
  return Array.isArray(value)
    ? value.filter((item) => typeof item === 'object' && item !== null)
    : [];
}

/** The pictures of all candidates, by the rule that the core counts them by. */
function pictures(response: GenerateContentResponse): Part[] {
  return list(response.candidates)
    .flatMap(partsOf)
    .filter(({ inlineData, thought }) => thought !== true && typeOf(inlineData) !== undefined);
}

const UNTOLD = 'application/octet-stream';
/** So many letters of base64 tell a type. */
const HEAD = 64;

/** The type of a picture, by its bytes before what is said of it; `undefined` for what is none. */
function typeOf(blob: Blob | undefined): string | undefined {
  const { data, mimeType } = (blob ?? {}) as { data?: unknown; mimeType?: unknown };
  if (typeof data !== 'string' || data === '') return undefined;
  const said = typeof mimeType === 'string' ? mimeType : undefined;
  return guarded(() => use().core.pictureType(data.slice(0, HEAD), said));
}
