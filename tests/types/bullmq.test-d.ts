/** The processor and `addAll` against BullMQ's own types. */
import { type Job, Queue, Worker } from 'bullmq';
import {
  addAll,
  createProcessor,
  type JobReport,
  type Processor,
} from '../../pkg/adapters/bullmq.js';
import { type BatchRequest, createClient, type KeyedRequest } from '../../pkg/index.js';

const connection = { host: '127.0.0.1' };
const client = createClient();

export async function works(): Promise<void> {
  const queue = new Queue<KeyedRequest, JobReport<string>>('pictures', { connection });
  const count: number = await addAll(queue, ['a fox', { key: 'a', request: 'a hare' }], {
    opts: { attempts: 3 },
  });
  await addAll(new Queue('pictures', { connection }), (async function* () {})());
  const processor = createProcessor(client, {
    save: async ({ images }, { id }) => `${id}: ${images.length}`,
    deadline: 60_000,
    maxCost: 0.2,
  });
  const worker = new Worker<KeyedRequest, JobReport<string>>('pictures', processor, { connection });
  worker.on('completed', ({ returnvalue }) => {
    const saved: string = returnvalue.saved;
    const usd: number | undefined = returnvalue.cost;
    void [saved, usd];
  });
  new Worker('pictures', processor, { connection });
  void count;
}

/** With the job as BullMQ types it. */
export const typed: Processor<{ path: string }, Job<BatchRequest>> = createProcessor(client, {
  save: (_, job: Job<BatchRequest>) => ({ path: job.queueName }),
});

// @ts-expect-error A picture has to be saved.
createProcessor(client, { deadline: 60_000 });
// @ts-expect-error The signal is BullMQ's.
createProcessor(client, { save: () => '', signal: AbortSignal.abort() });
// @ts-expect-error A deadline is each job's own, so it is no moment.
createProcessor(client, { save: () => '', deadline: new Date() });
