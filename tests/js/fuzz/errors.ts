/** The classifier on arbitrary values. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import {
  classifyError,
  type ErrorInfo,
  errorInfo,
  getRetryDelay,
  retry,
} from '../../../pkg/index.js';
import { refusal } from './bodies.ts';
import { Dice } from './dice.ts';
import * as foreign from './foreign.ts';
import type { Fuzz } from './fuzz.ts';
import * as odd from './odd.ts';

/** A year: no wait that a server names is longer. */
const LONGEST = 365 * 86_400_000;
const SENTENCE = 1_000;

/** The conditions that every info meets. */
export function checkInfo(info: ErrorInfo): void {
  assert.ok(['soon', 'later', 'never'].includes(info.retry), `retry is ${info.retry}`);
  for (const name of ['summary', 'advice', 'message'] as const) {
    const line = info[name];
    assert.ok(line.length <= SENTENCE, `${name} has ${line.length} characters`);
    assert.ok(!/[\r\n]/.test(line), `${name} has several lines`);
  }
  assert.ok(info.summary.length > 0, 'it says nothing');
  const { retryAfter = 0, retryAt, violations } = info;
  assert.ok(retryAfter >= 0 && retryAfter <= LONGEST, `retryAfter is ${retryAfter}`);
  assert.ok(retryAt === undefined || !Number.isNaN(retryAt.getTime()), 'retryAt is no date');
  assert.ok(violations.length <= 64, `${violations.length} violations`);
}

/** The same as a text, as logs, printers and other languages have it. */
function printed(dice: Dice, given: unknown): string {
  const json = odd.write(given);
  return dice.pick([
    () => json,
    () => JSON.stringify(json),
    () => inspect(given, { depth: dice.below(6), compact: dice.chance(0.5) }),
    () => `${dice.below(600)} ${json}`,
    () => json.replaceAll('"', "'").replaceAll('null', 'None').replaceAll('true', 'True'),
    () => `[GoogleGenerativeAI Error]: Error fetching from https://x.test: [${json}] ${json}`,
    () => json.replaceAll('{', '{\n  ').replaceAll(',', ',\n  ').replaceAll('":', ' =>'),
    () => odd.damage(dice, json),
  ])();
}

function error(dice: Dice): unknown {
  const plain = odd.mutate(dice, refusal(dice, dice.pick([400, 429, 503])));
  // Longer texts are left to the crate's own fuzzer, which is a hundred times as fast.
  const text = printed(dice, plain).slice(0, 10_000);
  const status = dice.pick([odd.number(dice), 429, 503, undefined]);
  return dice.pick([
    () => text,
    () => plain,
    () => ({ status, headers: { 'retry-after': odd.retryAfter(dice) }, body: text }),
    () => ({ status, headers: new Headers([['retry-after', '7']]), body: plain }),
    () => Object.assign(new Error(text), { status, errors: [plain, text], body: plain }),
    () => foreign.thrown(dice, text),
    () => foreign.thrown(dice, plain),
    () => foreign.value(dice, plain),
  ])();
}

/** Errors of anybody: never a trap, and what is said of them is bounded. */
export const errors: Fuzz = {
  name: 'errors',
  async run(seed) {
    const dice = new Dice(seed);
    const given = error(dice);
    checkInfo(classifyError(given));
    const delay = getRetryDelay(given, dice.pick([1, 2, 60, 1e9]));
    // A part of a wait comes on top of it, so that not all come back at once.
    assert.ok(delay === null || (delay >= 0 && delay <= 1.25 * LONGEST), `a delay of ${delay}`);
    // One that a call of the caller's throws is handed on as it is.
    const { thrown } = await retry(() => Promise.reject(given), { maxAttempts: 1 }).then(
      () => assert.fail('it succeeded'),
      // In an object, since it may look like a promise.
      (reason: unknown) => ({ thrown: reason }),
    );
    assert.ok(Object.is(thrown, given), 'another error than was thrown');
    const known = errorInfo(thrown);
    if (known !== undefined) checkInfo(known);
  },
};
