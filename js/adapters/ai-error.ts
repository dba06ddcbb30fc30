/** The error that ends the AI SDK's own retries. */
import { errorInfo, isGenerateError, remember } from '../errors.js';
import { classifyError } from './package-entry.js';

/** The marks by which every copy of the AI SDK knows its errors. */
const ANY = Symbol.for('vercel.ai.error');
const API_CALL = Symbol.for('vercel.ai.error.AI_APICallError');
const GATEWAY = Symbol.for('vercel.ai.gateway.error');

interface ApiFields {
  url?: string;
  requestBodyValues?: unknown;
  statusCode?: number;
  responseHeaders?: Record<string, string>;
  responseBody?: string;
  data?: unknown;
}

/** An `APICallError` of the AI SDK: `APICallError.isInstance` says so. */
class FinalApiCallError extends Error {
  override readonly name = 'AI_APICallError';
  readonly url: string;
  readonly requestBodyValues: unknown;
  readonly statusCode: number | undefined;
  readonly responseHeaders: Record<string, string> | undefined;
  readonly responseBody: string | undefined;
  readonly data: unknown;
  readonly isRetryable = false;

  constructor(message: string, status: number | undefined, theirs: ApiFields, cause: unknown) {
    super(message, { cause });
    this.url = theirs.url ?? '';
    this.requestBodyValues = theirs.requestBodyValues ?? {};
    this.statusCode = theirs.statusCode ?? status;
    this.responseHeaders = theirs.responseHeaders;
    this.responseBody = theirs.responseBody;
    this.data = theirs.data;
    for (const mark of [ANY, API_CALL]) Object.defineProperty(this, mark, { value: true });
  }
}

/** The error as the SDK shall see it: what it would never try again stays as it is. */
export function finalError(error: unknown): unknown {
  const marks = typeof error === 'object' && error !== null ? error : {};
  const isOther = ANY in marks && !(API_CALL in marks) && !(GATEWAY in marks);
  // A wrong option or parameter is no call that failed.
  if (isOther || (error instanceof TypeError && errorInfo(error) === undefined)) return error;
  const info = errorInfo(error) ?? classifyError(error);
  const message = error instanceof Error ? error.message : info.summary;
  const theirs = isGenerateError(error) ? {} : (marks as ApiFields);
  const final = new FinalApiCallError(message, info.status, theirs, error);
  remember(final, info);
  return final;
}
