/** Plans: how to make so many pictures. Money is in USD. */

import type { Diagnosis, PatternFound, SeenOutcomes } from './diagnosis.js';
import type { Dimension } from './errors.js';
import type { CatalogRow, ImageSize, ModelStatus, Quality, TierName } from './models.js';
import type { ModelLimits } from './quota.js';

/** The options of `plan`. */
export interface PlanOptions {
  /** Pictures in each period, a whole number from 1. */
  images: number;
  /** The period; a month has thirty days. Default: `month`. */
  per?: 'day' | 'month' | undefined;
  /** The tier of your billing account. Default: `free`. */
  tier?: TierName | undefined;
  /** Default: `1K`. */
  size?: ImageSize | undefined;
  /** How good the pictures must be. Default: `best`. */
  quality?: Quality | undefined;
  /** Whether each request shows a picture to the model. Default: false. */
  edits?: boolean | undefined;
  /** Whether somebody waits for each picture. Default: false. */
  interactive?: boolean | undefined;
  /**
   * The errors that were seen: the result of `client.diagnose()`, or a list of errors, texts, infos, or
   * `{ at, error }` of these.
   */
  errors?: Diagnosis | SeenOutcomes | readonly unknown[] | undefined;
  /** Routes of your own, such as a proxy that sells the same models; `price` is USD a picture. */
  targets?: readonly { name: string; price: number; model?: string | undefined }[] | undefined;
  /** Limits that you know of your own tier, by model, as AI Studio shows them. */
  limits?: Readonly<Record<string, ModelLimits>> | undefined;
  /** Models of your own, as in `createClient`. */
  catalog?: readonly CatalogRow[] | undefined;
}

/** A cost, in USD. */
export interface Cost {
  perImage: number;
  perThousand: number;
  /** The pictures of a month. */
  perMonth: number;
}

/** A model or route, and what it costs. */
export interface CostRow {
  /** The id of the model; absent for a route that does not say. */
  model?: string;
  /** The name of the model or route. */
  name: string;
  /** `custom` for a route of your own. */
  route: 'google' | 'custom';
  status?: ModelStatus;
  /** The size that is priced: the one that was asked for, else the model's own. */
  size?: ImageSize;
  /** The part of the volume that the model cannot do: `size` or `reference images`. */
  lacks?: string;
  /** At the standard price, a reference image included where `edits` is set. */
  standard: Cost;
  /** In the Batch API; absent where that does not take the model. */
  batch?: Cost;
  /** With `serviceTier: 'flex'` on the Developer API, where the model has that. */
  flex?: Cost;
  /** The same with `serviceTier: 'priority'`. */
  priority?: Cost;
}

/** How long the volume takes with a model at a tier. */
export interface TierTime {
  model: string;
  tier: TierName;
  /** The condition on which an account is of the tier. */
  qualifies: string;
  /** Whether it is the tier that you named. */
  own: boolean;
  /**
   * Ms until the last picture of a period can be asked for, where requests go as soon as the known
   * limits let them; absent where that is never. The picture itself takes 4 to 40 s more.
   */
  time?: number;
  /** The limit that takes the most time; absent where none does. */
  binds?: Dimension;
  /** Pictures a day at most, by the known limits. */
  perDay?: number;
  /** Whether the limit of requests a minute is known; where it is not, only the money binds. */
  limitsKnown: boolean;
  /** USD that the account may spend in a month. */
  monthlyCap?: number;
  /** USD that a month of the volume costs. */
  monthlyCost: number;
  /** Whether each period's pictures are made within the period and the month's money. */
  keepsUp: boolean;
  /** Tokens that may wait in the Batch API. */
  batchTokens?: number;
}

/** One thing to do. */
export interface PlanStep {
  step:
    | 'billing'
    | 'retry'
    | 'fallback'
    | 'alerts'
    | 'queue'
    | 'higher_tier'
    | 'provisioned_throughput'
    | 'off_peak'
    | 'successor'
    | 'timeout'
    | 'batch'
    | 'cheaper_model'
    | 'proxy';
  /** Whether it is needed; else it is worth a look. */
  needed: boolean;
  why: string;
  how: string;
}

/** A plan for a volume of pictures. */
export interface Plan {
  /** Pictures a month. */
  perMonth: number;
  /** Under 100 a month, up to 1,000, or more. */
  volume: 'low' | 'medium' | 'high';
  /** The strategy that the volume asks for. */
  strategy: 'retry' | 'retry_fallback_alerts' | 'retry_fallback_queue';
  /** How long setting it up takes. */
  setup: string;
  /** The models to ask, in order of preference, for `createClient({ models })`. */
  chain: string[];
  /** The pattern behind `errors`, where those were given. */
  diagnosis?: PatternFound;
  /** The things to do, in order: those that are needed first. */
  steps: PlanStep[];
  /** The guide's questions, answered; `yes` is absent where nothing is known. */
  checklist: { question: string; yes?: boolean; then: string }[];
  /** How long a period's pictures take, by model and tier. */
  times: TierTime[];
  /** The costs of the volume, by model and route. */
  costs: CostRow[];
}
