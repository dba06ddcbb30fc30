// The emulator's server is a Node program; here it runs in the parent, and its URL is given.
import process from 'node:process';
import * as unexhausted from 'unexhausted';
import { check } from './check.mjs';

console.log(await check(unexhausted, process.argv[2]));
