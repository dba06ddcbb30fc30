/**
 * A process of its own that uses a store, as the first argument says in JSON: which store, on which
 * key, and what to do. It tells the parent a line of JSON for each thing that is done.
 */
import { writeSync } from 'node:fs';

const { store: where, key = 'key', action, times = 1, later = 0 } = JSON.parse(process.argv[2]);
const { store, close } = await open(where);

/** Written at once, so that what the parent has read did happen. */
const tell = (value) => writeSync(1, `${JSON.stringify(value)}\n`);

const actions = {
  /** Counts up. */
  async count() {
    tell('ready');
    for (let turn = 0; turn < times; turn += 1) {
      tell(await store.transact(key, increment));
    }
  },
  /** Counts up with large states, for one who kills it in the middle. */
  async fill() {
    for (;;) {
      tell(
        await store.transact(key, (state) => {
          const count = Number(state?.split(' ', 1)[0] ?? 0) + 1;
          return { state: `${count} ${String(count % 10).repeat(4_000)}`, result: count };
        }),
      );
    }
  },
  /** Dies while it holds the lock. */
  die: () => store.transact(key, () => process.kill(process.pid, 'SIGKILL')),
  /** Stands still while it holds the lock, the first time, and tells what it saw. */
  async stop() {
    const seen = [];
    await store.transact(key, (state) => {
      seen.push(state ?? null);
      if (seen.length === 1) {
        tell('stopping');
        process.kill(process.pid, 'SIGSTOP');
      }
      return { state: `${state ?? ''}s`, result: undefined };
    });
    tell(seen);
  },
};
await actions[action]();
await close();

function increment(state) {
  const count = Number(state ?? 0) + 1;
  return { state: String(count), result: count };
}

/** Loads what it needs and no more: many of these start in a row. */
async function open({ kind, folder, port }) {
  if (kind === 'file') {
    const { fileStore } = await import('../../../pkg/stores/file.js');
    return { store: fileStore(folder, { now: () => Date.now() + later }), close() {} };
  }
  const { redisStore } = await import('../../../pkg/stores/redis.js');
  if (kind === 'ioredis') {
    const { Redis } = await import('ioredis');
    const client = new Redis(port, '127.0.0.1');
    return { store: redisStore(client), close: () => client.quit() };
  }
  const { createClient } = await import('redis');
  const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
  return { store: redisStore(client), close: () => client.close() };
}
