/**
 * One process that lives through traps. It is given a copy of the package with a fuse, and the name
 * of an entry; it prints what became of everybody who was waiting, and what reached the process.
 */
import { pathToFileURL } from 'node:url';
import { live, watch } from './trap-rounds.mjs';

const [folder, entry] = process.argv.slice(2);

const uncaught = [];
process.on('uncaughtException', (error) => uncaught.push(String(error)));
process.on('unhandledRejection', (error) => uncaught.push(`unhandled: ${error}`));

watch();
const rounds = await live(await import(pathToFileURL(`${folder}/index.js`).href), entry);
console.log(JSON.stringify({ rounds, uncaught }));
// Nothing is pending any more, so the process ends by itself; a timer that is left would hold it.
