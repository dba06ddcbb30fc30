/** Answers of hostile and careless services, through the built package. */
import assert from 'node:assert/strict';
import FakeTimers from '@sinonjs/fake-timers';
import { type GenerateError, isGenerateError } from '../../../pkg/index.js';
import * as load from '../../../pkg/module/load.js';
import { NOON, TIMERS, turns } from '../support/clock.ts';
import { PROMPT } from './bodies.ts';
import { begin, type Trial } from './calls.ts';
import { check, checkMoney, isRefused, safely } from './checks.ts';
import { Dice } from './dice.ts';
import { Found, type Fuzz } from './fuzz.ts';
import { pass } from './passing.ts';

/** Errors that reached the process and not a call. */
const befell: string[] = [];
// It is internal, and left out of the types.
const { onTrap } = load as unknown as { onTrap(told: (error: GenerateError) => void): void };
onTrap(({ cause }) => void befell.push(`a trap: ${safely(cause)}`));
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => void befell.push(`${event}: ${safely(error)}`));
}

const outcomes: Record<string, number> = {};
const count = (name: string): void => {
  outcomes[name] = (outcomes[name] ?? 0) + 1;
};

/** Whether a client works once the service does. */
async function recover(trial: Trial): Promise<void> {
  const { client, budget } = trial;
  trial.recover();
  assert.equal(await client.retry(async () => 7), 7);
  const before = await client.costs();
  checkMoney(before.spent, 'what was spent');
  checkMoney(before.possible, 'what was possibly spent');
  for (const report of await client.quota()) {
    for (const { used } of report.limits) assert.ok(used >= 0 && Number.isFinite(used));
  }
  // Limits that the service named bind the account that it answered, so another one still gets pictures.
  const target = {
    model: 'gemini-3-pro-image',
    baseUrl: 'https://other.test',
    apiKey: 'another-key',
  };
  const made = await client.generate(PROMPT, { models: [target] }).then(
    ({ cost = 0 }) => cost,
    (error: unknown) => error,
  );
  if (typeof made === 'number') {
    const all = before.spent + before.possible + made;
    assert.ok(budget === undefined || all <= budget + 1e-9, `${all} USD of a budget of ${budget}`);
  } else {
    const isSpent = isGenerateError(made) && made.kind === 'over_budget';
    assert.ok(isSpent && budget !== undefined, `it fails ever after: ${safely(made)}`);
  }
}

/** How a call ended, in a word. */
function outcome({ ended, aborted, way }: Trial): string {
  if (aborted !== undefined) return 'aborted';
  if (ended?.failed !== true) return 'served';
  if (isRefused(ended.value)) return 'refused';
  return isGenerateError(ended.value) ? ended.value.kind : `thrown by ${way}`;
}

/** Hooks by which the test of the checks breaks a run; other runs have none. */
export interface Meddler {
  /** When the calls have begun, and when they have ended. */
  began?(trials: readonly Trial[], clock: FakeTimers.Clock): void;
  ended?(trials: readonly Trial[]): void;
}

/** Makes so many calls at once, and checks each of them, and what they leave behind. */
export async function runTrials(seed: number, cases: number, meddler: Meddler = {}): Promise<void> {
  const clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
  const { warn, error } = console;
  // Warnings about failing callbacks are expected here and would flood the output.
  Object.assign(console, { warn() {}, error() {} });
  const random = Object.getOwnPropertyDescriptor(crypto, 'getRandomValues');
  befell.length = 0;
  try {
    const trials: Trial[] = [];
    for (let one = seed; one < seed + cases; one += 1) {
      // Waits are drawn from a seed of each client's, so that a case is the same alone.
      const dice = new Dice(one);
      const value = (into: Uint8Array): Uint8Array => {
        for (let at = 0; at < into.length; at += 1) into[at] = dice.below(256);
        return into;
      };
      Object.defineProperty(crypto, 'getRandomValues', { value, configurable: true });
      trials.push(begin(one, clock));
    }
    meddler.began?.(trials, clock);
    await pass(
      clock,
      trials.map(({ done }) => done),
    );
    meddler.ended?.(trials);
    const told =
      (trial: Trial) =>
      (fault: unknown): never => {
        throw new Found(trial.seed, fault, trial.what);
      };
    for (const trial of trials) {
      try {
        check(trial);
      } catch (fault) {
        told(trial)(fault);
      }
    }
    await pass(
      clock,
      trials.map((trial) => recover(trial).catch(told(trial))),
    );
    for (const trial of trials) {
      count(outcome(trial));
      await trial.client.close();
      trial.end();
    }
    await turns();
    assert.equal(clock.countTimers(), 0, 'timers are left');
    assert.equal(befell.length, 0, befell.join('\n'));
  } finally {
    Object.assign(console, { warn, error });
    if (random === undefined) Reflect.deleteProperty(crypto, 'getRandomValues');
    else Object.defineProperty(crypto, 'getRandomValues', random);
    clock.uninstall();
  }
}

export const answers: Fuzz = {
  name: 'answers',
  group: 32,
  run: (seed, cases) => runTrials(seed, cases),
  figures() {
    const rows = Object.entries(outcomes).sort(([, one], [, other]) => other - one);
    return rows.map(([name, times]) => `${times} ${name}`).join(', ');
  },
};
