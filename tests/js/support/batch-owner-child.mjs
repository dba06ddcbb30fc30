/**
 * A process of its own that runs a batch, as the first argument says in JSON: the service, the
 * journal and the prompts. It tells the parent a line of JSON for each item, and in the end the sums.
 */
import { writeSync } from 'node:fs';
import { createClient } from '../../../pkg/index.js';

const { url, journal, prompts, concurrency } = JSON.parse(process.argv[2]);

/** Written at once, so that what the parent has read did happen. */
const tell = (value) => writeSync(1, `${JSON.stringify(value)}\n`);

const client = createClient({ apiKey: 'a-key-of-nobody', baseUrl: url });
const run = client.batch(prompts, { journal, concurrency });
try {
  for await (const item of run) tell(item);
  tell(await run.done);
} catch (error) {
  tell({ error: error.message });
}
