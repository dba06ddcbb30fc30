// A worker that its host may stop at any moment: what is in flight, and paid for, is finished and saved.
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createClient, isGenerateError } from 'unexhausted';

const client = createClient();
const prompts = createInterface({ input: process.stdin });
let closed;
const stop = () => {
  prompts.close();
  // Less than the host waits before it kills: Docker 10 s, Kubernetes 30 s, systemd 90 s by default.
  closed ??= client.close({ drain: 20_000 });
};
process.on('SIGTERM', stop).on('SIGINT', stop);

let number = 0;
for await (const prompt of prompts) {
  // Prompts that were read ahead are left to the next worker, as those that end with `closed` are.
  if (closed) break;
  try {
    const { images } = await client.generate(prompt);
    number += 1;
    const file = `picture-${number}.${images[0].mimeType.split('/')[1]}`;
    await writeFile(file, images[0].bytes());
    console.log(file);
  } catch (error) {
    if (!isGenerateError(error) || error.kind !== 'closed') throw error;
    console.log(`not made: ${prompt}`);
  }
}
await (closed ?? client.close());
