/** Mistakes that are made on purpose: each check that the fuzzers rely on finds the one it is for. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { classifyError, isGenerateError } from '../../../pkg/index.js';
import { type Meddler, runTrials } from './answers.ts';
import type { Trial } from './calls.ts';
import { checkInfo } from './errors.ts';
import type { Fuzz } from './fuzz.ts';
import { around, checkBatch, type Resumed, ROOT, resume } from './journals.ts';
import { peakOf } from './states.ts';

type Ended = NonNullable<Trial['ended']>;

/** The first call of this kind, which is there among so many. */
function find(trials: readonly Trial[], is: (trial: Trial, ended: Ended) => boolean): Trial {
  const found = trials.find((trial) => trial.ended !== undefined && is(trial, trial.ended));
  assert.ok(found !== undefined, 'there is no such call');
  return found;
}

/** Changes the error of a call that failed as ours do. */
const inError =
  (change: (error: Record<string, unknown>) => void): NonNullable<Meddler['ended']> =>
  (trials) => {
    const is = ({ way, aborted }: Trial, { value }: Ended): boolean =>
      way !== 'retry' &&
      aborted === undefined &&
      isGenerateError(value) &&
      value.info !== undefined;
    change(find(trials, is).ended?.value as never);
  };

/** Changes the result of a call that was served. */
const inResult =
  (change: (result: Record<string, unknown>) => void): NonNullable<Meddler['ended']> =>
  (trials) => {
    const is = ({ way }: Trial, { failed }: Ended): boolean => way === 'generate' && !failed;
    change(find(trials, is).ended?.value as never);
  };

const set = (name: string, value: unknown) => (object: Record<string, unknown>) =>
  void Object.defineProperty(object, name, { value, enumerable: true, configurable: true });

/** Changes how a call ended that was aborted. */
const inAborted =
  (change: (ended: Ended, trial: Trial) => void): NonNullable<Meddler['ended']> =>
  (trials) => {
    const trial = find(trials, ({ aborted }) => aborted !== undefined);
    change(trial.ended as Ended, trial);
  };

/** Faults planted in calls, each with the report that must name it. */
const OF_CALLS: Record<string, [RegExp, Meddler]> = {
  'a call that never ends': [
    /it never ends/,
    { ended: (trials) => void delete (trials[0] as { ended?: Ended }).ended },
  ],
  'one that ends after its deadline': [
    /it took \d+ ms/,
    {
      ended(trials) {
        const { ended } = find(trials, ({ aborted }) => aborted === undefined);
        (ended as Ended).at += 2 ** 40;
      },
    },
  ],
  'an abort that comes late': [
    /ended later/,
    { ended: inAborted((ended) => set('at', ended.at + 1)(ended as never)) },
  ],
  'an abort that is not heard': [
    /ended otherwise/,
    { ended: inAborted(set('value', new Error('other')) as never) },
  ],
  'an error of somebody else': [
    /it failed with/,
    {
      ended(trials) {
        const is = ({ way, aborted }: Trial, { failed }: Ended) =>
          failed && way !== 'retry' && aborted === undefined;
        (find(trials, is).ended as Ended).value = new Error('other');
      },
    },
  ],
  'a trap': [
    /it trapped/,
    { ended: inError(set('cause', new WebAssembly.RuntimeError('unreachable'))) },
  ],
  'a date that is none': [/retryAt is/, { ended: inError(set('retryAt', new Date(Number.NaN))) }],
  'a cost below 0': [/possibleCost is -1/, { ended: inError(set('possibleCost', -1)) }],
  'a cost that is no number': [/cost is NaN/, { ended: inResult(set('cost', Number.NaN)) }],
  'a type that is no text': [
    /a type that is no text/,
    {
      ended: inResult(
        set('images', [{ mimeType: null, data: 'x', bytes: () => new Uint8Array(1) }]),
      ),
    },
  ],
  'a key in an error': [/holds a secret/, { ended: leak((trial) => trial.ended?.value as object) }],
  'a key in an event': [
    /an event holds a secret/,
    {
      ended(trials) {
        const trial = find(trials, ({ way, events }) => way !== 'retry' && events.length > 0);
        set('more', trial.secrets[0])(trial.events[0] as never);
      },
    },
  ],
  'a budget that does not hold': [
    /USD of a budget/,
    {
      ended(trials) {
        for (const trial of trials) if (trial.budget === undefined) trial.budget = 0.01;
      },
    },
  ],
  'a client that is of no use any more': [
    /closed/,
    { ended: (trials) => void trials[0]?.client.close() },
  ],
  'a timer that is left': [
    /timers are left/,
    { began: (_, clock) => void clock.setTimeout(() => {}, 2 ** 31 - 1) },
  ],
  'a rejection that nobody handles': [
    /unhandledRejection: .*nobody/,
    { began: () => void Promise.reject(new Error('nobody')) },
  ],
  'an exception that nobody catches': [
    /uncaughtException: .*nobody/,
    {
      began() {
        setImmediate(() => {
          throw new Error('nobody');
        });
      },
    },
  ],
};

function leak(of: (trial: Trial) => object): NonNullable<Meddler['ended']> {
  return (trials) => {
    const is = ({ way, aborted }: Trial, { value, failed }: Ended): boolean =>
      failed && way !== 'retry' && aborted === undefined && isGenerateError(value);
    const trial = find(trials, is);
    set('more', trial.secrets[0])(of(trial) as never);
  };
}

/** Faults planted in a batch, each with the report that must name it. */
const OF_BATCHES: Record<string, [RegExp, (batch: Resumed) => void]> = {
  'an item that is missing': [/3 items/, ({ items }) => void items.pop()],
  'an item that is given twice': [
    /given twice/,
    ({ items }) => set('key', items[1]?.key)(items[0] as never),
  ],
  'an item that is paid for twice': [
    /5 requests for 4/,
    (batch) => set('sent', batch.sent + 1)(batch as never),
  ],
  'a cost below 0': [/cost is -1/, ({ summary }) => set('cost', -1)(summary as never)],
  'a picture elsewhere': [
    /a picture at/,
    ({ items }) => set('files', ['/etc/hostname'])(items[0] as never),
  ],
};

async function finds(what: string, said: RegExp, work: () => unknown): Promise<void> {
  const error = await Promise.resolve()
    .then(work)
    .then(
      () => new Error('it found nothing'),
      (thrown: Error) => thrown,
    );
  if (!said.test(error.message)) throw new Error(`the check of ${what}: ${error.message}`);
  found += 1;
}

let found = 0;

export const canaries: Fuzz = {
  name: 'canaries',
  group: Number.POSITIVE_INFINITY,
  async run() {
    for (const [what, [said, meddler]] of Object.entries(OF_CALLS)) {
      await finds(what, said, () => runTrials(1, 64, meddler));
    }
    const folder = join(ROOT, 'canary');
    for (const [what, [said, change]] of Object.entries(OF_BATCHES)) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(join(folder, 'in'), { recursive: true });
      const batch = await resume(folder, 4);
      checkBatch(batch, join(folder, 'in'));
      change(batch);
      await finds(what, said, () => checkBatch(batch, join(folder, 'in')));
    }
    const before = around(folder);
    writeFileSync(join(folder, 'victim'), '');
    await finds('a file elsewhere', /deep-equal/, () => assert.deepEqual(around(folder), before));
    for (const name of ['advice', 'summary', 'message']) {
      const info = { ...classifyError('429'), [name]: 'x'.repeat(2_000) };
      await finds(`a long ${name}`, /2000 characters/, () => checkInfo(info));
    }
    const late = { ...classifyError('429'), retryAfter: 1e13 };
    await finds('a wait of ages', /retryAfter is/, () => checkInfo(late));
    await finds('a minute', /3 in a minute/, () => {
      const peak = peakOf([0, 1, 59_999, 60_001], -1);
      assert.ok(peak <= 2, `${peak} in a minute`);
    });
    assert.equal(peakOf([0, 1, 60_001, 60_002], -1), 2);
  },
  figures: () => `${found} mistakes, all found`,
};
