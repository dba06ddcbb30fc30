/**
 * A way to a port of this machine that takes a while each way, in a thread of its own so that a busy
 * test does not make it longer: `workerData` has `port` and `delay` in ms, the first message says
 * which port leads there.
 */
import { connect, createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { port, delay } = workerData;

const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ port, host: '127.0.0.1', noDelay: true });
  for (const [from, to] of [
    [near, far],
    [far, near],
  ]) {
    // Timers of one length end in the order in which they began.
    from.on('data', (chunk) => setTimeout(() => to.write(chunk), delay));
    from.on('close', () => setTimeout(() => to.destroy(), delay));
    from.on('error', () => {});
  }
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
