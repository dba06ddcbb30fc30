/** The guide: what pictures cost, how long they take, and what errors mean. */
import { ready, use } from '../module/load.js';
import type { Diagnosis, Outcome, SeenOutcomes } from '../types/diagnosis.js';
import type { CatalogRow, LimitRow, ModelInfo, PeakWindow } from '../types/models.js';
import type { Plan, PlanOptions } from '../types/plan.js';
import { ask } from './load.js';

/**
 * Lists every image model that is known: status, sizes, prices, abilities, and where that is from.
 *
 * @example
 * ```ts
 * for (const { id, status, sizes } of await models()) console.log(id, status, sizes[0]?.price);
 * ```
 */
export function models(): Promise<ModelInfo[]> {
  return modelsWith([]);
}

/** The same with rows of the caller's own. @internal */
export function modelsWith(rows: readonly CatalogRow[]): Promise<ModelInfo[]> {
  return ask('models', rows);
}

/**
 * Says how to make so many pictures: strategy, steps, the time that it takes at each tier, and what
 * it costs with each model and route. With `errors` it also says what is wrong.
 *
 * @throws `TypeError` for an unknown or wrong option, naming the known ones.
 */
export async function plan(options: PlanOptions): Promise<Plan> {
  const { errors } = (options ?? {}) as PlanOptions;
  if (errors === undefined) return ask('plan', options);
  return ask('plan', { ...options, errors: await summary(errors) });
}

/**
 * Lists the limits that were published, measured or told, by model and tier, each with its date and
 * source. Google publishes none per model any more: what a 429 says overrules them.
 *
 * @example
 * ```ts
 * const rows = await limits();
 * console.log(rows.filter(({ model }) => model === 'gemini-3-pro-image'));
 * ```
 */
export function limits(): Promise<LimitRow[]> {
  return ask('limits', null);
}

/** Lists the hours of the day, UTC, in which overload is known: those that `avoidPeak` keeps out of. */
export function peakWindows(): Promise<PeakWindow[]> {
  return ask('peakWindows', null);
}

/** The diagnosis of a client's history. @internal */
export async function diagnoseSeen(history: History): Promise<Diagnosis> {
  const found = await ask<Omit<Diagnosis, 'seen'>>('diagnose', history);
  return { ...found, seen: published(history) };
}

/** How a client's attempts ended, as the core gives it: moments in ms since 1970. @internal */
export interface History {
  outcomes: (Omit<Outcome, 'at'> & { at?: number })[];
  failingSince?: number;
  at: number;
}

/** The outcomes in a diagnosis, or in a list of errors, as the guide takes them. */
async function summary(errors: unknown): Promise<unknown> {
  if (Array.isArray(errors)) {
    await ready();
    const outcomes = errors.map(outcome);
    return { outcomes, at: Date.now() };
  }
  const seen = (errors as Diagnosis | null)?.seen ?? (errors as SeenOutcomes | null);
  if (typeof seen !== 'object' || seen === null) return seen;
  const ms = (at: Date | undefined) => (at === undefined ? undefined : new Date(at).getTime());
  const outcomes = seen.outcomes?.map((row) => ({ ...row, at: ms(row.at) }));
  return { outcomes, failingSince: ms(seen.failingSince), at: ms(seen.at) };
}

/** One error, or `{ at, error }`, as an outcome. */
function outcome(item: unknown): unknown {
  const timed = isTimed(item);
  const error = timed ? item.error : item;
  // An error that was classified before needs no second look.
  const info = isInfo(error) ? error : use().core.classifyError(error);
  const { kind, dimension, quotaLimit, model } = info;
  const at = timed ? new Date(item.at).getTime() : undefined;
  return { kind, dimension, limit: quotaLimit, model, count: 1, at };
}

function isTimed(item: unknown): item is { at: Date | number; error: unknown } {
  return typeof item === 'object' && item !== null && 'error' in item && 'at' in item;
}

interface Info {
  kind: string;
  dimension?: string;
  quotaLimit?: number;
  model?: string;
}

function isInfo(error: unknown): error is Info {
  const fields = error as Partial<Record<string, unknown>> | null;
  return (
    typeof fields === 'object' &&
    fields !== null &&
    typeof fields['kind'] === 'string' &&
    typeof fields['retry'] === 'string'
  );
}

function published({ outcomes, failingSince, at }: History): SeenOutcomes {
  const rows = outcomes.map((row) => {
    const { at: ms, ...rest } = row;
    return (ms === undefined ? rest : { ...rest, at: new Date(ms) }) as Outcome;
  });
  const since = failingSince === undefined ? {} : { failingSince: new Date(failingSince) };
  return { outcomes: rows, at: new Date(at), ...since };
}
