/** The course of a call: its attempts, and the models that it left. Durations are milliseconds. */
import type { GenerateErrorKind } from './errors.js';

/** One attempt of a call. */
export interface Attempt {
  /** Its number, from 1. */
  attempt: number;
  /** The model that was asked. */
  model?: string;
  /** How long it took, in ms. */
  took: number;
  /** The wait before it, in ms. */
  waited: number;
  /** How it failed; absent for the one that succeeded. */
  kind?: GenerateErrorKind;
  /** The HTTP status of its error. */
  status?: number;
}

/** A model that a call left for another, by the `name` of its target where that has one. */
export interface Switch {
  from: string;
  /** With the size, where a smaller picture was asked for: `gemini-3-pro-image at 2K`. */
  to: string;
  /** Why: the error, or the limit that was in the way. */
  kind: GenerateErrorKind;
  /** The reason in words. */
  reason: string;
}

/** A model that was left out of a chain. */
export interface SkippedTarget {
  model: string;
  /**
   * The part of the request that it cannot do: `size`, `aspect ratio`, `reference images`, or, by another
   * protocol, `several turns`, `earlier pictures`, `files`, `tools`, `cached content`. Absent where
   * the model is retired.
   */
  lacks?: string;
  /** The reason in words. */
  reason: string;
}
