/** The types of the catalogue and the guide. Money is in USD. */

import type { Dimension, GenerateErrorKind, ModelLimits, Protocol } from './types.js';

/** A size of picture. */
export type ImageSize = '512' | '1K' | '2K' | '4K';

/** A model of your own for the catalogue; what is absent is as in the built-in row, if any. */
export interface CatalogRow {
  /** The id that requests name. */
  id: string;
  /** The name that people use. Default: the id. */
  name?: string | undefined;
  /** Default: `stable`. A `retired` one is not asked at Google's address. */
  status?: ModelStatus | undefined;
  /** The id of the model to use instead. */
  successor?: string | undefined;
  /** How it is asked where its target does not say. Default: `gemini`. */
  protocol?: Protocol | undefined;
  /**
   * The sizes that it makes, with USD for one picture of each: pictures are then priced by this
   * alone, unless `imagePrice` is given too. Default: unknown, so that no size is refused and no cost
   * is told.
   */
  sizes?: { [Size in ImageSize]?: number | undefined } | undefined;
  /** Whether `imageSize` is sent. Default: true. */
  takesSize?: boolean | undefined;
  /** The aspect ratios that it takes, as `16:9`. Default: the fourteen of the newest models. */
  ratios?: readonly string[] | undefined;
  /** The most reference images. Default: 14. */
  references?: number | undefined;
  /** USD per million input tokens. Default: 0. */
  inputPrice?: number | undefined;
  /** USD per million output tokens of text and thinking. Default: 0. */
  textPrice?: number | undefined;
  /** USD per million output tokens of pictures. Default: a picture costs what its size does. */
  imagePrice?: number | undefined;
  /** Whether the Batch API takes it, at half the price. Default: true. */
  batch?: boolean | undefined;
  /** Parameters of `config` that it refuses, and that are left out for it, as `['seed']`. Default: none. */
  refuses?: readonly string[] | undefined;
  /** Its tiers of service beside the standard one, as `['flex']`. Default: any. */
  tiers?: readonly ('flex' | 'standard' | 'priority')[] | undefined;
}

/** Whether Google still serves a model. */
export type ModelStatus = 'stable' | 'preview' | 'deprecated' | 'retired';

/** How good pictures must be: `best` is Nano Banana Pro, `any` takes whatever is cheapest. */
export type Quality = 'best' | 'good' | 'any';

/** The tier of a billing account. */
export type TierName = 'free' | 'tier1' | 'tier2' | 'tier3';

/** What one size takes and costs. */
export interface SizeInfo {
  size: ImageSize;
  /** Output tokens of one picture; absent where pictures are not priced by them. */
  tokens?: number;
  /** USD for one picture at the standard price. */
  price: number;
  /** USD for one picture in the Batch API: half; absent where that does not take the model. */
  batchPrice?: number;
  /** USD for one picture with `serviceTier: 'flex'` on the Developer API, where the model has that. */
  flexPrice?: number;
  /** The same with `serviceTier: 'priority'`. */
  priorityPrice?: number;
}

/** What is known of one model. */
export interface ModelInfo {
  id: string;
  /** The name that people use, as `Nano Banana Pro`. */
  name: string;
  /** Names that lead to it: aliases and preview ids. */
  olderNames?: string[];
  status: ModelStatus;
  /** The day on which it came, as `2026-05-28`. */
  since?: string;
  /** The day on which it was deprecated. */
  deprecatedSince?: string;
  /** The days on which it ends, or has ended, by API; absent where none is known. */
  ends?: { gemini?: string; vertex?: string };
  /** The id of the model to use instead. */
  successor?: string;
  /** How it is asked where its target does not say. */
  protocol: Protocol;
  /** The sizes that it makes; none where nobody has said. */
  sizes: SizeInfo[];
  /** Whether `imageSize` may be sent. */
  takesSize: boolean;
  /** The aspect ratios that it takes. */
  ratios: string[];
  /** The most reference images. */
  references: number;
  /** Parameters of `config` that it refuses, which are left out for it; absent where there are none. */
  refuses?: string[];
  /** The tiers of service that it has on the Developer API; absent where it is gone. */
  tiers?: ('flex' | 'standard' | 'priority')[];
  /** The same on Vertex AI. */
  vertexTiers?: ('flex' | 'standard' | 'priority')[];
  /** The type of its pictures, as `image/jpeg`. */
  format?: string;
  /** USD per million input tokens. */
  inputPrice: number;
  /** USD per million output tokens of text and thinking. */
  textPrice: number;
  /** USD per million output tokens of pictures; absent where a picture costs what its size does. */
  imagePrice?: number;
  /** The most input tokens. */
  inputTokens?: number;
  /** The most output tokens. */
  outputTokens?: number;
  /** Input tokens of one reference image, where that was measured. */
  referenceTokens?: number;
  /** Whether there is a free tier for it. */
  freeTier: boolean;
  /** How good its pictures are; absent for a model of your own. */
  quality?: Quality;
  /** What else is to be known. */
  remark?: string;
  /** Whether the row is, or was changed by, one of your own. */
  own: boolean;
  /** Where the row is from. */
  source: string;
  /** The day on which the sources were read. */
  checked?: string;
}

/** Limits of a model at a tier, as somebody has told them. */
export interface LimitRow {
  /** The id of the model; `any` where none was named. */
  model: string;
  tier: TierName;
  /** Requests a minute: a number, or the least and the most that were told. */
  rpm?: number | [number, number];
  /** Input tokens a minute. */
  tpm?: number | [number, number];
  /** Pictures a minute; nobody has published any so far. */
  ipm?: number | [number, number];
  /** Requests a day. */
  rpd?: number | [number, number];
  /** The month or day of which it is, as `2025-11`. */
  date: string;
  /** Where it is from. */
  source: string;
}

/** Hours of the day in which overload is known, UTC. */
export interface PeakWindow {
  /** The first hour, from 0. */
  from: number;
  /** The hour in which it is over. */
  to: number;
  /** Whose hours these are. */
  name: string;
}

/** Attempts of one hour that ended alike. */
export interface Outcome {
  /** When the hour began; absent where it is not known. */
  at?: Date;
  model?: string;
  /** How they failed; absent for those that brought an answer. */
  kind?: GenerateErrorKind;
  /** What the limit counts that they were over. */
  dimension?: Dimension;
  /** That limit. */
  limit?: number;
  /** How many there were. */
  count: number;
}

/** How attempts ended, hour by hour: what a diagnosis rests on. */
export interface SeenOutcomes {
  /** Of the last seven days, the oldest first. */
  outcomes: Outcome[];
  /** Since when a model has failed for want of capacity without one success. */
  failingSince?: Date;
  /** When this was counted. */
  at: Date;
}

/** The pattern behind errors. */
export type Pattern =
  | 'nothing_seen'
  | 'healthy'
  | 'free_tier'
  | 'burst'
  | 'day_exhausted'
  | 'spend'
  | 'peak_overload'
  | 'outage'
  | 'overload'
  | 'mixed'
  | 'connection'
  | 'billing'
  | 'access'
  | 'retired'
  | 'refused'
  | 'request'
  | 'unknown';

/** What is wrong, and what to do. */
export interface PatternFound {
  pattern: Pattern;
  /** What is wrong, in a sentence. */
  summary: string;
  /** What to do about it. */
  action: string;
  /** The models that failed, the one that failed most first. */
  models: string[];
  /** How many attempts ended in which way. */
  numbers: {
    /** All that the service had a say in. */
    attempts: number;
    /** Those that brought an answer. */
    succeeded: number;
    /** Over a limit per minute, or a 429 that names none. */
    perMinute: number;
    /** Over a limit per day. */
    perDay: number;
    /** Over the money of ten minutes. */
    spend: number;
    /** The model is not in the tier. */
    notInTier: number;
    /** The service had no capacity, or failed. */
    overloaded: number;
    /** Of those whose hour is known, the share at the known hours of overload. */
    overloadedAtPeak?: number;
    /** No answer came: time was over, or the connection lost. */
    unanswered: number;
    /** All other failures. */
    other: number;
    /** For how many ms a model has failed for want of capacity without one success. */
    failingFor: number;
  };
  /** What was seen by hour of the day. */
  hours: {
    /** The hour, UTC, from 0. */
    hour: number;
    /** Whether it is in a known window of overload. */
    peak: boolean;
    attempts: number;
    /** Those that failed, in whatever way. */
    failed: number;
    /** Those that failed for want of capacity. */
    overloaded: number;
  }[];
}

/** What `client.diagnose()` gives. */
export interface Diagnosis extends PatternFound {
  /** What it rests on; `plan({ errors })` takes the whole. */
  seen: SeenOutcomes;
}

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
   * What was seen of errors: what `client.diagnose()` gave, or a list of errors, texts, infos, or
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

/** What something costs, in USD. */
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
  /** What of the volume the model cannot do: `size` or `reference images`. */
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
  /** What makes an account belong to the tier. */
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

/** What the guide says. */
export interface Plan {
  /** Pictures a month. */
  perMonth: number;
  /** Under 100 a month, up to 1,000, or more. */
  volume: 'low' | 'medium' | 'high';
  /** What the volume asks for. */
  strategy: 'retry' | 'retry_fallback_alerts' | 'retry_fallback_queue';
  /** How long setting it up takes. */
  setup: string;
  /** The models to ask, in order of preference, for `createClient({ models })`. */
  chain: string[];
  /** What is wrong, where `errors` were given. */
  diagnosis?: PatternFound;
  /** What to do, in order: first what is needed. */
  steps: PlanStep[];
  /** The guide's questions, answered; `yes` is absent where nothing is known. */
  checklist: { question: string; yes?: boolean; then: string }[];
  /** How long a period's pictures take, by model and tier. */
  times: TierTime[];
  /** What the volume costs, by model and route. */
  costs: CostRow[];
}
