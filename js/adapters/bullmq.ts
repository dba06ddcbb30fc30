/**
 * The same items as in `client.batch`, as jobs of BullMQ (5.64 or later, or 6) over Redis or Valkey:
 * for more than one machine. All durations are milliseconds.
 *
 * BullMQ itself is not imported: its queue, its jobs and the errors that it looks for are known by
 * their shape and name, so that whichever copy of it the caller has is the right one.
 */

import { digest } from '../base/digest.js';
import type { BatchRequest, BatchSource, KeyedRequest } from '../batch-types.js';
import { isKeyed, requestOf } from '../bulk/entry.js';
import type { Client } from '../client/client.js';
import { checkData } from '../client/data.js';
import { type GenerateError, isGenerateError } from '../errors.js';
import type { GenerateResult } from '../response.js';
import type { GenerateOptions } from '../types/options.js';

/** How long a job may hold its slot: for the longest attempt, 300 s at 4K, and as long before it. */
const DEADLINE = 600_000;

/** A day's quota puts a job back once a day, an outage every five minutes: 288 times a day. */
const PUT_BACKS = 1_000;

/** No job comes back sooner, in ms, so that none goes round and round. */
const LEAST_DELAY = 1_000;

/** When a job comes back whose turn did not come within its deadline, in ms. */
const NEXT_TURN = 30_000;

/** The most that is added in one round trip: jobs, and characters of JSON. */
const BULK = { jobs: 500, size: 1_000_000 };

/** A job of BullMQ, as far as it is used. */
export interface BullJob {
  id?: string | undefined;
  data: BatchRequest;
  progress: unknown;
  /** Attempts that failed. */
  attemptsMade: number;
  /** Times that a worker took it. */
  attemptsStarted: number;
  /** Times that the worker which had it was gone. */
  stalledCounter: number;
  moveToDelayed(timestamp: number, token?: string): Promise<void>;
  updateProgress(progress: object): Promise<void>;
}

/** A queue of BullMQ, as far as it is used. */
export interface BullQueue {
  addBulk(jobs: { name: string; data: KeyedRequest; opts: { jobId: string } }[]): Promise<unknown>;
}

/** Options of {@link createProcessor}; beside its own those of `client.generate`. */
export interface ProcessorOptions<Saved, QueueJob extends BullJob = BullJob>
  extends Omit<GenerateOptions, 'signal' | 'deadline'> {
  /**
   * Puts the pictures where they belong: they never go through Redis. It is awaited, and what it
   * gives must be small and JSON, as a path or an address. A job may be saved twice where its worker
   * was lost, so name the files by `job.id`.
   */
  save(result: GenerateResult, job: QueueJob): Saved | Promise<Saved>;
  /**
   * How long a job may hold its worker's slot for a picture, in ms. A wait that does not fit ends it
   * at once: the job is put back, and the slot is free. Default: 600,000.
   */
  deadline?: number | undefined;
  /** How often a job may be put back; beyond, it fails as an attempt does. Default: 1,000. */
  maxPutBacks?: number | undefined;
}

/** The `returnvalue` of a job. */
export interface JobReport<Saved> {
  /** The result of `save`. */
  saved: Saved;
  /** The model that made the picture. */
  model: string;
  /** The cost in USD; absent where no price is known. */
  cost?: number;
  /** The possible cost in USD, beside that, of answers lost since the job was last started. */
  possibleCost: number;
  /**
   * Whether an earlier start may have been billed too: its worker was killed while it had the job,
   * it was cut short or timed out, or its picture could not be saved.
   */
  possiblyPaidTwice: boolean;
}

/** The function that a `Worker` of BullMQ calls for each job. */
export type Processor<Saved, QueueJob extends BullJob = BullJob> = (
  job: QueueJob,
  token?: string,
  signal?: AbortSignal,
) => Promise<JobReport<Saved>>;

/**
 * Makes the processor for a `Worker` of BullMQ. A job's data is a request of a batch: a prompt, a
 * request, or one with a key, as `addAll` adds them.
 *
 * - What passes at a time that is known (`retryAt`: a spent day, money, a long wait of the service's,
 *   an outage) puts the job back as delayed until then. That costs none of the job's `attempts`, but
 *   BullMQ counts it as started: leave the worker's `maxStartedAttempts` alone.
 * - What cannot succeed without a change (a refused prompt, a wrong key, a budget that is used up)
 *   fails the job at once, whatever is left of its `attempts`.
 * - The rest, which the client has tried again already, is an attempt that failed: `attempts` and
 *   `backoff` of the job decide. So is every failure with an answer that was lost, since that may
 *   be billed.
 *
 * A job whose worker is killed is taken by another one, and its report says `possiblyPaidTwice`.
 * `worker.close()` lets what is with the service finish; `client.close()` before it puts everything
 * back at once. `worker.cancelJob(id)` ends a job's call at once, as an attempt that failed.
 *
 * @throws TypeError where `save` is no function.
 */
export function createProcessor<Saved, QueueJob extends BullJob = BullJob>(
  client: Pick<Client, 'generate' | 'quota'>,
  options: ProcessorOptions<Saved, QueueJob>,
): Processor<Saved, QueueJob> {
  const { save, maxPutBacks = PUT_BACKS, ...call } = options;
  if (typeof save !== 'function') throw new TypeError('unexhausted: `save` must be a function');
  // All three parameters, or BullMQ makes no signal.
  return async (job, token, signal) => {
    const possiblyPaidTwice = wasLost(job);
    let result: GenerateResult;
    try {
      checkData(requestOf(job.data));
      const own = { priority: 'background', deadline: DEADLINE, ...call } as const;
      result = await client.generate(requestOf(job.data), { ...own, signal });
    } catch (error) {
      const isLost = signal?.aborted || hasLostAnswer(error);
      if (isLost || isClosed(error)) await noteLoss(job);
      if (signal?.aborted) throw error instanceof Error ? error : new Error(String(error));
      // A start that may have been billed counts, or a request that always times out is paid for ever.
      const at = isLost ? undefined : await comesBack(client, error);
      if (at === undefined) throw isFinal(error) ? unrecoverable(error) : error;
      if (putBacks(job) >= maxPutBacks) throw error;
      await job.moveToDelayed(Math.max(at, Date.now() + LEAST_DELAY), token);
      throw named('DelayedError', 'the job was put back', error);
    }
    let saved: Saved;
    try {
      saved = await save(result, job);
    } catch (error) {
      // Another attempt would pay for another picture, which is not ours to decide.
      await noteLoss(job);
      throw unrecoverable(error);
    }
    const { model, cost, possibleCost } = result;
    const priced = cost === undefined ? {} : { cost };
    return { saved, model, ...priced, possibleCost, possiblyPaidTwice };
  };
}

/** Options of {@link addAll}. */
export interface AddAllOptions {
  /** The name of the jobs. Default: `generate`. */
  name?: string | undefined;
  /**
   * BullMQ's options for each job, as `attempts`, `backoff` and `priority`. Default: those of the
   * queue, `defaultJobOptions`.
   */
  opts?: object | undefined;
  /** Ends the adding: it rejects with the signal's reason. What was added stays. */
  signal?: AbortSignal | undefined;
}

/**
 * Adds requests to a queue, some hundreds in a round trip, and no sooner than Redis takes them. What
 * it takes from the source and has not added yet is 1 MB of JSON at most, or one request.
 *
 * The id of a job is its key, so that what is added again is not paid again for as long as Redis
 * keeps the job, done or not: mind `removeOnComplete`. In an id `:`, `%` and a number's first digit
 * stand as in a URL (`%3A`), since BullMQ allows neither a `:` nor a mere number.
 *
 * @returns how many requests were given to the queue, those included that it had already.
 * @throws TypeError where a request is neither a text nor an object, or names a `baseUrl`, `apiVersion` or
 * `headers` of its own; whatever the source or the queue
 * throws. What was added before stays.
 */
export async function addAll(
  queue: BullQueue,
  requests: BatchSource,
  options: AddAllOptions = {},
): Promise<number> {
  const { name = 'generate', opts, signal } = options;
  const seen = new Map<string, number>();
  let bulk: Parameters<BullQueue['addBulk']>[0] = [];
  let size = 0;
  let count = 0;
  const flush = async () => {
    signal?.throwIfAborted();
    if (bulk.length > 0) await queue.addBulk(bulk);
    count += bulk.length;
    bulk = [];
    size = 0;
  };
  for await (const request of requests) {
    const { data, length } = await keyed(request, seen);
    if (size + length > BULK.size || bulk.length >= BULK.jobs) await flush();
    bulk.push({ name, data, opts: { ...opts, jobId: jobId(data.key) } });
    size += length;
  }
  await flush();
  return count;
}

/** When a job is to be started again that lost nothing by this failure, in ms since 1970. */
async function comesBack(
  client: Pick<Client, 'quota'>,
  error: unknown,
): Promise<number | undefined> {
  if (!isGenerateError(error)) return undefined;
  if (error.retryAt !== undefined) return error.retryAt.getTime();
  // Other workers are there for it.
  if (isClosed(error)) return Date.now();
  if (error.isRetryable) {
    const rests = await restsUntil(client, error);
    if (rests !== undefined) return rests;
  }
  // Its turn never came.
  if (error.kind === 'deadline' && error.attempts.length === 0) return Date.now() + NEXT_TURN;
  return undefined;
}

/** A model that fails for everybody is no fault of this job's. */
async function restsUntil(
  client: Pick<Client, 'quota'>,
  error: GenerateError,
): Promise<number | undefined> {
  try {
    const reports = await client.quota();
    return reports.find(({ model }) => model === error.model)?.restsUntil?.getTime();
  } catch {
    // The quotas are out of reach: the job's own attempts have to do.
    return undefined;
  }
}

/** Whether the same request can only fail again; `generate` tells wrong ones by a `TypeError`. */
function isFinal(error: unknown): boolean {
  if (!isGenerateError(error)) return error instanceof TypeError;
  // More time is no other request.
  if (error.kind === 'deadline' || error.retryAt !== undefined) return false;
  return !error.isRetryable;
}

/** Whether the answer to a request was not waited for to its end, so that it may be billed. */
function hasLostAnswer(error: unknown): boolean {
  if (!isGenerateError(error)) return false;
  return error.attempts.some(({ kind }) => kind === 'cancelled' || kind === 'timeout');
}

/** Whether the client was closed, as a worker does that is to end soon. */
function isClosed(error: unknown): boolean {
  return isGenerateError(error) && error.kind === 'closed';
}

/** Whether BullMQ has found that a worker was gone, or a loss was noted here. */
function wasLost({ stalledCounter, progress }: BullJob): boolean {
  const noted = progress as { possiblyPaidTwice?: unknown } | null | undefined;
  return stalledCounter > 0 || noted?.possiblyPaidTwice === true;
}

async function noteLoss(job: BullJob): Promise<void> {
  if (!wasLost(job)) await job.updateProgress({ possiblyPaidTwice: true });
}

/** This start and those that failed or were lost are not among them. */
function putBacks({ attemptsStarted, attemptsMade, stalledCounter }: BullJob): number {
  return attemptsStarted - attemptsMade - stalledCounter - 1;
}

function unrecoverable(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return named('UnrecoverableError', message, error);
}

/** BullMQ tells its errors by their names. */
function named(name: string, message: string, cause: unknown): Error {
  return Object.assign(new Error(message, { cause }), { name });
}

async function keyed(
  request: BatchRequest,
  seen: Map<string, number>,
): Promise<{ data: KeyedRequest; length: number }> {
  const isRequest = typeof request === 'string' || (typeof request === 'object' && request);
  if (!isRequest) throw new TypeError('unexhausted: a request is a text or an object');
  checkData(requestOf(request));
  const json = JSON.stringify(request);
  if (isKeyed(request)) return { data: request, length: json.length };
  const hash = await digest(json, 32);
  const times = (seen.get(hash) ?? 0) + 1;
  seen.set(hash, times);
  const key = times === 1 ? hash : `${hash}#${times}`;
  return { data: { key, request }, length: json.length };
}

function jobId(key: string): string {
  const safe = key.replaceAll('%', '%25').replaceAll(':', '%3A');
  // BullMQ gives mere numbers itself.
  return /^-?\d+$/.test(safe) ? `%${safe.charCodeAt(0).toString(16)}${safe.slice(1)}` : safe;
}
