/** Requests: a prompt, or all that the Gemini API takes. */
import type { Content, Part } from './content.js';

/** `config.imageConfig`. */
export interface ImageConfig {
  /** As `16:9`. */
  aspectRatio?: string;
  /** `512`, `1K`, `2K` or `4K`, where the model takes it. */
  imageSize?: string;
}

/**
 * `config.httpOptions`, as far as it is honoured; only the timeout is for targets of every protocol. What a
 * batch or a job of a queue asks for is data: there `baseUrl`, `apiVersion` and `headers` are refused.
 */
export interface HttpOptions {
  /** An address other than the client's gets neither the client's key nor its headers. */
  baseUrl?: string;
  apiVersion?: string;
  headers?: Record<string, string>;
  /** In ms, for each attempt. */
  timeout?: number;
  /** Merged into the body. */
  extraBody?: Record<string, unknown>;
}

/** The config of a request: what `ai.models.generateContent` takes. */
export interface GenerateContentConfig {
  responseModalities?: string[];
  imageConfig?: ImageConfig;
  systemInstruction?: string | Part | Content | readonly (string | Part)[];
  safetySettings?: unknown[];
  tools?: unknown[];
  toolConfig?: unknown;
  cachedContent?: string;
  /**
   * `flex` is served when there is room, for half, and by default gets 15 minutes; `priority` before
   * others, for 1.8 times the price. Reserved as asked, counted as served. Refused where no model of the
   * chain has it, and left out, with a warning, for those that have not.
   */
  serviceTier?: string;
  store?: boolean;
  /** On Vertex alone; left out elsewhere, with a warning. */
  labels?: Record<string, string>;
  /** On Vertex alone; other targets are skipped. */
  modelArmorConfig?: unknown;
  thinkingConfig?: { thinkingLevel?: string; includeThoughts?: boolean; thinkingBudget?: number };
  candidateCount?: number;
  maxOutputTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  seed?: number;
  stopSequences?: string[];
  presencePenalty?: number;
  frequencyPenalty?: number;
  responseMimeType?: string;
  responseSchema?: unknown;
  responseJsonSchema?: unknown;
  mediaResolution?: string;
  speechConfig?: unknown;
  logprobs?: number;
  responseLogprobs?: boolean;
  httpOptions?: HttpOptions;
  abortSignal?: AbortSignal;
  /** @deprecated Mapped to `imageConfig`, with one warning. */
  imageResolution?: string;
}

/** The contents of a request: a text, parts, or turns of a conversation. */
export type Contents = string | Part | Content | readonly (string | Part | Content)[];

/** Contents alone ask for a picture at 1K; everything else is said in a request. */
export type Prompt = Contents | GenerateRequest;

/** A request as `ai.models.generateContent` takes it, or the body of the REST API. */
export interface GenerateRequest {
  /** Asked first; `generate` goes on to the client's chain. Default: the first of that chain. */
  model?: string;
  contents: Contents;
  config?: GenerateContentConfig;
  generationConfig?: Record<string, unknown>;
  systemInstruction?: Content;
  safetySettings?: unknown[];
  tools?: unknown[];
  toolConfig?: unknown;
  cachedContent?: string;
  serviceTier?: string;
  store?: boolean;
}
