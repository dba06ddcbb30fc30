// The emulator's server is a Node program; here it runs in the parent, and its URL is given.
import process from 'node:process';
import * as unexhausted from 'unexhausted';
import { check, checkFiles } from './check.mjs';

const said = await check(unexhausted, process.argv[2]);
await checkFiles(unexhausted, process.argv[2], 'batch.jsonl');
console.log(said);
