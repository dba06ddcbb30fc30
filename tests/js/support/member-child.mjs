/**
 * A process of its own with a client that shares a quota, as the first argument says in JSON. It
 * does what the parent writes, a line of JSON each, and tells what comes of it in the same way.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createClient, ready } from '../../../pkg/index.js';

const { store: where, baseUrl, apiKey, model, limits, ...options } = JSON.parse(process.argv[2]);

/** Written at once, so that what the parent has read did happen. */
const tell = (value) => writeSync(1, `${JSON.stringify(value)}\n`);

const { store, close } = await open(where);
const client = createClient({
  apiKey,
  baseUrl,
  models: [model],
  limits: { [model]: limits },
  store,
  ...options,
  on: { storeDown: ({ down }) => tell({ down }) },
});
await ready();

const commands = {
  /** Makes so many pictures, all at once. */
  async calls(count) {
    const one = () =>
      client.generate('a paper boat on a calm lake').then(
        () => tell({ served: Date.now() }),
        (error) => tell({ failed: String(error) }),
      );
    await Promise.all(Array.from({ length: count }, one));
    tell({ idle: true });
  },
  quota: async () => tell({ quota: await client.quota() }),
  async end() {
    client.close();
    await close();
    lines.close();
  },
};

const lines = createInterface(process.stdin);
lines.on('line', (line) => {
  for (const [name, argument] of Object.entries(JSON.parse(line))) void commands[name](argument);
});
// The end of stdin means that the parent is gone.
lines.on('close', () => process.exit());
tell({ ready: true });

/** Loads what it needs and no more: many of these start in a row. */
async function open({ kind, folder, port }) {
  if (kind === 'file') {
    const { fileStore } = await import('../../../pkg/stores/file.js');
    return { store: fileStore(folder), close() {} };
  }
  const { redisStore } = await import('../../../pkg/stores/redis.js');
  // Each as its manual has it, but that a lost connection does not end the process. Neither waits
  // for the server: it may come later.
  if (kind === 'ioredis') {
    const { Redis } = await import('ioredis');
    const redis = new Redis(port, '127.0.0.1');
    redis.on('error', () => {});
    return { store: redisStore(redis), close: () => redis.disconnect() };
  }
  const { createClient: createRedis } = await import('redis');
  const redis = createRedis({ url: `redis://127.0.0.1:${port}` });
  redis.on('error', () => {});
  redis.connect().catch(() => {});
  return { store: redisStore(redis), close: () => redis.destroy() };
}
