/** Odd numbers of a service: a wait, a count of tokens. They end nobody and pay nothing back. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import {
  type Client,
  type ClientOptions,
  createClient,
  type GenerateError,
  QuotaTracker,
} from '../../pkg/index.js';
import { NOON, runOverDisk, runThrough, TIMERS, turns } from './support/clock.ts';

const PRO = 'gemini-3-pro-image';
const PROMPT = 'a paper boat on a calm lake';
const YEAR = 365 * 24 * 3_600_000;

let clock: FakeTimers.Clock;
const clients: Client[] = [];

beforeEach(() => {
  clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
});

afterEach(() => {
  for (const own of clients.splice(0)) own.close();
  clock.uninstall();
});

/** A client of a service that gives these answers, the last one again and again. */
function client(answers: (() => Response)[], options: ClientOptions = {}): Client {
  let asked = 0;
  const fetch = async (): Promise<Response> => {
    asked += 1;
    return (answers[asked - 1] ?? (answers.at(-1) as () => Response))();
  };
  const own = createClient({ apiKey: 'a-key-of-nobody', models: [PRO], fetch, ...options });
  clients.push(own);
  return own;
}

const run = <T>(work: Promise<T>): Promise<T> => runThrough(clock, work);

const picture = (usageMetadata?: unknown, mimeType: unknown = 'image/png'): Response =>
  Response.json({
    candidates: [{ content: { parts: [{ inlineData: { mimeType, data: 'iVBORw0KGgo=' } }] } }],
    usageMetadata,
  });

const failure =
  (status: number, details: object[], headers: Record<string, string> = {}) =>
  () =>
    Response.json(
      { error: { code: status, status: 'UNAVAILABLE', message: 'busy', details } },
      { status, headers },
    );
const delay = (retryDelay: unknown): object => ({
  '@type': 'type.googleapis.com/google.rpc.RetryInfo',
  retryDelay,
});

/** Each place of a wait, with thirteen digits and more. */
const WAITS: Record<string, () => Response> = {
  'Retry-After': failure(503, [], { 'retry-after': '9999999999999' }),
  'Retry-After as a date': failure(503, [], { 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' }),
  RetryInfo: failure(503, [delay('9999999999999s')]),
  'RetryInfo of a 429': failure(429, [delay('99999999999999999999s')]),
  'the message': () =>
    Response.json(
      { error: { code: 429, message: 'Please retry in 9999999999999.5s.' } },
      { status: 429 },
    ),
};

describe('a wait of thirteen digits', () => {
  for (const [where, answer] of Object.entries(WAITS)) {
    it(`in ${where} is a year, and ends one call alone`, async () => {
      const told: Date[] = [];
      const on = { waiting: ({ retryAt }: { retryAt: Date }): void => void told.push(retryAt) };
      const own = client([answer, answer, picture], { on });
      const other = own.retry(async () => {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        return 7;
      });
      const error = (await run(own.generate(PROMPT).catch((thrown) => thrown))) as GenerateError;
      assert.equal(error.name, 'GenerateError');
      assert.equal(error.retryAfter, YEAR);
      assert.equal(error.retryAt?.toISOString(), new Date(NOON + YEAR).toISOString());
      assert.match(error.message, /Not before 2027-11-24T12:00:00/);
      assert.equal(await run(other), 7, 'the call beside it goes on');
      for (const at of told) assert.equal(at.toISOString().length, 24);
    });

    it(`in ${where} ends a batch with a reason`, async () => {
      let isSent = false;
      const sent = (): Response => {
        isSent = true;
        return answer();
      };
      const own = client([sent]);
      const batch = own.batch([PROMPT, 'another'], { deadline: 3_600_000 });
      const items: unknown[] = [];
      const reading = (async () => {
        for await (const item of batch) items.push(item.error?.kind);
      })();
      // WebAssembly is compiled in real time: the deadline does not come before the first request.
      while (!isSent) await turns();
      await runOverDisk(clock, reading);
      const { stopped } = await batch.done;
      // A wait of a day and more is what a spent day looks like where nothing else is said.
      const reason = where === 'the message' ? 'daily_quota' : 'deadline';
      assert.equal(stopped?.reason, reason);
      assert.ok(clock.now - NOON <= 3_600_000 + 1_000);
    });
  }

  it('of the caller is kept to what a `Date` can tell', async () => {
    const told: Date[] = [];
    const own = client([failure(503, []), picture]);
    own.on('waiting', ({ retryAt }) => told.push(retryAt));
    const call = own.generate(PROMPT, { shouldRetry: () => ({ delay: 1e300 }) });
    call.catch(() => {});
    await turns();
    assert.equal(told[0]?.toISOString(), '+275760-09-13T00:00:00.000Z');
  });

  it('of a tracker that is held for ever is a valid date', () => {
    const tracker = new QuotaTracker({ rpm: 1 });
    tracker.recordRequest();
    const taken = tracker.reserve();
    assert.ok(!taken.ok && !Number.isNaN(taken.retryAt.getTime()));
  });
});

/** Counts that no answer has; the price table counts where one is among them. */
const COUNTS = [-1, -5e9, 1.1e8, 1e15, 1e300];

describe('the counts of an answer', () => {
  for (const count of COUNTS) {
    it(`of ${count} are not believed`, async () => {
      const wrong = [
        { promptTokenCount: count },
        { promptTokenCount: 5, totalTokenCount: count },
        { promptTokenCount: 5, candidatesTokenCount: count },
        { promptTokenCount: 5, thoughtsTokenCount: count },
        {
          promptTokenCount: 5,
          candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: count }],
        },
      ];
      const own = client(
        wrong.map((usage) => () => picture(usage)),
        { budget: { total: 100 }, limits: { [PRO]: { rpm: 1_000, tpm: 1_000_000 } } },
      );
      for (const _ of wrong) {
        const { cost } = await run(own.generate(PROMPT));
        assert.equal(cost, 0.134);
      }
      const { spent } = await run(own.costs());
      assert.ok(Math.abs(spent - wrong.length * 0.134) < 1e-9, String(spent));
    });
  }

  it('cannot win money back: the budget holds', async () => {
    const usage = { promptTokenCount: -1e9, totalTokenCount: -1e9 };
    const own = client([() => picture(usage)], { budget: { total: 0.5 } });
    let made = 0;
    let kind: string | undefined;
    for (let call = 0; call < 10 && kind === undefined; call += 1) {
      const ended = await run(own.generate(PROMPT).catch((error: GenerateError) => error));
      if (ended instanceof Error) kind = ended.kind;
      else made += 1;
    }
    assert.deepEqual([made, kind], [3, 'over_budget']);
  });

  it('of 0 tokens of a picture cost what the table says', async () => {
    const rows = { candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 0 }] };
    const own = client([() => picture({ promptTokenCount: 0, totalTokenCount: 0, ...rows })]);
    assert.equal((await run(own.generate(PROMPT))).cost, 0.134);
  });
});
