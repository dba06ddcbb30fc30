/** The result of `generateWithFallback`. */
import type { GenerateContentResponse } from '../response.js';
import type { Attempt, SkippedTarget, Switch } from './attempts.js';

/** The result of `generateWithFallback`. */
export interface FallbackResult {
  result: GenerateContentResponse;
  /** The name of the model that made the picture, as `Nano Banana Pro`. */
  modelUsed: string;
  /** Its id. */
  model: string;
  /** The cost of the answer in USD; absent for a model without a known price. */
  cost?: number;
  /** The possible cost in USD of answers that were lost on the way. */
  possibleCost: number;
  attempts: Attempt[];
  /** The models that the call left for another, in order, and why. */
  switches: Switch[];
  /** The models that were left out, and why. */
  skipped: SkippedTarget[];
  /** The size that the model was asked for, where the request names one. */
  size?: string;
}
