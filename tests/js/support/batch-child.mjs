/** A process that runs a batch: it tells of each item, and at the end what came of all. */
import { createClient } from '../../../pkg/index.js';

const { baseUrl, folder, items, options = {} } = JSON.parse(process.argv[2]);
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const QUICK = { baseDelay: 30, maxDelay: 60, jitter: 30 };

const client = createClient({
  baseUrl,
  apiKey: 'a-key-of-nobody',
  models: ['gemini-3-pro-image'],
  limits: { 'gemini-3-pro-image': { rpm: 30_000 } },
  retry: { ...QUICK, maxAttempts: 20 },
});

function* prompts() {
  for (let index = 0; index < items; index += 1) yield `item ${index}`;
}

const run = client.batch(prompts(), {
  journal: `${folder}/batch.jsonl`,
  concurrency: 8,
  ...options,
});
run.on('progress', ({ waiting }) => {
  if (waiting !== undefined) tell({ waiting: waiting.reason });
});
tell('started');
for await (const { index, key, status, restored, possiblyPaidTwice, files, error } of run) {
  tell({ index, key, status, restored, possiblyPaidTwice, files, kind: error?.kind });
}
tell({ summary: { ...(await run.done), notices: undefined } });
