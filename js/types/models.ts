/** The catalogue of models. Money is in USD. */
import type { Protocol } from './target.js';

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

/** A size, its tokens and its prices. */
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

/** A model of the catalogue. */
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
  /** Anything else to be known of it, in words. */
  remark?: string;
  /** Whether the row is, or was changed by, one of your own. */
  own: boolean;
  /** The source of the row. */
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
  /** The source of these limits. */
  source: string;
}

/** Hours of the day in which overload is known, UTC. */
export interface PeakWindow {
  /** The first hour, from 0. */
  from: number;
  /** The hour in which it is over. */
  to: number;
  /** The region whose hours these are. */
  name: string;
}
