/** The result of `generateWithFallback`. */
import type { GenerateContentResponse } from '../response.js';
import type { Attempt, SkippedTarget, Switch } from './attempts.js';

/** What `generateWithFallback` gives. */
export interface FallbackResult {
  result: GenerateContentResponse;
  /** The name of the model that made the picture, as `Nano Banana Pro`. */
  modelUsed: string;
  /** Its id. */
  model: string;
  /** What the answer costs in USD; absent for a model without a known price. */
  cost?: number;
  /** What answers that were lost on the way may have cost in USD. */
  possibleCost: number;
  attempts: Attempt[];
  /** The models that the call left for another, in order, and why. */
  switches: Switch[];
  /** The models that were left out, and why. */
  skipped: SkippedTarget[];
  /** The size that the model was asked for, where the request names one. */
  size?: string;
}
