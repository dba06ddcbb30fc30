/** Several clients on one quota, a store that fails, what a store is told, and what a trap leaves. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { EmulatorConfig } from '../../pkg/emulator/index.js';
import {
  type Client,
  type ClientOptions,
  createClient,
  memoryStore,
  type QuotaStore,
} from '../../pkg/index.js';
import {
  everybody,
  KEY,
  listen,
  many,
  NEXT,
  openScene,
  PRO,
  PROMPT,
  type Scene,
} from './support/scene.ts';
import { fused } from './support/trapping.ts';

const MINUTE = 60_000;

let scene: Scene;
afterEach(() => scene?.close());

const open = async (config: EmulatorConfig = {}): Promise<Scene> => {
  scene = await openScene(config);
  return scene;
};
// The name is given, since a hash is made outside of the fake time.
const shared = (store: QuotaStore, options: ClientOptions = {}): Client =>
  scene.client({ store, project: 'a-project', ...options });
const limits = (rpm: number): ClientOptions => ({ limits: { [PRO]: { rpm } } });
const peak = (): number => scene.emulator.ledger().usage[0]?.counted.slidingMinute.requests ?? 0;

/** A store that can be told to fail, and tells what it was asked. */
function frail(inner = memoryStore()) {
  const told = { asked: 0, down: false, hangs: false, loses: false };
  const store: QuotaStore = {
    async transact(key, update) {
      told.asked += 1;
      if (told.hangs) return new Promise(() => {});
      if (told.down) throw new Error('the store is down');
      const result = await inner.transact(key, update);
      if (told.loses) throw new Error('the answer was lost');
      return result;
    },
  };
  return { store, told };
}

/** Counts the timers that would keep a process alive. */
function heldTimers() {
  const { setTimeout: arm, clearTimeout: disarm } = globalThis;
  const holding = new Set<unknown>();
  globalThis.setTimeout = ((call: () => void, ms: number) => {
    const timer = arm(() => {
      holding.delete(timer);
      call();
    }, ms);
    holding.add(timer);
    const { unref } = timer;
    timer.unref = () => {
      holding.delete(timer);
      return unref.call(timer);
    };
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = ((timer: never) => {
    holding.delete(timer);
    disarm(timer);
  }) as typeof clearTimeout;
  const restore = (): void =>
    void Object.assign(globalThis, { setTimeout: arm, clearTimeout: disarm });
  return { held: () => holding.size, restore };
}

describe('four clients on one store', () => {
  for (const discipline of ['fixed', 'sliding', 'bucket'] as const) {
    it(`never exceed the limit together, counted as ${discipline}, and are fair`, async () => {
      await open({ limits: { '*': { rpm: 20 } }, discipline, latency: 3_000 });
      const store = memoryStore();
      const served = [0, 0, 0, 0];
      const work = many(4, (index) => {
        const client = shared(store, limits(20));
        const calls = many(20, () =>
          client.generate(PROMPT).then(() => {
            served[index] = (served[index] ?? 0) + 1;
          }),
        );
        return Promise.all(calls);
      });
      const all = Promise.all(work);
      await scene.pass(90_000);
      // Two minutes' worth were sent; a quarter of it for each would be ten.
      assert.ok(
        served.every((count) => count >= 5),
        `served: ${served}`,
      );
      await scene.run(all);
      assert.deepEqual([scene.overLimit(), scene.requests().length], [0, 80]);
      assert.ok(peak() <= 20, `${peak()} in a minute`);
      assert.ok(scene.now() < 3.3 * MINUTE, `it took ${scene.now() / MINUTE} minutes`);
    });
  }

  it('one that comes later gets its share', async () => {
    await open({ limits: { '*': { rpm: 10 } } });
    const store = memoryStore();
    everybody(shared(store, limits(10)), 60);
    await scene.pass(MINUTE);
    const late = shared(store, limits(10));
    let served = 0;
    const count = (): void => {
      served += 1;
    };
    for (const call of many(30, () => late.generate(PROMPT))) call.then(count, () => {});
    await scene.pass(3 * MINUTE);
    assert.ok(served >= 8, `${served} of about 30 in three minutes`);
    assert.equal(scene.overLimit(), 0);
  });

  it('one that has nothing to do keeps nothing back', async () => {
    await open({ limits: { '*': { rpm: 20 } } });
    const store = memoryStore();
    await scene.run(everybody(shared(store, limits(20)), 1));
    await scene.pass(2 * MINUTE);
    await scene.run(everybody(shared(store, limits(20)), 20));
    assert.ok(scene.now() < 2 * MINUTE + 10_000, `it took ${scene.now()}`);
  });

  it('what one learns the others know', async () => {
    await open({ limits: { '*': { rpm: 6 } }, latency: 300 });
    const store = memoryStore();
    await scene.run(everybody(shared(store), 12));
    const before = scene.overLimit();
    await scene.pass(2 * MINUTE);
    const other = shared(store);
    await scene.run(everybody(other, 6));
    const [report] = await scene.run(other.quota());
    const limit = report?.limits.find(({ dimension }) => dimension === 'requests_per_minute');
    assert.deepEqual([limit?.limit, limit?.source], [6, 'learned']);
    assert.equal(scene.overLimit(), before);
  });

  it('one sees in quota() what the others used', async () => {
    await open();
    const store = memoryStore();
    await scene.run(everybody(shared(store, limits(10)), 4));
    await scene.pass(2_000);
    const [report] = await scene.run(shared(store, limits(10)).quota());
    const limit = report?.limits.find(({ dimension }) => dimension === 'requests_per_minute');
    assert.deepEqual([limit?.used, limit?.limit], [4, 10]);
  });

  it('share the money of their account over all models', async () => {
    await open({ spendLimit: 1 });
    const store = memoryStore();
    const work = [PRO, NEXT, PRO, NEXT].map((model) => {
      const client = shared(store, { models: [model], spendPer10Min: 1 });
      return Promise.all(many(4, () => client.generate(PROMPT, { priority: 'background' })));
    });
    await scene.run(Promise.all(work));
    const { spendPeaks, totals } = scene.emulator.ledger();
    assert.ok(
      Object.values(spendPeaks).every((peak) => peak <= 1),
      JSON.stringify(spendPeaks),
    );
    assert.equal(totals.served, 16);
    // The exact cost of a picture is known only when it is there, so one request may exceed the limit.
    assert.ok(totals.rejected <= 1, `${totals.rejected} were rejected`);
  });

  it('one with two models asks for its money now and then, not all the time', {}, async () => {
    await open();
    const inner = memoryStore();
    let asked = 0;
    const store: QuotaStore = {
      async transact(key, update) {
        asked += 1;
        // Without an end no test could tell.
        if (asked > 1_000) throw new Error('asked too often');
        return inner.transact(key, update);
      },
    };
    const client = shared(store, { models: [PRO, NEXT], spendPer10Min: 1 });
    const calls = many(16, (index) => {
      const models = [index % 2 === 0 ? PRO : NEXT];
      return client.generate(PROMPT, { models, priority: 'background' });
    });
    await scene.run(Promise.all(calls));
    assert.ok(asked < 200, `it was asked ${asked} times`);
    assert.ok(scene.now() > 10 * MINUTE);
  });

  it('of other projects do not share', async () => {
    await open();
    const store = memoryStore();
    await scene.run(everybody(shared(store, limits(5)), 5));
    await scene.run(everybody(shared(store, { ...limits(5), project: 'another' }), 5));
    assert.ok(scene.now() < 10_000, `it took ${scene.now()}`);
  });

  it('retry by a model shares too', async () => {
    await open();
    const store = memoryStore();
    const [one, other] = [shared(store, limits(2)), shared(store, limits(2))];
    const at: number[] = [];
    const call = (client: Client) => client.retry(() => void at.push(scene.now()), { model: PRO });
    await scene.run(Promise.all([call(one), call(one), call(other)]));
    assert.ok((at[1] ?? 99_999) < 5_000 && (at[2] ?? 0) > MINUTE, String(at));
  });

  it('the days are shared', async () => {
    await open({ limits: { '*': { rpd: 5 } } });
    const store = memoryStore();
    const options: ClientOptions = { limits: { [PRO]: { rpd: 5 } } };
    await scene.run(everybody(shared(store, options), 5));
    const error = await scene.fails(shared(store, options).generate(PROMPT));
    assert.equal(error.kind, 'daily_quota');
    assert.equal(scene.overLimit(), 0);
  });

  it('one that was closed with calls in flight gives back what it never sent', async () => {
    await open({ latency: 5_000 });
    const store = memoryStore();
    const one = shared(store, limits(10));
    const calls = many(20, () => scene.watch(one.generate(PROMPT)));
    await scene.pass(3_000);
    one.close();
    await scene.pass(1);
    assert.ok(calls.every(({ state }) => state === 'failed'));
    const before = scene.requests().length;
    assert.equal(before, 10);
    const other = scene.watch(shared(store, limits(10)).generate(PROMPT));
    await scene.pass(50_000);
    assert.equal(other.state, 'waits', 'what was sent counts');
    await scene.pass(20_000);
    assert.equal(other.state, 'served');
  });
});

describe('a store that is down', () => {
  it('is told, once, and again when it answers', async () => {
    await open();
    const { store, told } = frail();
    const client = shared(store, limits(100));
    const heard = listen(client, 'storeDown');
    await scene.run(everybody(client, 2));
    assert.deepEqual(heard, []);
    told.down = true;
    await scene.run(everybody(client, 10));
    const downs = heard.length;
    assert.ok(downs >= 1 && heard.every(({ down }) => down), JSON.stringify(heard));
    await scene.pass(MINUTE);
    assert.equal(heard.length, downs, 'not again and again');
    told.down = false;
    await scene.pass(10_000);
    await scene.run(everybody(client, 1));
    assert.deepEqual(
      heard.slice(downs).map(({ down }) => down),
      heard.slice(0, downs).map(() => false),
    );
  });

  it('from the beginning: `local` goes on alone, within the limits', async () => {
    await open({ limits: { '*': { rpm: 5 } } });
    const { store, told } = frail();
    told.down = true;
    const client = shared(store, limits(5));
    await scene.run(everybody(client, 11));
    assert.deepEqual([scene.overLimit(), scene.requests().length], [0, 11]);
    assert.ok(scene.now() < 2.5 * MINUTE, `it took ${scene.now()}`);
  });

  it('`local` is the default, and takes an equal share', async () => {
    await open({ limits: { '*': { rpm: 20 } } });
    const { store, told } = frail();
    const clients = many(4, () => shared(store, limits(20)));
    for (const client of clients) await scene.run(client.generate(PROMPT));
    await scene.pass(2 * MINUTE);
    for (const client of clients) await scene.run(client.generate(PROMPT));
    told.down = true;
    await scene.pass(2 * MINUTE);
    const before = scene.requests().length;
    const work = Promise.all(clients.map((client) => everybody(client, 10)));
    await scene.pass(50_000);
    assert.equal(scene.requests().length - before, 20, 'a minute of all of them');
    await scene.run(work);
    assert.equal(scene.overLimit(), 0);
  });

  it('`open` goes on as if nobody else were there', async () => {
    await open();
    const { store, told } = frail();
    const clients = many(2, () => shared(store, { ...limits(10), onStoreDown: 'open' }));
    for (const client of clients) await scene.run(client.generate(PROMPT));
    told.down = true;
    await scene.pass(2 * MINUTE);
    const before = scene.requests().length;
    await scene.run(Promise.all(clients.map((client) => everybody(client, 10))));
    assert.equal(scene.requests().length - before, 20);
    assert.ok(scene.now() < 2 * MINUTE + 30_000, `it took ${scene.now()}`);
  });

  it('`closed` sends nothing until it is back', async () => {
    await open();
    const { store, told } = frail();
    const client = shared(store, { ...limits(100), onStoreDown: 'closed' });
    await scene.run(client.generate(PROMPT));
    told.down = true;
    const calls = everybody(client, 5);
    await scene.pass(5 * MINUTE);
    assert.equal(scene.requests().length, 1);
    told.down = false;
    await scene.pass(10_000);
    assert.equal(scene.requests().length, 6);
    await scene.run(calls);
  });

  it('`closed`: a deadline still ends the wait', async () => {
    await open();
    const { store, told } = frail();
    told.down = true;
    const client = shared(store, { ...limits(100), onStoreDown: 'closed' });
    const call = scene.watch(client.generate(PROMPT, { deadline: 20_000 }));
    await scene.pass(25_000);
    assert.equal(call.state, 'failed');
    assert.equal(call.error?.kind, 'deadline');
  });

  it('what was sent meanwhile is told to the others when it is back', async () => {
    await open({ limits: { '*': { rpm: 10 } } });
    const { store, told } = frail();
    const one = shared(store, limits(10));
    await scene.run(one.generate(PROMPT));
    told.down = true;
    await scene.run(everybody(one, 7));
    told.down = false;
    await scene.pass(6_000);
    const other = shared(store, limits(10));
    const calls = everybody(other, 4);
    await scene.pass(20_000);
    // The one that was sent before counts no more by now.
    assert.equal(scene.requests().length, 1 + 7 + 3, 'three were left');
    await scene.run(calls);
    assert.equal(scene.overLimit(), 0);
  });

  it('keeps no script alive for longer than a moment, and is told all the same', async () => {
    await open({ limits: { '*': { rpm: 10 } } });
    const { store, told } = frail();
    const client = shared(store, { ...limits(10), onStoreDown: 'open' });
    await scene.run(client.generate(PROMPT));
    const timers = heldTimers();
    told.down = true;
    await scene.run(client.generate(PROMPT));
    await scene.pass(2_000);
    assert.equal(timers.held(), 1, 'a moment');
    await scene.pass(5_000);
    assert.equal(timers.held(), 0);
    await scene.pass(3_600_000);
    assert.equal(timers.held(), 0, 'nor later');
    told.down = false;
    await scene.pass(10_000);
    timers.restore();
    const { asked } = told;
    await scene.pass(3_600_000);
    assert.equal(told.asked, asked, 'it has been told all');
  });

  it('one that hangs is taken for down after 2.5 s', async () => {
    await open();
    const { store, told } = frail();
    told.hangs = true;
    const client = shared(store, limits(100));
    const call = scene.watch(client.generate(PROMPT));
    await scene.pass(2_000);
    assert.equal(call.state, 'waits');
    await scene.pass(5_000);
    assert.equal(call.state, 'served');
    assert.ok(told.asked <= 6, `${told.asked} were asked`);
  });

  it('one whose answers get lost counts nothing twice', async () => {
    await open({ limits: { '*': { rpm: 10 } } });
    const { store, told } = frail();
    const client = shared(store, { ...limits(10), onStoreDown: 'closed' });
    told.loses = true;
    const calls = everybody(client, 10);
    await scene.pass(3_000);
    assert.equal(scene.requests().length, 0);
    told.loses = false;
    await scene.run(calls);
    assert.ok(scene.now() < 2.2 * MINUTE, `it took ${scene.now()}`);
    assert.deepEqual([scene.overLimit(), scene.requests().length], [0, 10]);
  });

  it('one that comes back empty is filled again, and nothing is overspent', async () => {
    await open({ limits: { '*': { rpm: 10 } } });
    let inner = memoryStore();
    const store: QuotaStore = { transact: (key, update) => inner.transact(key, update) };
    const [one, other] = [shared(store, limits(10)), shared(store, limits(10))];
    await scene.run(Promise.all([everybody(one, 5), everybody(other, 5)]));
    inner = memoryStore();
    const calls = Promise.all([everybody(one, 10), everybody(other, 10)]);
    await scene.run(calls);
    assert.deepEqual([scene.overLimit(), scene.requests().length], [0, 30]);
    assert.ok(peak() <= 10, `${peak()} in a minute`);
  });

  it('one that holds what nobody can read does not stop anybody', async () => {
    for (const state of ['', 'not a ledger', '1 2 3', '\0'.repeat(4_096), '9'.repeat(4_096)]) {
      await open({ limits: { '*': { rpm: 5 } } });
      const states = new Map<string, string>();
      const store: QuotaStore = {
        async transact(key, update) {
          const { state: next, result } = update(states.get(key) ?? state, Date.now());
          states.set(key, next);
          return result;
        },
      };
      await scene.run(everybody(shared(store, limits(5)), 6));
      assert.equal(scene.overLimit(), 0);
      scene.close();
    }
  });

  it('one that throws at once, or resolves without asking, is down and no more', async () => {
    const broken: QuotaStore[] = [
      {
        transact() {
          throw new Error('at once');
        },
      },
      { transact: () => Promise.resolve(undefined as never) },
      { transact: () => undefined as never },
    ];
    for (const store of broken) {
      await open();
      const client = shared(store, limits(5));
      const heard = listen(client, 'storeDown');
      await scene.run(client.generate(PROMPT));
      assert.ok(heard[0]?.down);
      const report = await scene.run(client.quota());
      assert.equal(report.length, 1);
      scene.close();
    }
  });

  it('leaves no timer once its client is closed', async () => {
    await open();
    const { store, told } = frail();
    const client = shared(store, limits(5));
    await scene.run(client.generate(PROMPT));
    told.down = true;
    await scene.run(client.generate(PROMPT));
    client.close();
    await scene.pass(20_000);
    assert.equal(scene.clock.countTimers(), 0);
  });

  it('keeps no process alive once nobody waits', async () => {
    await open();
    const { store } = frail();
    const client = shared(store, limits(5));
    await scene.run(client.generate(PROMPT));
    await scene.pass(20_000);
    assert.equal(scene.clock.countTimers(), 0);
  });
});

describe('what a store is told', () => {
  const SECRET = 'AIzaSyA-secret-of-nobody-0123456789abcde';
  const image = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } };
  const fetch = (async () =>
    Response.json({ candidates: [{ content: { parts: [image] } }] })) as typeof globalThis.fetch;

  async function record(options: ClientOptions = {}): Promise<Map<string, string>> {
    const said = new Map<string, string>();
    const inner = memoryStore();
    const store: QuotaStore = {
      transact: (key, update) =>
        inner.transact(key, (state, now) => {
          const next = update(state, now);
          said.set(key, next.state);
          return next;
        }),
    };
    const models = [PRO, NEXT];
    const client = createClient({ apiKey: SECRET, models, fetch, store, ...options });
    for (const call of many(4, (index) => client.generate(`${PROMPT} ${index}`))) await call;
    await client.generate(PROMPT, { models: [NEXT] });
    await client.quota();
    client.close();
    return said;
  }

  it('is a name of 16 hex digits, never a key, never a prompt', async () => {
    const said = await record({ spendPer10Min: 5 });
    const keys = [...said.keys()].sort();
    assert.ok(keys.length >= 3, String(keys));
    const [prefix] = keys[0]?.split(':') ?? [];
    assert.match(prefix ?? '', /^[0-9a-f]{16}$/);
    assert.deepEqual(keys, [`${prefix}:${PRO}`, `${prefix}:${NEXT}`, `${prefix}:spend`].sort());
    const all = JSON.stringify([...said]);
    for (const secret of [SECRET, SECRET.slice(8, 24), PROMPT, 'boat']) {
      assert.ok(!all.includes(secret), secret);
    }
  });

  it('is ASCII of less than 4 KiB', async () => {
    for (const state of (await record(limits(1e9))).values()) {
      assert.ok(state.length > 0 && state.length <= 4_096, `${state.length} characters`);
      assert.match(state, /^[\x20-\x7e]*$/);
    }
  });

  it('is the same of one key and address, and another of another', async () => {
    const name = async (options?: ClientOptions): Promise<string | undefined> =>
      [...(await record(options)).keys()][0]?.split(':')[0];
    const own = await name();
    assert.equal(await name(), own);
    assert.notEqual(await name({ apiKey: `${SECRET}f` }), own);
    assert.notEqual(await name({ baseUrl: 'https://proxy.example/gemini' }), own);
  });

  it('is the name of `project` where that is given', async () => {
    const keys = [...(await record({ project: 'pictures' })).keys()];
    assert.ok(
      keys.every((key) => key.startsWith('pictures:')),
      String(keys),
    );
  });
});

describe('after a trap', () => {
  interface Fused {
    createClient: typeof createClient;
    arm(): void;
    remove(): void;
  }

  async function load(): Promise<Fused> {
    const copy = fused();
    const Real = WebAssembly.Instance;
    let fuse: WebAssembly.Global | undefined;
    WebAssembly.Instance = new Proxy(Real, {
      construct(target, args) {
        const instance = Reflect.construct(target, args) as WebAssembly.Instance;
        fuse = (instance.exports['fuse'] as WebAssembly.Global | undefined) ?? fuse;
        return instance;
      },
    });
    const pkg = await import(pathToFileURL(`${copy.path}/index.js`).href);
    return {
      createClient: pkg.createClient,
      arm() {
        assert.ok(fuse, 'the fuse was not seen');
        fuse.value = 3;
      },
      remove() {
        WebAssembly.Instance = Real;
        copy.remove();
      },
    };
  }

  async function overspends(options: ClientOptions, before: number): Promise<void> {
    const { createClient: create, arm, remove } = await load();
    try {
      await open({ limits: { '*': { rpm: 5 } }, discipline: 'sliding' });
      const client = create({
        apiKey: KEY,
        models: [PRO],
        fetch: scene.emulator.fetch,
        ...limits(5),
        ...options,
      });
      await scene.run(everybody(client, 4));
      await scene.pass(before);
      arm();
      await assert.rejects(
        client.retry(() => 1),
        /failed inside/,
      );
      const calls = everybody(client, 3);
      await scene.run(calls);
      assert.deepEqual([scene.overLimit(), scene.requests().length], [0, 7]);
      const late = scene.sent()[5] ?? 0;
      assert.ok(late > MINUTE, `the sixth went at ${late}`);
      client.close();
    } finally {
      remove();
    }
  }

  it('the ledger is as it was, and nothing is overspent', () => overspends({}, 1_000));
  it('of requests that were sent just before as well', () => overspends({}, 0));
  it('with a store as well', () =>
    overspends({ store: memoryStore(), project: 'a-project' }, 1_000));
});
