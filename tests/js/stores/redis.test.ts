/** The store in Redis, by both clients, on a server that is killed, stopped and emptied. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { QuotaStore } from '../../../pkg/index.js';
import { type RedisStoreOptions, redisStore } from '../../../pkg/stores/redis.js';
import { REDIS_SERVER, type RedisServer, redisServer } from '../support/redis-server.ts';
import { increment, peek, storeSuite } from '../support/store-suite.ts';

/** On a build server a test that could not run proves nothing, so there it fails. */
const SKIP = REDIS_SERVER === undefined && process.env['CI'] !== 'true' && 'no redis-server here';

/** Long enough for a server that answers, in ms. */
const TIMEOUT = 150;

const KEY = 'unexhausted:key';

type Script = (text: string, ...more: never[]) => Promise<unknown>;

type Around = (send: () => Promise<unknown>, script: string) => Promise<unknown>;

/** A client of one of the packages, with what the tests do to it. */
interface Client {
  store(options?: RedisStoreOptions): QuotaStore;
  /** The store over a client whose every script goes through `around`. */
  storeAround(around: Around, options?: RedisStoreOptions): QuotaStore;
  command(...words: string[]): Promise<unknown>;
  close(): void;
}

function wrap(
  raw: Redis | Awaited<ReturnType<typeof nodeRedis>>,
): Pick<Client, 'store' | 'storeAround'> {
  return {
    store: (options) => redisStore(raw, options),
    storeAround(around, options) {
      const evaluate = raw.eval.bind(raw) as Script;
      const seen: Script = (text, ...more) => around(() => evaluate(text, ...more), text);
      const shape = raw instanceof Redis ? { defineCommand: raw.defineCommand } : {};
      return redisStore({ ...shape, eval: seen } as Parameters<typeof redisStore>[0], options);
    },
  };
}

async function nodeRedis(port: number) {
  const client = createClient({
    url: `redis://127.0.0.1:${port}`,
    socket: { reconnectStrategy: 20 },
  });
  // Without a listener the loss of the connection ends the process.
  client.on('error', () => {});
  return await client.connect();
}

const CLIENTS: Record<'ioredis' | 'redis', (port: number) => Promise<Client>> = {
  async ioredis(port) {
    const raw = new Redis(port, '127.0.0.1', { retryStrategy: () => 20 });
    raw.on('error', () => {});
    const command = (name = '', ...words: string[]): Promise<unknown> => raw.call(name, ...words);
    return { ...wrap(raw), command, close: () => raw.disconnect() };
  },
  async redis(port) {
    const raw = await nodeRedis(port);
    return {
      ...wrap(raw),
      command: (...words) => raw.sendCommand(words),
      close: () => raw.destroy(),
    };
  },
};

for (const [kind, connect] of Object.entries(CLIENTS)) {
  storeSuite(
    `Redis (${kind})`,
    async () => {
      const server = await redisServer();
      await server.start();
      const clients: Client[] = [];
      return {
        async another() {
          const client = await connect(server.port);
          clients.push(client);
          return client.store();
        },
        where: { kind: kind as keyof typeof CLIENTS, port: server.port },
        async close() {
          for (const client of clients) client.close();
          await server.kill();
        },
      };
    },
    { skip: SKIP, processes: true },
  );

  describe(`a Redis server through ${kind}`, { skip: SKIP }, () => {
    let server: RedisServer;
    let client: Client;
    let other: Client;

    before(async () => {
      server = await redisServer();
      await server.start();
    });
    after(() => server.kill());
    beforeEach(async () => {
      client = await connect(server.port);
      other = await connect(server.port);
      await other.command('FLUSHALL');
    });
    afterEach(() => {
      client.close();
      other.close();
    });

    it('tells the time, whatever this host takes it to be', async () => {
      const real = Date.now();
      const clock = FakeTimers.install({ now: real - 420_000, toFake: ['Date'] });
      try {
        const now = await client
          .store()
          .transact('key', (_, time) => ({ state: '', result: time }));
        assert.ok(now >= real - 2 && now < real + 5_000, `${now - real} ms off`);
      } finally {
        clock.uninstall();
      }
    });

    it('is asked twice, and once more for a write that was lost', async () => {
      let asked = 0;
      let inBetween = async (): Promise<unknown> => undefined;
      const store = client.storeAround(async (send) => {
        asked += 1;
        if (asked === 2) await inBetween();
        return send();
      });
      await store.transact('key', increment);
      assert.equal(asked, 2);

      asked = 0;
      inBetween = () => other.store().transact('key', increment);
      const seen: [string | undefined, number][] = [];
      const result = await store.transact('key', (state, now) => {
        seen.push([state, now]);
        return increment(state);
      });
      assert.equal(result, 3);
      assert.equal(asked, 3);
      assert.deepEqual(
        seen.map(([state]) => state),
        ['1', '2'],
      );
      assert.ok((seen[1]?.[1] ?? 0) >= (seen[0]?.[1] ?? 0));
    });

    it('is asked twice for all calls that have queued up', async () => {
      let asked = 0;
      const store = client.storeAround((send) => {
        asked += 1;
        return send();
      });
      const calls = Array.from({ length: 200 }, () => store.transact('key', increment));
      assert.equal((await Promise.all(calls)).at(-1), 200);
      assert.equal(asked, 2);
    });

    it('gets nothing where the update throws', async () => {
      const scripts: string[] = [];
      const store = client.storeAround((send, script) => {
        scripts.push(script);
        return send();
      });
      await assert.rejects(
        store.transact('key', () => {
          throw new RangeError('no');
        }),
        RangeError,
      );
      assert.equal(scripts.length, 1);
      assert.equal(await other.command('EXISTS', KEY), 0);
    });

    it('takes a write that the client sent twice for one', async () => {
      let asked = 0;
      const store = client.storeAround(async (send) => {
        asked += 1;
        if (asked === 2) await send();
        return send();
      });
      assert.equal(await store.transact('key', increment), 1);
      assert.equal(asked, 2);
      assert.equal(await peek(other.store()), '1');
    });

    it('does not take a state for the one that was read when it has lost its memory', async () => {
      await other.store().transact('key', () => ({ state: '1', result: 0 }));
      let asked = 0;
      const store = client.storeAround(async (send) => {
        asked += 1;
        if (asked === 2) {
          await other.command('FLUSHALL');
          await other.store().transact('key', () => ({ state: '1', result: 0 }));
        }
        return send();
      });
      let updates = 0;
      await store.transact('key', (state) => {
        updates += 1;
        return increment(state);
      });
      assert.equal(updates, 2);
    });

    it('forgets a key after two days without use', async () => {
      const store = client.store();
      for (const _ of [1, 2]) {
        await store.transact('key', increment);
        const left = Number(await other.command('PTTL', KEY));
        assert.ok(left > 172_790_000 && left <= 172_800_000, `${left} ms left`);
        await other.command('PEXPIRE', KEY, '1000');
      }
      assert.ok(Number(await other.command('PTTL', KEY)) <= 1_000);
    });

    it('keeps the keys of a prefix apart', async () => {
      await client.store({ prefix: 'a:' }).transact('key', increment);
      await client.store({ prefix: 'b:' }).transact('key', increment);
      assert.deepEqual(((await other.command('KEYS', '*')) as string[]).sort(), ['a:key', 'b:key']);
    });

    it('rejects on what is none of ours', async () => {
      await other.command('SET', KEY, 'x');
      await assert.rejects(client.store().transact('key', increment), /WRONGTYPE/);
      assert.equal(await other.command('GET', KEY), 'x');
    });

    it('lets one write next who has lost, however slow', async () => {
      let asked = 0;
      const others: Promise<unknown>[] = [];
      const store = client.storeAround(async (send) => {
        asked += 1;
        if (asked === 1) return send();
        // Longer than the others need for a turn of their own, every time.
        for (const quick of [other.store(), other.store()]) {
          others.push(quick.transact('key', increment));
        }
        await new Promise((resolve) => void setTimeout(resolve, 8));
        return send();
      });
      await store.transact('key', increment);
      assert.equal(asked, 3);
      await Promise.all(others);
      assert.equal(await peek(client.store()), '5');
    });

    it('does not wait long for one who was to write next and never came', async () => {
      await other.store().transact('key', increment);
      const ends = Date.now() + 60;
      await other.command('HSET', KEY, 'turn', 'f'.repeat(16), 'ends', String(ends));
      assert.equal(await client.store().transact('key', increment), 2);
      const took = Date.now() - ends;
      assert.ok(took >= 0 && took < 500, `${took} ms after its end`);
    });

    it('rejects in time while it is dead, and works when it is back', async () => {
      const store = client.store({ timeout: TIMEOUT });
      await store.transact('key', increment);
      await server.kill();
      for (const _ of [1, 2]) {
        const started = performance.now();
        await assert.rejects(Promise.all([1, 2, 3].map(() => store.transact('key', increment))));
        assert.ok(performance.now() - started < 3 * TIMEOUT);
      }
      await server.start();
      await recovers(store);
    });

    it('rejects in time while it stands still, and works when it goes on', async () => {
      const store = client.store({ timeout: TIMEOUT });
      await store.transact('key', increment);
      server.pause();
      try {
        const started = performance.now();
        const calls = [1, 2, 3].map(() => store.transact('key', increment));
        await new Promise((resolve) => setImmediate(resolve));
        // This one queues up behind those.
        calls.push(store.transact('key', increment));
        const settled = await Promise.allSettled(calls);
        for (const one of settled) {
          assert.ok(one.status === 'rejected' && /did not answer in time/.test(one.reason.message));
        }
        const took = performance.now() - started;
        assert.ok(took >= TIMEOUT - 5 && took < 1.9 * TIMEOUT, `${took} ms`);
      } finally {
        server.resume();
      }
      await recovers(store);
      assert.equal(await peek(other.store()), '2');
    });

    it('refuses a write that comes after its call was given up', async () => {
      let asked = 0;
      let late: (() => Promise<unknown>) | undefined;
      const store = client.storeAround(
        (send) => {
          asked += 1;
          if (asked === 1) return send();
          // As a client does that is not connected: it sends when it is, whenever that may be.
          return new Promise((resolve) => {
            late = () => send().then(resolve);
          });
        },
        { timeout: TIMEOUT },
      );
      await assert.rejects(store.transact('key', increment), /did not answer in time/);
      await late?.();
      assert.equal(asked, 2);
      assert.equal(await peek(other.store()), undefined);
    });

    it('does a write that comes in time', async () => {
      let asked = 0;
      const store = client.storeAround(
        async (send) => {
          asked += 1;
          if (asked === 2) await new Promise((resolve) => void setTimeout(resolve, TIMEOUT / 3));
          return send();
        },
        { timeout: TIMEOUT },
      );
      assert.equal(await store.transact('key', increment), 1);
      assert.equal(asked, 2);
    });
  });
}

async function recovers(store: QuotaStore): Promise<void> {
  const until = performance.now() + 5_000;
  for (;;) {
    try {
      await store.transact('key', increment);
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => void setTimeout(resolve, 20));
    }
  }
}

describe('a store in Redis', () => {
  it('takes no client of another kind', () => {
    for (const wrong of [undefined, null, {}, { get() {} }]) {
      assert.throws(() => redisStore(wrong as never), /a client of the package ioredis or redis/);
    }
  });

  it('rejects where the client answers with something else', async () => {
    for (const answer of [null, 'OK', [], ['1', '2', '', ''], ['x', 'y', '', '', '']]) {
      const client = { eval: async () => answer };
      await assert.rejects(redisStore(client).transact('key', increment), /of an unknown form/);
    }
  });

  it('rejects after two seconds, asks no more, and leaves no timer', async () => {
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      let asked = 0;
      let written = '';
      let answer = (_: string[]): void => {};
      const client = {
        eval(_: string, { arguments: [, version = ''] }: { arguments: string[] }) {
          asked += 1;
          written = version;
          return new Promise((resolve) => {
            answer = resolve;
          });
        },
      };
      const store = redisStore(client);
      const rejected = assert.rejects(store.transact('key', increment), /did not answer in time/);
      await clock.tickAsync(1_999);
      assert.equal(clock.countTimers(), 1);
      await clock.tickAsync(1);
      await rejected;
      assert.equal(clock.countTimers(), 0);
      answer(['1', '0', '', '', '']);
      await clock.tickAsync(10);
      assert.equal(asked, 1);

      const found = store.transact('key', (state) => ({ state: 'new', result: state }));
      await clock.tickAsync(0);
      answer(['1', '0', 'some version', 'old', '']);
      await clock.tickAsync(0);
      answer(['1', '0', written, '', '']);
      assert.equal(await found, 'old');
      assert.equal(clock.countTimers(), 0);
    } finally {
      clock.uninstall();
    }
  });
});
