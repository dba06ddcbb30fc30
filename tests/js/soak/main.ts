/** One part of the soak, in a process of its own: `main.ts NAME COUNT`. */
import { aborts } from './aborts.ts';
import { batches } from './batches.ts';
import { calls } from './calls.ts';

const PARTS: Record<string, (count: number) => Promise<string[]>> = { calls, aborts, batches };

const [name = '', count] = process.argv.slice(2);
const part = PARTS[name];
if (part === undefined) throw new Error(`the soak has no part ${name}`);
console.log((await part(Number(count))).join('\n'));
