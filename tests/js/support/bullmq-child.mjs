/**
 * A process of its own with a worker of BullMQ, as the first argument says in JSON. It writes a line
 * into the file of a job for each time that it saves it, and tells the parent when it is ready.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createProcessor } from '../../../pkg/adapters/bullmq.js';
import { createClient } from '../../../pkg/index.js';
import { redisStore } from '../../../pkg/stores/redis.js';

const { port, baseUrl, folder, queue, model, limits, concurrency } = JSON.parse(process.argv[2]);

const connection = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null });
connection.on('error', () => {});
const client = createClient({
  apiKey: 'a-key-of-nobody',
  baseUrl,
  models: [model],
  limits: { [model]: limits },
  store: redisStore(connection),
});
const processor = createProcessor(client, {
  async save({ images: [image] }, { id }) {
    const file = join(folder, id);
    await appendFile(file, `${image.bytes().length}\n`);
    return file;
  },
});
const worker = new Worker(queue, processor, {
  connection,
  concurrency,
  // Soon, so that nobody waits long for the jobs of one that was killed.
  lockDuration: 5_000,
  stalledInterval: 1_000,
  // A machine that is busy may be taken for one that is gone.
  maxStalledCount: 5,
});
worker.on('error', () => {});
await worker.waitUntilReady();
console.log('ready');

process.once('SIGTERM', async () => {
  await worker.close();
  client.close();
  connection.disconnect();
});
