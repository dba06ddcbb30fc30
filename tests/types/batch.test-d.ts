/** The types of a batch's input and results. */
import { Readable } from 'node:stream';
import {
  type BatchItem,
  type BatchRun,
  type BatchSummary,
  createClient,
  type GeneratedImage,
  type GenerateError,
  type Job,
  type JobRow,
} from '../../pkg/index.js';

const client = createClient();

client.batch(['a', { contents: 'b' }, { key: 'c', request: 'c' }]);
client.batch(new Set(['a']), { order: 'input', journal: 'a', budget: 1 });
client.batch(Readable.from(['a']), { route: 'cheapest', requeue: 'batch' });
client.batch(new ReadableStream<string>());
// @ts-expect-error
client.batch(42);
// @ts-expect-error
client.batch(['a'], { order: 'random' });
// @ts-expect-error
client.batch(['a'], { concurency: 2 });

const run: BatchRun = client.batch([]);
const summary: BatchSummary = await run.done;
summary.stopped?.reason satisfies string | undefined;
for await (const item of run) {
  item satisfies BatchItem;
  item.error satisfies GenerateError | undefined;
  if (item.status === 'failed') {
    item.error satisfies GenerateError;
    item.retriedOnResume satisfies boolean;
  } else {
    item.model satisfies string;
    item.error satisfies undefined;
  }
  const { status, error, model } = item;
  if (status === 'failed') error satisfies GenerateError;
  else model satisfies string;
  (await item.images()) satisfies GeneratedImage[];
}
run.on('progress', ({ waiting }) => waiting?.until satisfies Date | undefined);
run.on('notice', ({ message }) => message satisfies string);
// @ts-expect-error
run.on('done', () => {});

const [job] = await client.jobs.create(['a'], { displayName: 'a' });
if (job !== undefined) {
  (await client.jobs.wait(job)) satisfies Job;
  for await (const row of client.jobs.results(job)) row satisfies JobRow;
}
