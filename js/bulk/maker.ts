/** The client as a batch sees it. */
import type { BatchOptions, BatchRun } from '../batch-types.js';
import type { GenerateResult } from '../response.js';
import type { ClientEvents } from '../types/events.js';
import type { Jobs } from '../types/jobs.js';
import type { GenerateOptions } from '../types/options.js';
import type { GenerateRequest } from '../types/request.js';

/** Called by a call before and after each of its requests. */
export interface AdmissionHook {
  /** Resolves once the request may be sent; rejects where it may not. */
  pass(model: string, usd: number): Promise<void>;
  failed(possiblyBilled: boolean): void;
}

/** Makes pictures by jobs. */
export interface JobMaker {
  readonly jobs: Jobs;
  /** The price of a request in a job, in USD. @throws where its model has no jobs. */
  priceInJob(request: string | GenerateRequest, model: string | undefined): number;
}

export interface Maker extends JobMaker {
  check(options: BatchOptions): Promise<void>;
  make(
    request: string | GenerateRequest,
    options: GenerateOptions,
    admission: AdmissionHook,
  ): Promise<GenerateResult>;
  /** A batch has begun, or ended: its client waits for it before it closes. */
  began(run: BatchRun): void;
  ended(run: BatchRun): void;
  onWaiting(listener: (event: ClientEvents['waiting']) => void): () => void;
}
