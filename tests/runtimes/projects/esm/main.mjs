import * as unexhausted from 'unexhausted';
import { startEmulator } from 'unexhausted/emulator';
import { check } from './check.mjs';

const server = await startEmulator({ port: 0, latency: 20 });
server.emulator.script([{ fault: '503' }]);
console.log(await check(unexhausted, server.url));
await server.close();
