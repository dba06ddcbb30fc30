/** The conditions that every ended call must meet, however odd the answers were. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { isGenerateError } from '../../../pkg/index.js';
import type { Trial } from './calls.ts';
import { checkInfo } from './errors.ts';

/** A message names each model of a chain, and how it failed. */
const MESSAGE = 6_000;

/** The most that a call without a deadline takes, in ms: each answer may name a wait of a day. */
const LONGEST = 8 * 86_400_000;

/** Prints an error without throwing: the fuzzer's errors may throw again when they are inspected. */
export function safely(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return 'something that cannot be shown';
  }
}

/** All that a value says, in the notations that a log may use. */
function shown(value: unknown): string {
  const seen = new Set<unknown>();
  const json = JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint' || typeof item === 'symbol') return String(item);
    if (typeof item !== 'object' || item === null) return item;
    if (seen.has(item)) return 'seen';
    seen.add(item);
    // Properties that are not enumerable count too, such as `message`, `stack` and `cause` of an error.
    const names = Array.isArray(item) ? Object.keys(item) : Object.getOwnPropertyNames(item);
    return Object.fromEntries(names.map((name) => [name, (item as never)[name]]));
  });
  return `${json}\n${inspect(value, { showHidden: true, depth: 12 })}`;
}

function checkSecrets({ secrets }: Trial, value: unknown, where: string): void {
  const text = shown(value);
  for (const secret of secrets) {
    const at = text.indexOf(secret);
    if (at === -1) continue;
    assert.fail(`${where} holds a secret: …${text.slice(Math.max(0, at - 60), at + 60)}…`);
  }
}

function checkDate(date: unknown): void {
  if (date === undefined) return;
  const isValid = date instanceof Date && !Number.isNaN(date.getTime());
  assert.ok(isValid, `retryAt is ${String(date)}`);
}

/** USD that may be missing. */
export function checkMoney(usd: unknown, what: string): void {
  if (usd === undefined) return;
  const isMoney = typeof usd === 'number' && Number.isFinite(usd) && usd >= 0;
  assert.ok(isMoney, `${what} is ${String(usd)}`);
}

/** Whether no model of the chain can do what was asked, which is told before any request. */
export const isRefused = (error: unknown): boolean =>
  safely(error).startsWith('TypeError: unexhausted: no model of the chain can');

function checkError(error: unknown, trial: Trial): void {
  const { way, aborted } = trial;
  if (aborted !== undefined) return;
  if (!isGenerateError(error)) {
    // An error of the caller's function is handed on as it is.
    if (way !== 'retry' && !isRefused(error)) assert.fail(`it failed with ${safely(error)}`);
    return;
  }
  assert.ok(!safely(error.cause).startsWith('RuntimeError'), 'it trapped');
  checkDate(error.retryAt);
  checkMoney(error.possibleCost, 'possibleCost');
  assert.ok(error.message.length <= MESSAGE, `a message of ${error.message.length} characters`);
  if (error.info !== undefined) checkInfo(error.info);
  // The errors that `retry` passes on are the caller's own, so secrets in them are too.
  if (way !== 'retry') checkSecrets(trial, error, 'the error');
}

interface Told {
  cost?: number;
  possibleCost: number;
  attempts: { took: number; waited: number }[];
  images?: { mimeType: unknown; data: string; bytes(): Uint8Array }[];
}

function checkResult(value: unknown, trial: Trial): void {
  const { way } = trial;
  if (way !== 'generate' && way !== 'generateWithFallback') return;
  const { cost, possibleCost, attempts, images = [] } = value as Told;
  checkMoney(cost, 'cost');
  checkMoney(possibleCost, 'possibleCost');
  for (const { took, waited } of attempts) assert.ok(took >= 0 && waited >= 0, 'a time below 0');
  for (const { mimeType, data, bytes } of images) {
    assert.equal(typeof mimeType, 'string', 'a type that is no text');
    assert.ok(data.length > 0 && bytes.call({ data }) instanceof Uint8Array);
  }
  // The answer itself is the caller's.
  const { response: _, result: __, ...rest } = value as Record<string, unknown>;
  checkSecrets(trial, rest, 'the result');
}

/** Checks a call that has ended. */
export function check(trial: Trial): void {
  const { ended, aborted, began, options, events, way } = trial;
  assert.ok(ended !== undefined, 'it never ends');
  if (aborted !== undefined) {
    assert.equal(ended.value, aborted.reason, 'what was aborted ended otherwise');
    assert.equal(ended.at, aborted.at, 'what was aborted ended later');
  }
  const took = ended.at - began;
  const most = (options.deadline as number | undefined) ?? LONGEST;
  assert.ok(took <= most, `it took ${took} ms of ${most}`);
  if (ended.failed) checkError(ended.value, trial);
  else checkResult(ended.value, trial);
  for (const event of events) {
    const { retryAt, info } = event as { retryAt?: unknown; info?: never };
    checkDate(retryAt);
    if (info !== undefined) checkInfo(info);
    if (way !== 'retry') checkSecrets(trial, event, 'an event');
  }
}
