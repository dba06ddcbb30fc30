/** The end of a client: at once, or once what is in flight has come. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import { type Client, type ClientOptions, createClient, GenerateError } from '../../pkg/index.js';
import { NOON, runOverDisk, runThrough, TIMERS, turns } from './support/clock.ts';

const PRO = 'gemini-3-pro-image';
const PROMPT = 'a paper boat on a calm lake';

let clock: FakeTimers.Clock;
let asked: string[];

beforeEach(() => {
  clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
  asked = [];
});

afterEach(() => clock.uninstall());

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const picture = (): Response => {
  const inlineData = { mimeType: 'image/png', data: 'iVBORw0KGgo=' };
  return Response.json({ candidates: [{ content: { parts: [{ inlineData }] } }] });
};

const overloaded = (): Response =>
  Response.json({ error: { code: 503, status: 'UNAVAILABLE', message: 'busy' } }, { status: 503 });

/** A client whose service takes so long for each answer, and gives these, the last for all others. */
function client(took: number, answers: (() => Response)[], options: ClientOptions = {}): Client {
  const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
    asked.push(String(init?.body));
    const answer = answers[asked.length - 1] ?? answers.at(-1);
    await new Promise((resolve, reject) => {
      setTimeout(resolve, took);
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
    });
    return (answer as () => Response)();
  };
  return createClient({ apiKey: 'a-key-of-nobody', models: [PRO], fetch, ...options });
}

const kindOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof GenerateError ? error.kind : String(error)),
  );

describe('close', () => {
  it('at once ends what is in flight', async () => {
    const own = client(5_000, [picture]);
    const call = kindOf(own.generate(PROMPT));
    await turns();
    own.close();
    assert.equal(await call, 'closed');
  });

  it('with drain gives what is in flight, and nothing else starts', async () => {
    const own = client(5_000, [picture], { concurrency: 2 });
    const flying = [own.generate(PROMPT), own.generate(PROMPT)];
    const queued = kindOf(own.generate(PROMPT));
    await turns();
    const closed = own.close({ drain: 20_000 });
    const later = kindOf(own.generate(PROMPT));
    assert.deepEqual([await queued, await later], ['closed', 'closed']);
    for (const call of flying) assert.equal((await runThrough(clock, call)).images.length, 1);
    await runThrough(clock, closed);
    assert.equal(asked.length, 2);
    assert.equal(clock.now - NOON, 5_000, 'not longer than needed');
    assert.equal(await kindOf(own.generate(PROMPT)), 'closed');
    assert.equal(clock.countTimers(), 0);
  });

  it('with drain tries nothing again, and says what came', async () => {
    const own = client(1_000, [overloaded, picture]);
    const call = own.generate(PROMPT).catch((error: GenerateError) => error);
    await turns();
    await runThrough(clock, own.close({ drain: 20_000 }));
    const error = (await call) as GenerateError;
    assert.deepEqual([error.kind, error.attempts.length, asked.length], ['closed', 1, 1]);
    assert.match(error.message, /^503 UNAVAILABLE: busy \(the client was closed after 1 attempt\)/);
  });

  it('with drain ends a call that waits to try again', async () => {
    const own = client(1_000, [overloaded, picture]);
    const call = kindOf(own.generate(PROMPT));
    await turns();
    await clock.tickAsync(1_500);
    await turns();
    const closed = own.close({ drain: 20_000 });
    assert.equal(await call, 'closed');
    await closed;
    assert.equal(clock.now - NOON, 1_500);
  });

  it('with drain gives up what takes too long', async () => {
    const own = client(60_000, [picture]);
    const call = kindOf(own.generate(PROMPT));
    await turns();
    await runThrough(clock, own.close({ drain: 2_000 }));
    assert.equal(await call, 'closed');
    assert.equal(clock.now - NOON, 2_000);
  });

  it('with drain waits for functions too', async () => {
    const own = client(0, [picture]);
    const call = own.retry(async () => {
      await pause(3_000);
      return 7;
    });
    await runThrough(clock, own.close({ drain: 20_000 }));
    assert.equal(await call, 7);
  });

  it('with drain keeps what `batchGenerate` has made', async () => {
    const own = client(5_000, [picture]);
    const work = own.batchGenerate(['one', 'two', 'three']);
    await turns();
    await clock.tickAsync(7_000);
    await turns();
    await runThrough(clock, own.close({ drain: 20_000 }));
    const made = await work;
    assert.deepEqual(
      made.map((response) => response !== null),
      [true, true, false],
    );
  });

  it('with drain has a batch keep what is in flight', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'unexhausted-close-'));
    try {
      const own = client(5_000, [picture], { limits: { [PRO]: { rpm: 60 } } });
      const prompts = Array.from({ length: 9 }, (_, index) => `boat ${index}`);
      const journal = join(folder, 'batch.jsonl');
      const run = own.batch(prompts, { journal, out: folder, concurrency: 2 });
      const done = run.done;
      while (asked.length < 2) await turns();
      await runOverDisk(clock, own.close({ drain: 20_000 }));
      const { stopped, resumable } = await done;
      assert.deepEqual([asked.length, stopped?.reason, resumable], [2, 'stopped', true]);
      const files = (await readdir(folder)).filter((name) => name.endsWith('.png'));
      assert.equal(files.length, 2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('again, and without drain, ends at once what still drains', async () => {
    const own = client(60_000, [picture]);
    const call = kindOf(own.generate(PROMPT));
    await turns();
    const drains = own.close({ drain: 30_000 });
    own.close();
    assert.equal(await call, 'closed');
    await runThrough(clock, drains);
    assert.equal(clock.now, NOON);
  });

  it('refuses what is no time', async () => {
    const own = client(0, [picture]);
    for (const drain of [-1, Number.NaN, '5' as never]) {
      await assert.rejects(own.close({ drain }), TypeError);
    }
    assert.equal(await kindOf(runThrough(clock, own.generate(PROMPT))), 'done');
  });

  it('by `await using` waits for what is in flight', async () => {
    let call: Promise<string> | undefined;
    const scope = async (): Promise<void> => {
      const own = client(5_000, [picture]);
      try {
        call = kindOf(own.generate(PROMPT));
        await turns();
      } finally {
        // Node 20 cannot parse `await using own = …`, which does this.
        await own[Symbol.asyncDispose]();
      }
    };
    await runThrough(clock, scope());
    assert.equal(await call, 'done');
  });
});
