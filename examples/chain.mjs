// A picture from the first model of a chain that has one to give, with its cost and its history.
import { createClient } from 'unexhausted';

const client = createClient({
  models: ['gemini-3-pro-image', 'gemini-nano-banana-2.1', 'gemini-3.1-flash-lite-image'],
  on: {
    attempt: ({ attempt, model }) => console.log(`${attempt}: asking ${model}`),
    fallback: ({ from, info }) => console.log(`leaving ${from}: ${info.summary}`),
    waiting: ({ retryAt }) => console.log(`waiting until ${retryAt.toISOString()}`),
  },
});

const picture = await client.generate(process.argv[2] ?? 'a lighthouse at dusk', {
  deadline: 120_000,
});
console.log(`made by ${picture.model} for $${picture.cost?.toFixed(4)}`);
for (const { attempt, model, kind = 'a picture' } of picture.attempts) {
  console.log(`${attempt}. ${model}: ${kind}`);
}
