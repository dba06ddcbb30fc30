/** Contents of requests and answers, as the Gemini API writes them. */

/** A picture or file inside a part. */
export interface Blob {
  mimeType?: string;
  /** base64 */
  data?: string;
}

/** A part of a content. */
export interface Part {
  text?: string;
  inlineData?: Blob;
  fileData?: { mimeType?: string; fileUri?: string };
  thought?: boolean;
  thoughtSignature?: string;
  functionCall?: unknown;
  functionResponse?: unknown;
  executableCode?: unknown;
  codeExecutionResult?: unknown;
}

/** One turn of a conversation. */
export interface Content {
  role?: string;
  parts?: Part[];
}
