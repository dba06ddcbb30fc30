/** Deadlines and aborts are kept to the moment, and told at once where they are over already. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import FakeTimers from '@sinonjs/fake-timers';
import { type Client, createClient, GenerateError } from '../../pkg/index.js';
import { NOON, runOverDisk, runThrough, TIMERS } from './support/clock.ts';

const PRO = 'gemini-3-pro-image';
const PROMPT = 'a paper boat on a calm lake';

let clock: FakeTimers.Clock;
let asked: number;
let own: Client;

beforeEach(() => {
  clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
  asked = 0;
  const inlineData = { mimeType: 'image/png', data: 'iVBORw0KGgo=' };
  const fetch = async (): Promise<Response> => {
    asked += 1;
    return Response.json({ candidates: [{ content: { parts: [{ inlineData }] } }] });
  };
  own = createClient({ apiKey: 'a-key-of-nobody', models: [PRO], fetch });
});

afterEach(() => {
  own.close();
  clock.uninstall();
});

const kindOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof GenerateError ? error.kind : String(error)),
  );

describe('a deadline', () => {
  const CALLS: Record<string, (deadline: never) => Promise<unknown>> = {
    generate: (deadline) => own.generate(PROMPT, { deadline }),
    retry: (deadline) => own.retry(async () => (asked += 1), { deadline }),
    generateWithRetry: (deadline) => own.generateWithRetry(PROMPT, { deadline }),
    generateWithFallback: (deadline) => own.generateWithFallback(PROMPT, { deadline }),
  };
  for (const [name, call] of Object.entries(CALLS)) {
    it(`of ${name} that is over is told before anything is sent`, async () => {
      for (const over of [0, new Date(NOON - 1), new Date(0)]) {
        assert.equal(await kindOf(call(over as never)), 'deadline');
      }
      assert.deepEqual([asked, clock.now], [0, NOON]);
    });

    it(`of ${name} that is none is refused`, async () => {
      for (const wrong of [Number.NaN, new Date(Number.NaN), -1, '5', null]) {
        assert.match(await kindOf(call(wrong as never)), /^TypeError: unexhausted: .*`deadline`/);
      }
      assert.equal(asked, 0);
    });
  }

  it('of batchGenerate that is over leaves everything out', async () => {
    const made = await runThrough(clock, own.batchGenerate([PROMPT, PROMPT], { deadline: 0 }));
    assert.deepEqual([made, asked, clock.now], [[null, null], 0, NOON]);
    for (const wrong of [Number.NaN, '5']) {
      const call = own.batchGenerate([PROMPT], { deadline: wrong as never });
      assert.match(await kindOf(call), /^TypeError: unexhausted: .*`deadline`/);
    }
  });

  it('of batchGenerate ends the pause between two items too', async () => {
    const call = own.batchGenerate([PROMPT, PROMPT, PROMPT], { deadline: 2_000, delay: 60_000 });
    const made = await runThrough(clock, call);
    assert.deepEqual(
      made.map((response) => response !== null),
      [true, false, false],
    );
    assert.equal(clock.now - NOON, 2_000);
  });

  it('of a batch that is over sends nothing', async () => {
    const run = own.batch([PROMPT, PROMPT], { deadline: new Date(NOON - 1) });
    const read = (async () => {
      for await (const item of run) assert.notEqual(item.status, 'done');
    })();
    await runOverDisk(clock, read);
    assert.equal((await run.done).stopped?.reason, 'deadline');
    assert.equal(asked, 0);
    await assert.rejects(own.batch([PROMPT], { deadline: Number.NaN }).done, /`deadline`/);
  });
});

describe('an abort while the WebAssembly loads', () => {
  it('calls nothing of the caller’s', async () => {
    // Without the built-in modules it loads as it does in a page.
    const script = `
      process.getBuiltinModule = undefined;
      const { createClient } = await import('./pkg/index.js');
      const called = [];
      const note = (name) => (...given) => void called.push(name);
      const options = { apiKey: 'a-key-of-nobody', fetch: note('fetch'), on: { failure: note('failure') } };
      const own = createClient(options);
      const controller = new AbortController();
      const { signal } = controller;
      const calls = [
        own.retry(note('fn'), { signal, onRetry: note('onRetry'), shouldRetry: note('shouldRetry') }),
        own.generate('a boat', { signal }),
        own.generateWithRetry('a boat', { signal }),
        own.batchGenerate(['a boat'], { signal }),
      ];
      controller.abort(new Error('the reason'));
      const ended = await Promise.allSettled(calls);
      console.log(JSON.stringify({ called, ended: ended.map(({ reason }) => String(reason)) }));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', script],
      { cwd: new URL('../..', import.meta.url), timeout: 20_000 },
    );
    const reason = 'Error: the reason';
    assert.deepEqual(JSON.parse(stdout), {
      called: [],
      ended: [reason, reason, reason, reason],
    });
  });
});
