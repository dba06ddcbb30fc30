/** `client.batch` without files: reading, order, sources, control, limits and failures. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, afterEach, before, describe, it, mock } from 'node:test';
import type { EmulatorConfig } from '../../pkg/emulator/index.js';
import type {
  BatchItem,
  BatchOptions,
  BatchProgress,
  BatchRequest,
  BatchRun,
  BatchSource,
  BatchSummary,
  ClientOptions,
} from '../../pkg/index.js';
import { type Client, createClient } from '../../pkg/index.js';
import { many, NEXT, openScene, PRO, PROMPT, type Scene } from './support/scene.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** The price of a picture of the first model at 1K, in USD. */
const PICTURE = 0.134;
const PROMPTS = many(6, (index) => `${PROMPT} ${index}`);
/** Long enough that what the second request does is seen before it ends. */
const SLOW = { latency: { median: 10_000, sigma: 0 } };

let scene: Scene;
// The module and digests of the host come from other threads, which virtual time waits for nowhere.
before(async () => {
  const client = createClient({ apiKey: 'any' });
  await client.batch([], { concurrency: 1 })[Symbol.asyncIterator]().next();
  mock.method(crypto.subtle, 'digest', async (_: string, data: Uint8Array) => {
    return new Uint8Array(createHash('sha256').update(data).digest()).buffer;
  });
});
after(() => mock.restoreAll());
afterEach(() => scene?.close());

const open = async (config: EmulatorConfig = {}, options: ClientOptions = {}): Promise<Client> => {
  scene = await openScene(config);
  return scene.client(options);
};

/** Reads a run to its end. */
async function readAll(run: BatchRun): Promise<BatchItem[]> {
  const items: BatchItem[] = [];
  for await (const item of run) items.push(item);
  return items;
}

/** The whole of a batch: its items in the order in which they came, and what came of it. */
async function whole(
  client: Client,
  source: BatchSource,
  options: BatchOptions = {},
): Promise<{ items: BatchItem[]; summary: BatchSummary; run: BatchRun }> {
  const run = client.batch(source, options);
  const items = await scene.run(readAll(run));
  return { items, summary: await scene.run(run.done), run };
}

const indexes = (items: readonly BatchItem[]): number[] => items.map(({ index }) => index);
const sorted = (items: readonly BatchItem[]): BatchItem[] =>
  [...items].sort((one, other) => one.index - other.index);
const count = (length: number): number[] => many(length, (index) => index);
const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}, not ${expected}`);

/** A source that counts what was taken of it, and knows whether it was ended. */
function counted(length = Number.POSITIVE_INFINITY): {
  source: Iterable<string>;
  taken(): number;
  ended(): boolean;
} {
  let taken = 0;
  let ended = false;
  function* generate(): Generator<string> {
    try {
      while (taken < length) {
        taken += 1;
        yield `${PROMPT} ${taken}`;
      }
    } finally {
      ended = true;
    }
  }
  return { source: generate(), taken: () => taken, ended: () => ended };
}

describe('a batch', () => {
  it('gives each item with its pictures, and sums in the end', async () => {
    const client = await open();
    const { items, summary } = await whole(client, PROMPTS);
    assert.deepEqual(indexes(sorted(items)), count(6));
    for (const item of items) {
      const { status, restored, files, possiblyPaidTwice, possibleCost, model } = item;
      assert.deepEqual(
        { status, restored, files, possiblyPaidTwice, possibleCost, model },
        {
          status: 'done',
          restored: false,
          files: [],
          possiblyPaidTwice: false,
          possibleCost: 0,
          model: PRO,
        },
      );
      const [image] = await item.images();
      assert.ok(image && image.bytes().length > 0);
      assert.equal(item.result?.images.length, 1);
      assert.equal(item.error, undefined);
    }
    const { billed } = scene.emulator.ledger().totals;
    near(summary.cost, billed);
    near(
      items.reduce((sum, { cost }) => sum + (cost ?? 0), 0),
      billed,
    );
    const { cost: _, ...rest } = summary;
    assert.deepEqual(rest, { done: 6, failed: 0, possibleCost: 0, resumable: false, notices: [] });
  });

  it('holds no pictures in its summary', async () => {
    const client = await open();
    const { summary } = await whole(client, PROMPTS);
    assert.ok(JSON.stringify(summary).length < 1_000);
  });

  it('takes requests, and requests with keys', async () => {
    const client = await open();
    const { items } = await whole(client, [
      PROMPT,
      { model: NEXT, contents: PROMPT },
      { key: 'mine', request: PROMPT },
      { key: 'yours', request: { model: NEXT, contents: PROMPT } },
    ]);
    const told = sorted(items).map(({ key, model }) => ({ key, model }));
    assert.match(told[0]?.key ?? '', /^[0-9a-f]{32}$/);
    assert.deepEqual(
      told.map(({ model }) => model),
      [PRO, NEXT, PRO, NEXT],
    );
    assert.deepEqual(
      told.slice(2).map(({ key }) => key),
      ['mine', 'yours'],
    );
  });

  it('makes the same request as often as it comes, under keys with numbers', async () => {
    const client = await open();
    const { items, summary } = await whole(client, [PROMPT, PROMPT, PROMPT]);
    const keys = sorted(items).map(({ key }) => key);
    assert.deepEqual(keys, [keys[0], `${keys[0]}#2`, `${keys[0]}#3`]);
    assert.equal(summary.done, 3);
    assert.equal(scene.requests().length, 3);
  });

  it('sends nothing before it is read', async () => {
    const client = await open();
    const { source, taken } = counted();
    const run = client.batch(source);
    await scene.pass(MINUTE);
    assert.equal(run.progress().state, 'idle');
    assert.equal(scene.requests().length, 0);
    assert.ok(taken() <= 1);
    const summary = await run.cancel();
    assert.equal(summary.stopped?.reason, 'cancelled');
    assert.equal(run.progress().state, 'ended');
  });

  it('without a reader and without a place for pictures is refused before any request', async () => {
    const client = await open();
    const run = client.batch(PROMPTS);
    await assert.rejects(run.done, (error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, /journal/);
      assert.match(error.message, /out/);
      return true;
    });
    assert.equal(scene.requests().length, 0);
  });

  it('may be read after `done` was asked for in the same turn', async () => {
    const client = await open();
    const run = client.batch(PROMPTS);
    const [items, summary] = await scene.run(Promise.all([readAll(run), run.done]));
    assert.equal(items.length, 6);
    assert.equal(summary.done, 6);
  });

  it('names an option that it does not know', async () => {
    const client = await open();
    const run = client.batch(PROMPTS, { concurency: 3 } as BatchOptions);
    await assert.rejects(readAll(run), (error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, /concurency/);
      assert.match(error.message, /concurrency/);
      return true;
    });
    await assert.rejects(run.done, TypeError);
    assert.equal(scene.requests().length, 0);
  });

  for (const [name, options] of Object.entries({
    'no concurrency': { concurrency: 0 },
    'half a concurrency': { concurrency: 1.5 },
    'another order': { order: 'random' },
    'a negative budget': { budget: -1 },
    'a budget that is no number': { budget: Number.NaN },
    'a journal that is no text': { journal: 5 },
    'an empty journal': { journal: '' },
    'a folder that is no text': { out: 5 },
    'another thing for the day’s limit': { onDailyLimit: 'sleep' },
    'another route': { route: 'pigeon' },
    'a file name that is no function': { fileName: 'picture' },
    'a deadline that is no time': { deadline: 'tomorrow' },
    'a priority that is none': { priority: 'urgent' },
    'a signal that is none': { signal: {} },
  })) {
    it(`refuses ${name}`, async () => {
      const client = await open();
      const run = client.batch(PROMPTS, options as unknown as BatchOptions);
      const [name] = Object.keys(options);
      await assert.rejects(scene.run(readAll(run)), (error) => {
        assert.ok(error instanceof TypeError, String(error));
        assert.match(error.message, new RegExp(name as string));
        return true;
      });
      assert.equal(scene.requests().length, 0);
    });
  }

  it('refuses a target that cannot be before any item fails of it', async () => {
    await open();
    for (const [client, options] of [
      [scene.client({ baseUrl: 'nonsense' }), {}],
      [scene.client({ models: [{ model: PRO, baseUrl: 'nonsense' }] }), {}],
      [scene.client(), { models: [{ model: PRO, baseUrl: 'nonsense' }] }],
      [scene.client(), { models: [''] }],
    ] as const) {
      const reading = readAll(client.batch(PROMPTS, options));
      await assert.rejects(scene.run(reading), (error) => {
        assert.ok(error instanceof TypeError, String(error));
        assert.match(error.message, /baseUrl|id of a model/);
        return true;
      });
    }
    assert.equal(scene.requests().length, 0);
  });

  it('without a key ends with what to do about it', async () => {
    await open();
    const client = createClient({ models: [PRO], fetch: scene.emulator.fetch });
    const saved = process.env;
    process.env = {};
    const { summary } = await whole(client, PROMPTS).finally(() => {
      process.env = saved;
    });
    assert.equal(summary.stopped?.reason, 'unauthenticated');
    assert.match(summary.stopped?.message ?? '', /apiKey/);
    assert.equal(scene.requests().length, 0);
  });

  it('holds nothing of what was read', async () => {
    const client = await open({ imageBytes: 1_000_000 });
    const { gc } = globalThis as { gc?: () => void };
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--expose-gc');
    const { runInNewContext } = await import('node:vm');
    const collect = gc ?? (runInNewContext('gc') as () => void);
    const seen: WeakRef<object>[] = [];
    const run = client.batch(
      many(12, (index) => `${PROMPT} ${index}`),
      { concurrency: 2 },
    );
    const reading = (async () => {
      for await (const item of run) if (item.result) seen.push(new WeakRef(item.result));
    })();
    await scene.run(reading);
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    // The engine may keep the last one on its stack.
    const alive = seen.filter((reference) => reference.deref() !== undefined).length;
    assert.equal(seen.length, 12);
    assert.ok(alive <= 2, `${alive} are held`);
  });
});

describe('the order', () => {
  it('is that in which items finish', async () => {
    const client = await open({ script: [{ fault: 'ok', after: 9_000 }, 'ok', 'ok'] });
    const { items } = await whole(client, PROMPTS.slice(0, 3));
    assert.deepEqual(indexes(items), [1, 2, 0]);
  });

  it('or that of the input, with so many read ahead as run at once', async () => {
    const client = await open({ script: [{ fault: 'ok', after: 9_000 }] });
    const { source, taken } = counted(40);
    const run = client.batch(source, { order: 'input', concurrency: 4 });
    const reading = readAll(run);
    await scene.pass(5_000);
    // The first one takes long, and nothing can be given before it.
    assert.ok(scene.requests().length <= 4, `${scene.requests().length} were sent`);
    assert.ok(taken() <= 5, `${taken()} were taken`);
    assert.deepEqual(indexes(await scene.run(reading)), count(40));
  });
});

describe('a source', () => {
  const kinds: Record<string, () => BatchSource> = {
    'an array': () => PROMPTS,
    'a set': () => new Set(PROMPTS),
    'a generator': () =>
      (function* () {
        yield* PROMPTS;
      })(),
    'an async generator': () =>
      (async function* () {
        yield* PROMPTS;
      })(),
    'a stream of Node’s': () => Readable.from(PROMPTS),
    'a stream of the web': () =>
      new ReadableStream<string>({
        start(controller) {
          for (const prompt of PROMPTS) controller.enqueue(prompt);
          controller.close();
        },
      }) as unknown as BatchSource,
  };
  for (const [name, make] of Object.entries(kinds)) {
    it(`may be ${name}`, async () => {
      const client = await open();
      const { items, summary } = await whole(client, make(), { order: 'input' });
      assert.deepEqual(indexes(items), count(6));
      assert.equal(summary.done, 6);
    });
  }

  it('may be a stream that its browser cannot iterate', async () => {
    const client = await open();
    let isCancelled = false;
    const stream = new ReadableStream<string>({
      pull: (controller) => controller.enqueue(PROMPT),
      cancel() {
        isCancelled = true;
      },
    });
    const source = { getReader: () => stream.getReader() } as unknown as BatchSource;
    let seen = 0;
    await scene.run(
      (async () => {
        for await (const { status } of client.batch(source, { concurrency: 2 })) {
          assert.equal(status, 'done');
          seen += 1;
          if (seen === 5) break;
        }
      })(),
    );
    await scene.pass(1);
    assert.equal(isCancelled, true);
  });

  it('may be empty', async () => {
    const client = await open();
    const { items, summary } = await whole(client, []);
    assert.deepEqual(items, []);
    const { done, failed, resumable, stopped } = summary;
    assert.deepEqual(
      { done, failed, resumable, stopped },
      { done: 0, failed: 0, resumable: false, stopped: undefined },
    );
  });

  it('may not be a text or a number', async () => {
    const client = await open();
    for (const source of [PROMPT, 5, {}, null, undefined]) {
      const run = client.batch(source as unknown as BatchSource);
      await assert.rejects(readAll(run), TypeError);
    }
    assert.equal(scene.requests().length, 0);
  });

  it('that throws in the middle loses nothing that was asked for', async () => {
    const script = [{ fault: 'ok', after: 1_000 }] as const;
    const client = await open({ ...SLOW, script });
    const mistake = new Error('the table is gone');
    const run = client.batch(
      (function* () {
        yield* PROMPTS.slice(0, 3);
        throw mistake;
      })(),
      { concurrency: 3 },
    );
    const items: BatchItem[] = [];
    await scene.run(
      assert.rejects(
        (async () => {
          for await (const item of run) items.push(item);
        })(),
        (error) => error === mistake,
      ),
    );
    assert.deepEqual(indexes(sorted(items)), count(3));
    await assert.rejects(run.done, (error) => error === mistake);
  });

  it('with a key that is no text ends the batch after what is in flight', async () => {
    const script = [{ fault: 'ok', after: 1_000 }] as const;
    const client = await open({ ...SLOW, script });
    const requests = [PROMPT, PROMPT, { key: 5, request: PROMPT }] as unknown as BatchSource;
    const run = client.batch(requests, { concurrency: 2 });
    const items: BatchItem[] = [];
    const reading = (async () => {
      for await (const item of run) items.push(item);
    })();
    await scene.run(assert.rejects(reading, /the key of request 2 must be a text/));
    assert.deepEqual(indexes(items), [0, 1]);
  });

  it('that never ends is closed when its reader leaves', async () => {
    const client = await open();
    const { source, taken, ended } = counted();
    const run = client.batch(source, { concurrency: 3 });
    const seen: number[] = [];
    await scene.run(
      (async () => {
        for await (const item of run) {
          seen.push(item.index);
          if (seen.length === 5) break;
        }
      })(),
    );
    const summary = await scene.run(run.done);
    assert.equal(summary.stopped?.reason, 'stopped');
    assert.equal(summary.resumable, false);
    assert.ok(ended());
    assert.ok(taken() <= 12, `${taken()} were taken`);
    const before = scene.requests().length;
    await scene.pass(MINUTE);
    assert.equal(scene.requests().length, before);
  });

  it('that is slow holds nothing up', async () => {
    const client = await open();
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const run = client.batch(
      (async function* () {
        yield* PROMPTS.slice(0, 2);
        await gate;
        yield* PROMPTS.slice(2);
      })(),
    );
    const seen: BatchItem[] = [];
    const reading = (async () => {
      for await (const item of run) seen.push(item);
    })();
    await scene.pass(1_000);
    assert.equal(seen.length, 2);
    assert.equal(run.progress().complete, false);
    release();
    await scene.run(reading);
    assert.equal(seen.length, 6);
    assert.equal(run.progress().complete, true);
  });

  it('with a request that cannot be written down fails that item alone', async () => {
    const client = await open();
    const circular: Record<string, unknown> = { contents: PROMPT };
    circular['config'] = { circular };
    const { items } = await whole(client, [
      PROMPT,
      circular as unknown as BatchRequest,
      { contents: PROMPT, config: { seed: 5n } } as unknown as BatchRequest,
      PROMPT,
    ]);
    const kinds = sorted(items).map(({ status, error }) => error?.kind ?? status);
    const wrong = 'invalid_request';
    assert.deepEqual(kinds, ['done', wrong, wrong, 'done']);
  });

  it('with something in it that is no request fails that item alone', async () => {
    const client = await open();
    const { items, summary } = await whole(client, [
      PROMPT,
      5 as unknown as BatchRequest,
      { nothing: true } as unknown as BatchRequest,
      PROMPT,
    ]);
    const kinds = sorted(items).map(({ status, error }) => error?.kind ?? status);
    assert.deepEqual(kinds, ['done', 'invalid_request', 'invalid_request', 'done']);
    assert.equal(summary.failed, 2);
  });
});

describe('back-pressure', () => {
  it('takes no more than it can ask for, and asks for no more than is read', async () => {
    const client = await open();
    const { source, taken } = counted(1_000);
    const run = client.batch(source, { concurrency: 4 });
    const reader = run[Symbol.asyncIterator]();
    await scene.run(reader.next());
    await scene.pass(10 * MINUTE);
    // One is read, four wait for the reader or are asked for; the reader sleeps.
    assert.ok(taken() <= 10, `${taken()} were taken`);
    assert.ok(scene.requests().length <= 9, `${scene.requests().length} were sent`);
    await scene.run(reader.next());
    await scene.pass(MINUTE);
    assert.ok(taken() <= 12, `${taken()} were taken`);
    await run.cancel();
  });

  it('asks for `concurrency` at once, at most', async () => {
    const client = await open(SLOW);
    const { summary } = await whole(client, many(20, String), { concurrency: 3 });
    assert.equal(summary.done, 20);
    assert.equal(scene.emulator.ledger().totals.maxInFlight, 3);
  });

  it('asks for 64 at once otherwise', async () => {
    const client = await open(SLOW, { concurrency: 1_000 });
    const { summary } = await whole(client, many(200, String));
    assert.equal(summary.done, 200);
    assert.equal(scene.emulator.ledger().totals.maxInFlight, 64);
  });
});

describe('control', () => {
  it('pauses and goes on', async () => {
    const client = await open(SLOW);
    const run = client.batch(PROMPTS, { concurrency: 2 });
    const reading = readAll(run);
    await scene.pass(1_000);
    run.pause();
    assert.equal(run.progress().state, 'paused');
    await scene.pass(5 * MINUTE);
    // Those in flight were finished.
    assert.equal(scene.requests().length, 2);
    assert.equal(run.progress().done, 2);
    assert.equal(run.progress().inFlight, 0);
    run.resume();
    assert.equal((await scene.run(reading)).length, 6);
    assert.equal((await run.done).resumable, false);
  });

  it('may be paused before it begins', async () => {
    const client = await open();
    const run = client.batch(PROMPTS);
    run.pause();
    const reading = readAll(run);
    await scene.pass(MINUTE);
    assert.equal(scene.requests().length, 0);
    run.resume();
    assert.equal((await scene.run(reading)).length, 6);
  });

  it('sends nothing while it is paused, not even what waits for its turn', async () => {
    const client = await open({}, { limits: { [PRO]: { rpm: 2 } } });
    const run = client.batch(PROMPTS);
    const reading = readAll(run);
    await scene.pass(1_000);
    const before = scene.requests().length;
    run.pause();
    await scene.pass(10 * MINUTE);
    assert.equal(scene.requests().length, before);
    run.resume();
    assert.equal((await scene.run(reading)).length, 6);
  });

  it('stops after what is in flight', async () => {
    const client = await open(SLOW);
    const run = client.batch(PROMPTS, { concurrency: 2 });
    const reading = readAll(run);
    await scene.pass(1_000);
    const stopping = run.stop();
    assert.equal(run.progress().state, 'stopping');
    const summary = await scene.run(stopping);
    assert.equal(summary.done, 2);
    assert.equal(summary.resumable, false);
    assert.equal(summary.stopped?.reason, 'stopped');
    assert.equal((await scene.run(reading)).length, 2);
    assert.equal(scene.requests().length, 2);
    assert.equal(run.progress().state, 'ended');
    assert.deepEqual(await run.stop(), summary);
    assert.deepEqual(await run.done, summary);
  });

  it('stops and cancels while it is paused', async () => {
    const client = await open();
    for (const end of ['stop', 'cancel'] as const) {
      const run = client.batch(PROMPTS);
      const reading = readAll(run);
      run.pause();
      await scene.pass(1_000);
      const summary = await scene.run(run[end]());
      assert.equal(summary.stopped?.reason, end === 'stop' ? 'stopped' : 'cancelled');
      assert.deepEqual(await reading, []);
      run.resume();
      assert.equal(run.progress().state, 'ended');
    }
    assert.equal(scene.requests().length, 0);
  });

  it('stops what waits for its turn', async () => {
    const client = await open({}, { limits: { [PRO]: { rpm: 2 } } });
    const run = client.batch(PROMPTS);
    const reading = readAll(run);
    await scene.pass(1_000);
    const summary = await scene.run(run.stop());
    assert.equal(summary.resumable, false);
    assert.ok(scene.now() < 30_000, 'it waited for the quota');
    assert.equal((await reading).length, summary.done);
  });

  it('cancels at once, and says what may have been billed', async () => {
    const client = await open(SLOW);
    const run = client.batch(PROMPTS, { concurrency: 2 });
    const reading = readAll(run);
    await scene.pass(1_000);
    const before = scene.now();
    const summary = await scene.run(run.cancel());
    assert.ok(scene.now() - before < 1_000);
    assert.equal(summary.done, 0);
    assert.equal(summary.resumable, false);
    assert.equal(summary.stopped?.reason, 'cancelled');
    assert.ok(summary.possibleCost >= 2 * 0.13, `${summary.possibleCost}`);
    assert.deepEqual(await reading, []);
    assert.ok(scene.requests().every(({ disconnected }) => disconnected));
  });

  it('a signal cancels, and rejects with its reason', async () => {
    const client = await open(SLOW);
    const controller = new AbortController();
    const run = client.batch(PROMPTS, { concurrency: 2, signal: controller.signal });
    const reading = readAll(run);
    const both = Promise.allSettled([reading, run.done]);
    await scene.pass(1_000);
    const reason = new Error('enough');
    controller.abort(reason);
    const [read, done] = await scene.run(both);
    assert.ok(done.status === 'rejected' && done.reason === reason);
    assert.ok(read.status === 'rejected' && read.reason === reason);
    assert.ok(scene.requests().every(({ disconnected }) => disconnected));
  });

  it('a signal that is aborted already sends nothing', async () => {
    const client = await open();
    const run = client.batch(PROMPTS, { signal: AbortSignal.abort('never') });
    await assert.rejects(readAll(run), (reason) => reason === 'never');
    assert.equal(scene.requests().length, 0);
  });

  it('pictures that wait for a reader survive stopping', async () => {
    const client = await open();
    const run = client.batch(PROMPTS, { concurrency: 3 });
    const reader = run[Symbol.asyncIterator]();
    await scene.run(reader.next());
    await scene.pass(1_000);
    const stopping = run.stop();
    const rest: BatchItem[] = [];
    await scene.run(
      (async () => {
        for (let next = await reader.next(); !next.done; next = await reader.next()) {
          rest.push(next.value);
        }
      })(),
    );
    const summary = await scene.run(stopping);
    assert.equal(summary.done, 1 + rest.length);
    assert.equal(scene.emulator.ledger().totals.images, summary.done);
  });

  it('ends when the client is closed', async () => {
    const client = await open(SLOW);
    const run = client.batch(PROMPTS);
    const reading = readAll(run);
    await scene.pass(1_000);
    client.close();
    const summary = await scene.run(run.done);
    assert.equal(summary.stopped?.reason, 'closed');
    assert.equal(summary.resumable, false);
    for (const { error, retriedOnResume } of await reading) {
      assert.deepEqual([error?.kind, retriedOnResume], ['closed', true]);
    }
    assert.equal(summary.done, 0);
  });

  it('tells how far it is', async () => {
    const client = await open(SLOW, { limits: { [PRO]: { rpm: 2 } } });
    const run = client.batch(PROMPTS);
    const heard: BatchProgress[] = [];
    const off = run.on('progress', (progress) => heard.push(progress));
    const reading = readAll(run);
    await scene.pass(20_000);
    const { state, done, failed, restored, waiting, taken, complete } = run.progress();
    assert.deepEqual(
      { state, done, failed, restored, taken, complete },
      { state: 'running', done: 2, failed: 0, restored: 0, taken: 6, complete: true },
    );
    assert.ok(waiting);
    assert.ok(waiting.until === undefined || waiting.until.getTime() > Date.now());
    await scene.run(reading);
    const last = heard.at(-1);
    assert.equal(last?.state, 'ended');
    assert.equal(last?.done, 6);
    assert.ok(heard.some(({ perMinute }) => perMinute > 0));
    off();
  });

  it('a listener that throws harms nothing, and is told of once', async () => {
    const client = await open();
    const run = client.batch(PROMPTS);
    const said = mock.method(console, 'error', () => {});
    try {
      let heard = 0;
      run.on('progress', () => {
        throw new Error('mine');
      });
      run.on('progress', () => {
        heard += 1;
      });
      assert.equal((await scene.run(readAll(run))).length, 6);
      assert.equal((await run.done).done, 6);
      assert.ok(heard > 1);
      assert.equal(said.mock.callCount(), 1);
    } finally {
      said.mock.restore();
    }
  });

  it('goes after interactive calls', async () => {
    const client = await open({}, { limits: { [PRO]: { rpm: 2 } } });
    const run = client.batch(many(20, String));
    let items = 0;
    const reading = (async () => {
      for await (const _ of run) items += 1;
    })();
    await scene.pass(10_000);
    const before = items;
    const calls = many(2, () => scene.watch(client.generate(PROMPT)));
    await scene.pass(MINUTE + 5_000);
    assert.ok(calls.every(({ state }) => state === 'served'));
    assert.ok(items - before <= 1, `${items - before} went before`);
    await scene.run(Promise.all([run.cancel(), reading]));
  });

  it('goes before them where it is told to', async () => {
    const client = await open({}, { limits: { [PRO]: { rpm: 2 } } });
    const run = client.batch(many(4, String), { priority: 20 });
    const reading = readAll(run);
    await scene.pass(10_000);
    const call = scene.watch(client.generate(PROMPT));
    await scene.run(reading);
    assert.equal(call.state, 'waits');
    await scene.pass(2 * MINUTE);
    assert.equal(call.state, 'served');
  });
});

describe('a request that is past its timeout', () => {
  /** A service that does not know how long it may take, and takes half as much again. */
  const openLate = async (): Promise<Client> => {
    const client = await open({ script: [{ fault: 'ok', after: 30_000 }] });
    const { fetch } = scene.emulator;
    client.close();
    return scene.client({
      fetch: (input, init) => {
        const headers = new Headers(init?.headers);
        headers.delete('x-server-timeout');
        return fetch(input, { ...init, headers });
      },
    });
  };
  const timeout = 20_000;

  for (const end of ['pause', 'stop'] as const) {
    it(`is finished too on ${end}`, async () => {
      const client = await openLate();
      const run = client.batch([PROMPT], { timeout });
      const reading = readAll(run);
      await scene.pass(10_000);
      void run[end]();
      const items = await scene.run(reading);
      assert.equal(items[0]?.status, 'done');
      assert.deepEqual(
        scene.requests().map(({ outcome, disconnected }) => [outcome, disconnected]),
        [['served', false]],
      );
      assert.equal((await run.done).possibleCost, 0);
    });
  }

  it('is waited for where a second one does not fit the budget', async () => {
    const client = await openLate();
    const budget = 1.5 * PICTURE;
    const { summary } = await whole(client, [PROMPT], { timeout, budget });
    assert.equal(summary.done, 1);
    assert.equal(summary.stopped, undefined);
    assert.ok(scene.emulator.ledger().totals.billed <= budget);
    assert.equal(scene.requests().length, 1);
  });
});

describe('a budget', () => {
  it('is never overspent, and ends the batch', async () => {
    const client = await open(SLOW);
    const budget = 3.5 * PICTURE;
    const { items, summary } = await whole(client, PROMPTS, { budget });
    const { billed } = scene.emulator.ledger().totals;
    assert.ok(billed <= budget, `${billed} was billed`);
    assert.equal(summary.stopped?.reason, 'over_budget');
    assert.equal(summary.resumable, false);
    assert.equal(summary.done, 3);
    assert.equal(items.filter(({ status }) => status === 'done').length, 3);
    near(summary.cost, billed);
    assert.ok((summary.stopped?.advice ?? '').length > 10);
  });

  it('counts answers that were lost', async () => {
    const client = await open({ script: [{ fault: 'cut', billed: true }] });
    const budget = 3.5 * PICTURE;
    const { summary } = await whole(client, PROMPTS, { budget, concurrency: 1 });
    const { billed } = scene.emulator.ledger().totals;
    assert.ok(billed <= budget, `${billed} was billed`);
    assert.ok(summary.possibleCost > 0.1);
    assert.ok(summary.cost + summary.possibleCost >= billed - 1e-6);
    assert.ok(summary.done <= 3);
  });

  it('that suffices is no end', async () => {
    const client = await open();
    const { summary } = await whole(client, PROMPTS, { budget: 10 });
    assert.equal(summary.done, 6);
    assert.equal(summary.stopped, undefined);
  });
});

describe('time', () => {
  it('a deadline ends the batch', async () => {
    const client = await open({}, { limits: { [PRO]: { rpm: 2 } } });
    const { items, summary } = await whole(client, PROMPTS, { deadline: 90_000 });
    assert.ok(scene.now() <= 91_000, `it ended at ${scene.now()}`);
    assert.equal(summary.stopped?.reason, 'deadline');
    assert.equal(summary.resumable, false);
    assert.ok(summary.done >= 2 && summary.done < 6, `${summary.done}`);
    assert.equal(items.filter(({ status }) => status === 'done').length, summary.done);
    assert.ok(summary.failed <= 4 && summary.done + summary.failed <= 6);
  });

  it('a deadline binds a batch that is paused, or waits for its source', async () => {
    const client = await open();
    const paused = client.batch(PROMPTS, { deadline: 90_000 });
    const waits = client.batch(
      (async function* () {
        yield PROMPT;
        await new Promise(() => {});
      })(),
      { deadline: 90_000 },
    );
    const reading = Promise.all([readAll(paused), readAll(waits)]);
    paused.pause();
    await scene.pass(89_000);
    assert.equal(paused.progress().state, 'paused');
    await scene.pass(2_000);
    const [none, one] = await reading;
    assert.deepEqual([none.length, one.length], [0, 1]);
    assert.equal((await paused.done).stopped?.reason, 'deadline');
    assert.equal((await waits.done).stopped?.reason, 'deadline');
  });

  it('so does a date', async () => {
    const client = await open({}, { limits: { [PRO]: { rpm: 2 } } });
    const deadline = new Date(Date.now() + 90_000);
    const { summary } = await whole(client, PROMPTS, { deadline });
    assert.equal(summary.stopped?.reason, 'deadline');
    assert.ok(scene.now() <= 91_000, `it ended at ${scene.now()}`);
  });

  it('a spent day is slept over', async () => {
    const client = await open({ limits: { [PRO]: { rpd: 4 } }, dailyHint: 'true' });
    const { items, summary } = await whole(client, PROMPTS, { onDailyLimit: 'wait' });
    assert.equal(summary.done, 6);
    assert.equal(summary.failed, 0);
    assert.equal(items.length, 6);
    // It began at four in the morning in Los Angeles.
    assert.ok(scene.now() >= 20 * HOUR && scene.now() < 21 * HOUR, `${scene.now() / HOUR} h`);
    const usage = scene.emulator.ledger().usage[0];
    assert.ok(usage && usage.counted.day <= 4);
    assert.ok(scene.overLimit() <= 4, `${scene.overLimit()} were over the limit`);
  });

  it('and progress says until when', async () => {
    const client = await open({ limits: { [PRO]: { rpd: 2 } }, dailyHint: 'true' });
    const run = client.batch(PROMPTS, { onDailyLimit: 'wait', concurrency: 2 });
    const reading = readAll(run);
    await scene.pass(10 * MINUTE);
    const { waiting, done } = run.progress();
    assert.equal(done, 2);
    const until = waiting?.until?.getTime() ?? 0;
    const midnight = Date.now() + 20 * HOUR - 10 * MINUTE;
    assert.ok(Math.abs(until - midnight) < HOUR, `${waiting?.reason} until ${waiting?.until}`);
    await scene.run(Promise.all([run.cancel(), reading]));
  });

  it('or ends the batch, and says when to go on', async () => {
    const client = await open({ limits: { [PRO]: { rpd: 4 } }, dailyHint: 'true' });
    const { summary } = await whole(client, many(20, String), {
      onDailyLimit: 'fail',
      concurrency: 4,
    });
    assert.equal(summary.stopped?.reason, 'daily_quota');
    assert.equal(summary.done, 4);
    assert.equal(summary.resumable, false);
    assert.ok(scene.now() < MINUTE);
    // Not each of the rest was tried.
    assert.ok(scene.overLimit() <= 4, `${scene.overLimit()} were over the limit`);
    const until = summary.stopped?.retryAt?.getTime() ?? 0;
    assert.ok(Math.abs(until - scene.clock.now - 20 * HOUR) < HOUR);
  });

  it('or goes to the next model', async () => {
    const client = await open({ limits: { [PRO]: { rpd: 4 } } }, { models: [PRO, NEXT] });
    const { items, summary } = await whole(client, PROMPTS);
    assert.equal(summary.done, 6);
    assert.equal(items.filter(({ model }) => model === NEXT).length, 2);
  });

  it('an outage is sat out', async () => {
    const client = await open({ faults: [{ fault: '503', to: 30 * MINUTE }] });
    const { summary } = await whole(client, PROMPTS);
    assert.equal(summary.done, 6);
    assert.equal(summary.failed, 0);
    assert.ok(scene.now() > 30 * MINUTE);
  });

  it('a lost network loses nothing', async () => {
    const client = await open({ faults: [{ fault: 'reset', to: 20 * MINUTE }] });
    const { summary } = await whole(client, PROMPTS);
    assert.equal(summary.done, 6);
    assert.equal(summary.failed, 0);
  });

  it('an outage that lasts too long ends the batch', async () => {
    const client = await open({ faults: ['503'] });
    const { summary } = await whole(client, many(100, String));
    assert.equal(summary.done, 0);
    assert.ok(summary.failed < 100, `${summary.failed} failed`);
    assert.equal(summary.resumable, false);
    assert.equal(summary.stopped?.reason, 'overloaded');
    assert.ok(scene.now() <= 5 * HOUR, `${scene.now() / HOUR} h`);
  });
});

describe('a failure', () => {
  it('of one request is that of its item', async () => {
    const client = await open({ script: ['ok', { fault: 'blocked' }, { fault: '400' }] });
    const { items, summary } = await whole(client, PROMPTS, { concurrency: 1 });
    const kinds = sorted(items).map(({ status, error }) => error?.kind ?? status);
    assert.deepEqual(kinds, ['done', 'blocked', 'invalid_request', 'done', 'done', 'done']);
    const [, blocked] = sorted(items);
    assert.equal(blocked?.status, 'failed');
    assert.equal(blocked?.retriedOnResume, false);
    assert.deepEqual(await blocked?.images(), []);
    const { done, failed, resumable, stopped } = summary;
    assert.deepEqual({ done, failed, stopped }, { done: 4, failed: 2, stopped: undefined });
    assert.equal(resumable, false);
  });

  it('of the key stops all of it', async () => {
    const client = await open({ ...SLOW, faults: ['bad-key'] });
    const { summary } = await whole(client, many(100, String), { concurrency: 3 });
    assert.equal(summary.stopped?.reason, 'unauthenticated');
    assert.equal(summary.resumable, false);
    assert.equal(summary.done, 0);
    assert.ok(scene.requests().length <= 3, `${scene.requests().length} were sent`);
    assert.ok((summary.stopped?.advice ?? '').length > 10);
  });

  it('of the account stops all of it', async () => {
    const client = await open({ prepaid: 2.5 * PICTURE });
    const { summary } = await whole(client, PROMPTS, { concurrency: 1 });
    assert.equal(summary.stopped?.reason, 'billing');
    assert.equal(summary.done, 2);
    assert.equal(summary.resumable, false);
  });

  it('holds no key and no prompt', async () => {
    const client = await open({ script: ['400'] });
    const { items } = await whole(client, ['a secret prompt']);
    const text = JSON.stringify([items[0]?.error, String(items[0]?.error)]);
    assert.doesNotMatch(text, /secret/);
  });

  it('of an item that costs too much is that of its item', async () => {
    const client = await open();
    const { items, summary } = await whole(client, PROMPTS, { maxCost: 0.01 });
    assert.equal(scene.requests().length, 0);
    assert.ok(items.every(({ error }) => error?.kind === 'over_budget'));
    assert.equal(summary.failed, 6);
  });
});
