/** Answers, as the Gemini API writes them. */
import type { Content } from './content.js';

/** One of the answers in an answer. */
export interface Candidate {
  content?: Content;
  finishReason?: string;
  finishMessage?: string;
  index?: number;
  [key: string]: unknown;
}

/** The verdict of the service on the prompt. */
export interface PromptFeedback {
  blockReason?: string;
  blockReasonMessage?: string;
  [key: string]: unknown;
}

/** Tokens of one modality. */
export interface ModalityTokenCount {
  modality?: string;
  tokenCount?: number;
}

/** The tokens that the service counted. */
export interface UsageMetadata {
  promptTokenCount?: number;
  candidatesTokenCount?: number;
  thoughtsTokenCount?: number;
  totalTokenCount?: number;
  promptTokensDetails?: ModalityTokenCount[];
  candidatesTokensDetails?: ModalityTokenCount[];
  [key: string]: unknown;
}

/** The fields of an answer. */
export interface GenerateContentResponseData {
  readonly candidates?: Candidate[];
  readonly promptFeedback?: PromptFeedback;
  readonly usageMetadata?: UsageMetadata;
  readonly modelVersion?: string;
  readonly responseId?: string;
  readonly createTime?: string;
}
