// A picture of each line of stdin, which goes on where it was after Ctrl-C, a crash or a spent day.
import { createInterface } from 'node:readline';
import { createClient } from 'unexhausted';

const client = createClient();
const run = client.batch(createInterface({ input: process.stdin }), {
  journal: 'lines.jsonl',
  onDailyLimit: 'wait',
  budget: 20,
});
// Once: what is in flight is finished. A second one ends the program at once.
process.once('SIGINT', () => run.stop());
run.on('notice', ({ message }) => console.warn(message));
for await (const { status, files, error } of run) {
  console.log(status === 'done' ? files.join(' ') : error.message);
}
const { done, cost, possibleCost, stopped } = await run.done;
console.log(`${done} pictures for $${cost.toFixed(2)}, perhaps $${possibleCost.toFixed(2)} more`);
if (stopped) console.log(`${stopped.message} ${stopped.advice}`);
client.close();
