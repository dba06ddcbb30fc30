/** The tests that every store must pass. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { QuotaStore } from '../../../pkg/index.js';
import { startChild, type Where } from './children.ts';

/** Some books, and how one gets at them. */
export interface Books {
  /** The store of another client; all that are asked for share the books. */
  another(): QuotaStore | Promise<QuotaStore>;
  /** How a process of its own gets at them, where it can. */
  where?: Where;
  close?(): void | Promise<void>;
}

/** Reads a store's state and leaves it as it was: a transaction that throws writes nothing. */
export async function peek(store: QuotaStore, key = 'key'): Promise<string | undefined> {
  const nothing = new Error('nothing');
  let found: string | undefined;
  const look = store.transact(key, (state) => {
    found = state;
    throw nothing;
  });
  await assert.rejects(look, nothing);
  return found;
}

export function increment(state: string | undefined): { state: string; result: number } {
  const count = Number(state ?? 0) + 1;
  return { state: String(count), result: count };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const ascending = (numbers: number[]): number[] => [...numbers].sort((a, b) => a - b);

/** Registers the tests; `open` gives new books, of several processes or of one. */
export function storeSuite(
  name: string,
  open: () => Books | Promise<Books>,
  { skip = false, processes = false }: { skip?: string | false; processes?: boolean } = {},
): void {
  describe(`the ${name} store`, { skip }, () => {
    let books: Books;
    let store: QuotaStore;

    before(async () => {
      books = await open();
      store = await books.another();
    });
    after(() => books.close?.());

    it('has nothing at first, then what was written', async () => {
      const seen: (string | undefined)[] = [];
      for (const state of ['first', 'second', 'third']) {
        const result = await store.transact('new', (found) => {
          seen.push(found);
          return { state, result: { of: state } };
        });
        assert.deepEqual(result, { of: state });
      }
      assert.deepEqual(seen, [undefined, 'first', 'second']);
      assert.equal(await peek(await books.another(), 'new'), 'third');
    });

    it('keeps keys apart, whatever is in them', async () => {
      const keys = ['k', 'K', 'k.lock', 'k:k', 'k%3ak', '../k', '/k', 'con', 'k k', 'é', '🍌'];
      keys.push('l'.repeat(300), `${'l'.repeat(300)}m`, '3f9a0c12d4e5b678:gemini-3-pro-image');
      for (const key of keys) {
        await store.transact(key, () => ({ state: `of ${key.length} ${key}`, result: 0 }));
      }
      for (const key of keys) assert.equal(await peek(store, key), `of ${key.length} ${key}`);
    });

    it('keeps every character of a state as long as they get, and of an empty one', async () => {
      const all = Array.from({ length: 4_096 }, (_, at) => String.fromCharCode(at % 128)).join('');
      for (const state of [all, '', '\n', all]) {
        await store.transact('long', () => ({ state, result: 0 }));
        assert.equal(await peek(await books.another(), 'long'), state);
      }
    });

    it('loses none of many updates at once, of several clients', async () => {
      const stores = await Promise.all(upTo(4).map(() => books.another()));
      const calls = upTo(50).flatMap(() => stores.map((one) => one.transact('many', increment)));
      const results = await Promise.all(calls);
      assert.deepEqual(ascending(results), upTo(200));
      assert.equal(await peek(store, 'many'), '200');
    });

    it('loses none where each waits for the one before', async () => {
      const stores = await Promise.all(upTo(4).map(() => books.another()));
      const runs = stores.map(async (one) => {
        for (const _ of upTo(25)) await one.transact('loops', increment);
      });
      await Promise.all(runs);
      assert.equal(await peek(store, 'loops'), '100');
    });

    it('rejects with what an update throws, and changes nothing', async () => {
      const failure = new RangeError('no');
      const fail = (): never => {
        throw failure;
      };
      await assert.rejects(store.transact('thrown', fail), failure);
      assert.equal(await peek(store, 'thrown'), undefined);
      await store.transact('thrown', () => ({ state: 'kept', result: 0 }));
      await assert.rejects(store.transact('thrown', fail), failure);
      assert.equal(await peek(store, 'thrown'), 'kept');
    });

    it('lets those beside one that throws succeed', async () => {
      const failure = new RangeError('no');
      const settled = await Promise.allSettled([
        store.transact('beside', increment),
        store.transact('beside', () => {
          throw failure;
        }),
        store.transact('beside', increment),
      ]);
      const [first, second, third] = settled;
      assert.deepEqual(first, { status: 'fulfilled', value: 1 });
      assert.deepEqual(second, { status: 'rejected', reason: failure });
      assert.deepEqual(third, { status: 'fulfilled', value: 2 });
      assert.equal(await peek(store, 'beside'), '2');
    });

    it('tells the time in ms', async () => {
      const before = Date.now();
      const now = await store.transact('time', (_, time) => ({ state: '', result: time }));
      // A server's clock has the resolution of a millisecond, and not the same one.
      assert.ok(now >= before - 2 && now <= Date.now() + 2, `${now - before} ms off`);
      assert.ok(Number.isInteger(now));
    });

    if (!processes) return;

    it('loses none of what eight processes do, and lets each get on', async () => {
      const where = books.where;
      assert.ok(where);
      const task = { store: where, key: 'processes', action: 'count', times: 60 } as const;
      const children = upTo(8).map(() => startChild(task));
      assert.deepEqual(
        await Promise.all(children.map(({ ended }) => ended)),
        upTo(8).map(() => 0),
      );
      const results = children.map(({ told }) => told.slice(1) as number[]);
      assert.deepEqual(ascending(results.flat()), upTo(480));
      assert.equal(await peek(store, 'processes'), '480');
    });
  });
}
