/** Many calls, long waits, dropped promises, large answers, and processes that have to end. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import FakeTimers from '@sinonjs/fake-timers';
import { type Client, type ClientOptions, createClient, retry } from '../../pkg/index.js';
import { NOON, TIMERS } from './support/clock.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KEY = 'a-key-of-nobody';
const PROMPT = 'a paper boat on a calm lake';
const MODELS = ['gemini-3-pro-image'];
const CROWD = 10_000;

// The package makes its instance on first use, so this sees it come.
let memory: WebAssembly.Memory | undefined;
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, args) {
    const instance = Reflect.construct(target, args) as WebAssembly.Instance;
    const { exports } = instance;
    if ('classifyError' in exports) memory = exports['memory'] as WebAssembly.Memory;
    return instance;
  },
});

function bytes(): number {
  assert.ok(memory, 'the memory was not seen');
  return memory.buffer.byteLength;
}

const client = (options: ClientOptions = {}): Client =>
  createClient({ apiKey: KEY, models: MODELS, ...options });

const answer = (data = 'iVBORw0KGgo='): unknown => ({
  candidates: [{ content: { parts: [{ inlineData: { mimeType: 'image/png', data } }] } }],
});

/** Functions that can be called a while later. */
function gate(): { wait: Promise<void>; open: () => void } {
  let open = (): void => {};
  const wait = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait, open };
}

describe('10,000 calls in flight', () => {
  it('through retry', async () => {
    const own = client();
    const sizes: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const { wait, open } = gate();
      let flying = 0;
      const calls = Array.from({ length: CROWD }, (_, index) =>
        own.retry(async () => {
          flying += 1;
          await wait;
          if (index % 10 === 9) throw new Error(`400 number ${index}`);
          return index;
        }),
      );
      const all = Promise.allSettled(calls);
      await turn();
      assert.equal(flying, CROWD, 'all of them are in flight');
      open();
      for (const [index, ended] of (await all).entries()) {
        if (index % 10 === 9) {
          assert.equal(ended.status, 'rejected');
          assert.equal((ended.reason as Error).message, `400 number ${index}`);
        } else {
          assert.equal(ended.status, 'fulfilled');
          assert.equal(ended.value, index);
        }
      }
      sizes.push(bytes());
    }
    assert.equal(sizes[3], sizes[1], `what has ended is kept: ${sizes}`);
  });

  it('through generate, each with its own answer', async () => {
    let { wait, open } = gate();
    let flying = 0;
    const own = client({
      limits: 'none',
      fetch: async (_, init) => {
        flying += 1;
        await wait;
        const { contents } = JSON.parse(String(init?.body));
        return Response.json(answer(contents[0].parts[0].text));
      },
    });
    const sizes: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      ({ wait, open } = gate());
      flying = 0;
      const calls = Array.from({ length: CROWD }, (_, index) => own.generate(`prompt ${index}`));
      const all = Promise.all(calls);
      await turn();
      assert.equal(flying, CROWD, 'all of them are in flight');
      open();
      for (const [index, result] of (await all).entries()) {
        assert.equal(result.images[0]?.data, `prompt ${index}`);
      }
      sizes.push(bytes());
    }
    assert.equal(sizes[2], sizes[1], `what has ended is kept: ${sizes}`);
  });

  it('ended at once by close', async () => {
    const own = client();
    const calls = Array.from({ length: CROWD }, () => own.retry(() => new Promise(() => {})));
    const all = Promise.allSettled(calls);
    own.close();
    const ended = await all;
    assert.ok(ended.every((one) => one.status === 'rejected' && one.reason.kind === 'closed'));
  });

  it('ended at once by one signal', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const own = client();
    // Node warns of many listeners; that they are many is the point here.
    EventEmitter.setMaxListeners(0, signal);
    const all = Promise.allSettled(
      Array.from({ length: CROWD }, () => own.retry(() => new Promise(() => {}), { signal })),
    );
    const reason = new Error('enough');
    controller.abort(reason);
    assert.ok((await all).every((one) => one.status === 'rejected' && one.reason === reason));
  });
});

describe('overlapping calls', () => {
  it('inside one another', async () => {
    const own = client();
    const deep = (level: number): Promise<number> =>
      level === 0 ? Promise.resolve(0) : own.retry(async () => 1 + (await deep(level - 1)));
    assert.equal(await deep(200), 200);
    const sync = (level: number): Promise<number> =>
      own.retry(() => (level === 0 ? Promise.resolve(0) : sync(level - 1)));
    assert.equal(await sync(100), 0, 'started while another is being started');
  });

  it('of many clients', async () => {
    const clients = Array.from({ length: 200 }, () =>
      client({ fetch: async () => Response.json(answer()) }),
    );
    const results = await Promise.all(
      clients.flatMap((own) => [own.generate(PROMPT), own.generateWithRetry(PROMPT)]),
    );
    assert.equal(results.length, 400);
  });

  it('ended by their own callbacks', async () => {
    const own = client();
    const controller = new AbortController();
    const reason = new Error('from inside');
    const aborted = own.retry(
      () => {
        controller.abort(reason);
        return 1;
      },
      { signal: controller.signal },
    );
    await assert.rejects(aborted, (error) => error === reason || error === undefined);
    const closed = own.retry(() => {
      own.close();
      return 1;
    });
    await assert.rejects(closed, { kind: 'closed' });
  });
});

describe('waits longer than a timer', () => {
  const DAY = 86_400_000;
  let clock: FakeTimers.Clock | undefined;
  afterEach(() => {
    clock?.uninstall();
    clock = undefined;
  });

  function install(): FakeTimers.Clock {
    const installed = FakeTimers.install({ now: NOON, toFake: TIMERS });
    const { setTimeout: fake } = globalThis;
    globalThis.setTimeout = ((callback: () => void, ms = 0) => {
      assert.ok(ms <= 2 ** 31 - 1, `a timer of ${ms} ms fires at once`);
      return fake(callback, ms);
    }) as typeof setTimeout;
    clock = installed;
    return installed;
  }

  it('a wait of 30 days', async () => {
    const time = install();
    const called: number[] = [];
    const work = client().retry(
      async () => {
        called.push(Date.now() - NOON);
        if (called.length === 1) throw new Error('503');
        return 'at last';
      },
      { shouldRetry: () => ({ delay: 30 * DAY }) },
    );
    await turn();
    await time.tickAsync(30 * DAY - 1);
    assert.deepEqual(called, [0]);
    await time.tickAsync(1);
    assert.equal(await work, 'at last');
    assert.deepEqual(called, [0, 30 * DAY]);
    assert.equal(time.countTimers(), 0);
  });

  it('a deadline of 60 days', async () => {
    const time = install();
    const work = client().retry(() => new Promise(() => {}), { deadline: 60 * DAY });
    let ended = false;
    const check = assert.rejects(work, { kind: 'deadline' }).then(() => {
      ended = true;
    });
    await turn();
    await time.tickAsync(60 * DAY - 1);
    assert.equal(ended, false);
    await time.tickAsync(1);
    await check;
    assert.equal(time.countTimers(), 0);
  });

  it('times that no clock reaches', async () => {
    install();
    for (const forever of [Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
      const options = { deadline: forever, timeout: forever, maxServerDelay: forever };
      assert.equal(await client().retry(async () => 1, options), 1);
    }
    const date = new Date(8.64e15);
    assert.equal(await client().retry(async () => 1, { deadline: date }), 1);
  });

  it('a pause of a batch', async () => {
    const time = install();
    const own = client({ fetch: async () => Response.json(answer()) });
    const work = own.batchGenerate([PROMPT, PROMPT], 40 * DAY);
    let ended = false;
    const done = work.then((results) => {
      ended = true;
      return results;
    });
    for (let wait = 0; wait < 20; wait += 1) await turn();
    await time.tickAsync(40 * DAY - 1);
    for (let wait = 0; wait < 20; wait += 1) await turn();
    assert.equal(ended, false, 'it waits less than it was told');
    await time.tickAsync(DAY);
    for (let wait = 0; wait < 20; wait += 1) await turn();
    assert.equal((await done).length, 2);
  });
});

describe('a large picture', () => {
  const large = 'iVBORw0KGgo'.padEnd(32_000_000, 'A');
  const text = JSON.stringify(answer(large));
  const own = client({
    fetch: async () =>
      new Response(text, { headers: { 'content-type': 'application/json; charset=UTF-8' } }),
  });

  it('does not enter the memory of the WebAssembly', async () => {
    const small = client({ fetch: async () => Response.json(answer()) });
    await small.generate(PROMPT);
    await small.generateWithRetry(PROMPT);
    await small.generateWithFallback(PROMPT);
    const before = bytes();
    const result = await own.generate(PROMPT);
    assert.equal(result.images[0]?.data.length, large.length);
    assert.equal(result.images[0]?.bytes().length, large.length * 0.75);
    assert.equal((await own.generateWithRetry(PROMPT)).data?.length, large.length);
    assert.equal((await own.generateWithFallback(PROMPT)).result.data?.length, large.length);
    await retry(async () => large);
    assert.equal(bytes(), before);
  });

  it('nor does one that is sent', async () => {
    let sent = 0;
    const sender = client({
      fetch: async (_, init) => {
        sent = String(init?.body).length;
        return Response.json(answer());
      },
    });
    await sender.generate(PROMPT);
    const before = bytes();
    const contents = [PROMPT, { inlineData: { mimeType: 'image/png', data: large } }];
    await sender.generate({ contents });
    await sender.generateWithRetry({ contents });
    assert.ok(sent > large.length);
    assert.equal(bytes(), before);
  });

  it('nor does an error that holds one', async () => {
    const failing = client({ fetch: async () => new Response(text, { status: 400 }) });
    const fails = (): Promise<void> => assert.rejects(failing.generate(PROMPT), { status: 400 });
    await fails();
    const before = bytes();
    await fails();
    const error = Object.assign(new Error(large), { status: 400, body: text, data: answer(large) });
    await assert.rejects(
      failing.retry(() => Promise.reject(error)),
      (thrown) => thrown === error,
    );
    assert.ok(bytes() - before <= 1_048_576, `it grew by ${bytes() - before}`);
  });
});

describe("Node's own time limit", () => {
  const DISPATCHER = Symbol.for('undici.globalDispatcher.1');
  const globals = globalThis as unknown as Record<symbol, unknown>;
  const saved = globals[DISPATCHER];
  afterEach(() => {
    globals[DISPATCHER] = saved;
  });

  interface Recorder {
    seen: Record<string, unknown>[];
    dispatch(options: Record<string, unknown>, handler: object): boolean;
  }

  function recorder(): Recorder {
    const seen: Record<string, unknown>[] = [];
    return {
      seen,
      dispatch(options, handler) {
        seen.push(options);
        (handler as { onError(error: Error): void }).onError(new Error('ECONNREFUSED recorded'));
        return true;
      },
    };
  }

  it('is lifted, through the dispatcher that is in use', async () => {
    const [first, second] = [recorder(), recorder()];
    const own = client({ retry: { maxAttempts: 1 } });
    for (const current of [first, second]) {
      globals[DISPATCHER] = current;
      await assert.rejects(own.generateWithRetry(PROMPT, 1), /recorded/);
      await assert.rejects(own.generate(PROMPT), /recorded/);
    }
    for (const { seen } of [first, second]) {
      assert.equal(seen.length, 2);
      for (const options of seen) {
        assert.deepEqual(
          [options['headersTimeout'], options['bodyTimeout'], options['method']],
          [0, 0, 'POST'],
        );
        assert.match(String(options['path']), /:generateContent$/);
      }
    }
  });

  it('is left alone where there is no such dispatcher', async () => {
    globals[DISPATCHER] = undefined;
    const keys: string[][] = [];
    const own = client({
      fetch: async (_, init) => {
        keys.push(Object.keys(init ?? {}));
        return Response.json(answer());
      },
    });
    await own.generate(PROMPT);
    assert.equal(keys[0]?.includes('dispatcher'), false);
  });
});

describe('a process', () => {
  const START = `
    import { createClient, retry } from ${JSON.stringify(new URL('../../pkg/index.js', import.meta.url).href)};
    const body = ${JSON.stringify(answer())};
    const fetch = async () => Response.json(body);
    const client = createClient({ apiKey: '${KEY}', models: ${JSON.stringify(MODELS)}, fetch });
    const never = () => new Promise(() => {});
    const overloaded = async () => { throw new Error('503 UNAVAILABLE'); };
  `;

  /** Runs a script, and gives how it ended and how long after its last word. */
  async function run(
    script: string,
    flags: string[] = [],
  ): Promise<[number | null, string, number]> {
    const args = [...flags, '--input-type=module', '-e', START + script];
    const child = spawn(process.execPath, args, { cwd: ROOT, timeout: 20_000 });
    let output = '';
    let last = Date.now();
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        last = Date.now();
      });
    }
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return [code, output, Date.now() - last];
  }

  const ENDS: [string, string][] = [
    ['after an import', ''],
    ['after a call with a long timeout', `await client.generate('x', { timeout: 3_600_000 });`],
    ['after a call with a long deadline', `await retry(async () => 1, { deadline: 3_600_000 });`],
    [
      'after an error',
      `await retry(async () => { throw new Error('400'); }, { timeout: 3_600_000 }).catch(() => {});`,
    ],
    [
      'after an abort while waiting',
      `const controller = new AbortController();
       const call = retry(overloaded, { baseDelay: 3_600_000, maxDelay: 3_600_000, signal: controller.signal });
       setTimeout(() => controller.abort(), 20);
       await call.catch(() => {});`,
    ],
    [
      'after close while waiting',
      `const call = client.retry(overloaded, { baseDelay: 3_600_000, maxDelay: 3_600_000 });
       setTimeout(() => client.close(), 20);
       await call.catch(() => {});`,
    ],
    [
      'after a batch that was aborted in a pause',
      `const controller = new AbortController();
       const { signal } = controller;
       const batch = client.batchGenerate(['x', 'y'], { delay: 3_600_000, signal });
       setTimeout(() => controller.abort(), 50);
       await batch.catch(() => {});`,
    ],
    [
      'after a timeout of an attempt',
      `await retry(never, { timeout: 20, maxAttempts: 1 }).catch(() => {});`,
    ],
  ];
  for (const [name, script] of ENDS) {
    it(`ends ${name}`, async () => {
      const [code, output, after] = await run(`${script}\nconsole.log('done');`);
      assert.deepEqual([code, output], [0, 'done\n']);
      assert.ok(after < 3_000, `it lived on for ${after} ms`);
    });
  }

  it('lifts the time limit of its very first request', async () => {
    const script = `
      globalThis.fetch = async (_, init) => {
        console.log(typeof init.dispatcher?.dispatch);
        return Response.json(body);
      };
      await createClient({ apiKey: '${KEY}' }).generate('a paper boat');`;
    assert.deepEqual((await run(script)).slice(0, 2), [0, 'function\n']);
  });

  it('lives as long as a call waits', async () => {
    const script = `
      let calls = 0;
      const call = retry(
        async () => { calls += 1; if (calls === 1) throw new Error('503 UNAVAILABLE'); return calls; },
        { baseDelay: 100, jitter: 0 },
      );
      call.then((value) => console.log('called', value));`;
    assert.deepEqual((await run(script)).slice(0, 2), [0, 'called 2\n']);
  });

  it('ends with a call that fails and is not caught, as with any promise', async () => {
    const [code, output] = await run(
      `await retry(async () => { throw new Error('400 nobody'); });`,
    );
    assert.equal(code, 1);
    assert.match(output, /400 nobody/);
  });

  it('survives calls and clients that nobody keeps', async () => {
    const script = `
      let calls = 0;
      const open = [];
      const slow = () => new Promise((resolve) => { open.push(() => resolve(Response.json(body))); });
      function drop() {
        createClient({ apiKey: '${KEY}', fetch: slow }).generate('x');
        createClient().retry(async ({ attempt }) => {
          calls += 1;
          if (attempt === 1) throw new Error('503 UNAVAILABLE');
        }, { baseDelay: 30, jitter: 0 });
        new WeakRef(createClient({ apiKey: '${KEY}', fetch: slow }));
      }
      for (let round = 0; round < 50; round += 1) drop();
      for (let round = 0; round < 5; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        globalThis.gc();
      }
      for (const answer of open) answer();
      for (let round = 0; round < 20; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        globalThis.gc();
      }
      const again = await client.retry(async () => 7);
      console.log(JSON.stringify([open.length, calls, again]));`;
    const [code, output] = await run(script, ['--expose-gc']);
    assert.deepEqual([code, output], [0, '[50,100,7]\n']);
  });

  it('frees clients that nobody keeps, with what listens to them', async () => {
    const script = `
      const refs = [];
      async function drop() {
        const own = createClient({ apiKey: '${KEY}', models: ${JSON.stringify(MODELS)}, fetch });
        own.on('failure', () => own.quota());
        await own.generate('x');
        await own.retry(async () => 7);
        refs.push(new WeakRef(own));
      }
      for (let round = 0; round < 50; round += 1) await drop();
      for (let round = 0; round < 20; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        globalThis.gc();
      }
      console.log(refs.filter((ref) => ref.deref() !== undefined).length);`;
    const [code, output] = await run(script, ['--expose-gc']);
    assert.deepEqual([code, output], [0, '0\n']);
  });
});
