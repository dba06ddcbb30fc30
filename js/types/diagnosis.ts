/** Diagnoses: the outcomes that were seen, and the pattern behind them. */
import type { Dimension, GenerateErrorKind } from './errors.js';

/** Attempts of one hour that ended alike. */
export interface Outcome {
  /** When the hour began; absent where it is not known. */
  at?: Date;
  model?: string;
  /** How they failed; absent for those that brought an answer. */
  kind?: GenerateErrorKind;
  /** The dimension of the limit that they were over. */
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

/** The fault behind errors, and its remedy. */
export interface PatternFound {
  pattern: Pattern;
  /** The fault, in a sentence. */
  summary: string;
  /** The remedy, in a sentence. */
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
  /** Attempts by hour of the day. */
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

/** The result of `client.diagnose()`. */
export interface Diagnosis extends PatternFound {
  /** The outcomes that it rests on; `plan({ errors })` takes the whole diagnosis. */
  seen: SeenOutcomes;
}
