import process from 'node:process';
import * as unexhausted from 'unexhausted';
import { checkLeads } from './leads.mjs';

console.log(JSON.stringify(await checkLeads(unexhausted, process.argv[2])));
