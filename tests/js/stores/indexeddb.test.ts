/** The store in IndexedDB, on an implementation in JavaScript; a real browser has its own test. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import { forceCloseDatabase, IDBFactory, IDBObjectStore } from 'fake-indexeddb';
import type { QuotaStore } from '../../../pkg/index.js';
import { indexedDBStore } from '../../../pkg/stores/indexeddb.js';
import { increment, peek, storeSuite } from '../support/store-suite.ts';

storeSuite('IndexedDB', () => {
  globalThis.indexedDB = new IDBFactory();
  return { another: () => indexedDBStore() };
});

describe('a browser with a store', () => {
  let store: QuotaStore;
  /** Every connection that was opened, the last one last. */
  let connections: IDBDatabase[];
  let original: IDBFactory;

  beforeEach(() => {
    connections = [];
    original = new IDBFactory();
    globalThis.indexedDB = original;
    const open = original.open.bind(original);
    original.open = (name, version) => {
      const request = open(name, version);
      request.addEventListener('success', () => connections.push(request.result));
      return request;
    };
    store = indexedDBStore();
  });
  afterEach(() => {
    Reflect.deleteProperty(globalThis, 'indexedDB');
  });

  const current = (): IDBDatabase => {
    const connection = connections.at(-1);
    assert.ok(connection);
    return connection;
  };

  it('keeps one connection', async () => {
    for (const count of [1, 2, 3]) assert.equal(await store.transact('key', increment), count);
    assert.equal(connections.length, 1);
  });

  it('keeps databases apart by their names', async () => {
    assert.equal(await store.transact('key', increment), 1);
    assert.equal(await indexedDBStore('other').transact('key', increment), 1);
    assert.deepEqual(
      (await indexedDB.databases()).map(({ name }) => name),
      ['unexhausted', 'other'],
    );
  });

  it('may close the connection', async () => {
    await store.transact('key', increment);
    forceCloseDatabase(current() as never);
    assert.equal(await store.transact('key', increment), 2);
    assert.equal(connections.length, 2);
  });

  it('may close the connection without telling', async () => {
    await store.transact('key', increment);
    current().close();
    assert.equal(await store.transact('key', increment), 2);
  });

  it('may delete the database, which waits for nobody', async () => {
    await store.transact('key', increment);
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase('unexhausted');
      request.onsuccess = resolve;
      request.onerror = reject;
      request.onblocked = () => reject(new Error('blocked'));
    });
    assert.equal(await peek(store), undefined);
    assert.equal(await store.transact('key', increment), 1);
  });

  it('may abort a transaction', async (t) => {
    let aborted = 0;
    const put = IDBObjectStore.prototype.put;
    t.mock.method(
      IDBObjectStore.prototype,
      'put',
      function (this: IDBObjectStore, ...args: never[]) {
        const request = put.apply(this, args as never);
        if (aborted < 2) this.transaction.abort();
        aborted += 1;
        return request;
      },
    );
    assert.equal(await store.transact('key', increment), 1);
    assert.equal(aborted, 3);
    aborted = -100;
    await assert.rejects(store.transact('key', increment), /aborted/i);
    assert.equal(aborted, -97);
    t.mock.restoreAll();
    assert.equal(await peek(store), '1');
  });

  it('may have no room left', async (t) => {
    await store.transact('key', increment);
    let tried = 0;
    const put = IDBObjectStore.prototype.put;
    t.mock.method(
      IDBObjectStore.prototype,
      'put',
      function (this: IDBObjectStore, ...args: never[]) {
        const request = put.apply(this, args as never);
        tried += 1;
        // As the disk does it: not at the call, but by ending the transaction.
        (this.transaction as unknown as { _abort(name: string): void })._abort(
          'QuotaExceededError',
        );
        return request;
      },
    );
    await assert.rejects(store.transact('key', increment), { name: 'QuotaExceededError' });
    assert.equal(tried, 1);
    t.mock.restoreAll();
    assert.equal(await peek(store), '1');
  });

  it('may refuse, and allow it later', async (t) => {
    const refused = new DOMException('not in a private window', 'SecurityError');
    const open = t.mock.method(indexedDB, 'open', () => {
      throw refused;
    });
    await assert.rejects(store.transact('key', increment), refused);
    open.mock.mockImplementation(() => {
      const request = { error: refused, onerror: () => {} };
      queueMicrotask(() => request.onerror());
      return request as never;
    });
    await assert.rejects(store.transact('key', increment), refused);
    t.mock.restoreAll();
    assert.equal(await store.transact('key', increment), 1);
  });

  it('may have no database at all', async () => {
    Reflect.deleteProperty(globalThis, 'indexedDB');
    await assert.rejects(store.transact('key', increment), /indexedDB/);
  });

  it('takes what is none of ours for none', async () => {
    await store.transact('key', increment);
    await new Promise((resolve) => {
      const transaction = current().transaction('states', 'readwrite');
      transaction.objectStore('states').put({ count: 5 }, 'key');
      transaction.oncomplete = resolve;
    });
    assert.equal(await store.transact('key', increment), 1);
  });

  it('rejects after ten seconds without an answer, and leaves nothing behind', async (t) => {
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const never = {} as IDBOpenDBRequest;
      const open = t.mock.method(indexedDB, 'open', () => never);
      const rejected = assert.rejects(
        store.transact('key', increment),
        /did not answer within 10 s/,
      );
      await clock.tickAsync(9_999);
      assert.equal(clock.countTimers(), 1);
      await clock.tickAsync(1);
      await rejected;
      assert.equal(clock.countTimers(), 0);
      // It comes after all.
      const result = { close: t.mock.fn() };
      never.onsuccess?.call(Object.assign(never, { result }), new Event('success'));
      assert.equal(result.close.mock.callCount(), 1);
      open.mock.restore();
      assert.equal(await store.transact('key', increment), 1);
      assert.equal(clock.countTimers(), 0);
    } finally {
      clock.uninstall();
    }
  });
});
