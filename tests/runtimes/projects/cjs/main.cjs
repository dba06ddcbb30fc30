const unexhausted = require('unexhausted');
const { startEmulator } = require('unexhausted/emulator');
const { check } = require('./check.mjs');

async function main() {
  const server = await startEmulator({ port: 0, latency: 20 });
  server.emulator.script([{ fault: '503' }]);
  console.log(await check(unexhausted, server.url));
  await server.close();
}

main();
