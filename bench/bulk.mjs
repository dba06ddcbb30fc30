/** A batch with a journal, streamed: CPU time an item, and the most memory that it takes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

await answerWith(import.meta, async (count, resumed) => {
  const { createClient } = await unexhausted();
  const folder = mkdtempSync(join(tmpdir(), 'unexhausted-bench-'));
  const client = createClient({ apiKey: KEY, models: [MODEL], limits: 'none', fetch: answer });
  const journal = join(folder, 'batch.jsonl');
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  const times = [];
  for (const _ of resumed === 'resumed' ? ['first', 'again'] : ['first']) {
    const before = cpu();
    const run = client.batch(prompts(Number(count)), { journal });
    for await (const { status } of run) if (status !== 'done') throw new Error(status);
    times.push(((cpu() - before) * 1000) / Number(count));
  }
  clearInterval(watch);
  rmSync(folder, { recursive: true, force: true });
  return { time: times.at(-1), peak: peak / 2 ** 20 };
});
