/** A batch with a journal, streamed: CPU time an item, and the most memory that it takes. */
import { join } from 'node:path';
import { answerWith } from './child.mjs';
import { cpu } from './measure.mjs';
import { unexhausted } from './packages.mjs';
import { KEY, MODEL } from './transport.mjs';

const PICTURE = Buffer.from('89504e470d0a1a0a', 'hex').toString('base64');
const BODY = JSON.stringify({
  candidates: [{ content: { parts: [{ inlineData: { mimeType: 'image/png', data: PICTURE } }] } }],
  usageMetadata: { promptTokenCount: 8, candidatesTokenCount: 1120, totalTokenCount: 1128 },
});
const answer = async () => new Response(BODY, { headers: { 'content-type': 'application/json' } });

function* prompts(count) {
  for (let number = 0; number < count; number += 1) yield `a picture of the number ${number}`;
}

await answerWith(import.meta, async (count, folder) => {
  const { createClient } = await unexhausted();
  const client = createClient({ apiKey: KEY, models: [MODEL], limits: 'none', fetch: answer });
  const journal = join(folder, 'batch.jsonl');
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  const before = cpu();
  const run = client.batch(prompts(Number(count)), { journal });
  for await (const { status } of run) if (status !== 'done') throw new Error(status);
  clearInterval(watch);
  return { time: ((cpu() - before) * 1000) / Number(count), peak: peak / 2 ** 20 };
});
