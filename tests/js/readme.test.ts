/** Every example of the README and of `examples/` runs as it stands, against the fake service. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type EmulatorServer, startEmulator } from '../../pkg/emulator/index.js';
import { REDIS_SERVER, type RedisServer, redisServer } from './support/redis-server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
// Beside the tests, so that `unexhausted` and the SDK are found as they are in a project.
const FOLDER = join(ROOT, 'tests', 'dist', 'readme');

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code ?? '');

/** On a build server a test that could not run proves nothing, so there it fails. */
const WITHOUT_REDIS = REDIS_SERVER === undefined && process.env['CI'] !== 'true';

let server: EmulatorServer;
let redis: RedisServer;

before(async () => {
  redis = await redisServer();
  if (!WITHOUT_REDIS) await redis.start();
  server = await startEmulator({ latency: 0, transit: 0, batch: { pending: 0, running: 0 } });
  mkdirSync(FOLDER, { recursive: true });
});

after(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  await server.close();
  await redis.kill();
});

test('the README has examples', () => {
  assert.ok(examples.length >= 6, `only ${examples.length} were found`);
});

for (const [index, code] of examples.entries()) {
  const name = code.split('\n').find((line) => line.includes('await') || line.includes('('));
  const skip = WITHOUT_REDIS && code.includes('REDIS_URL') && 'no redis-server here';
  test(`example ${index + 1}: ${name?.trim()}`, { skip }, async () => {
    const file = join(FOLDER, `example-${index + 1}.mjs`);
    writeFileSync(file, code);
    await runs(file);
  });
}

for (const name of readdirSync(join(ROOT, 'examples'))) {
  test(`examples/${name}`, async () => {
    copyFileSync(join(ROOT, 'examples', name), join(FOLDER, name));
    // A refusal first, so that the example has something to get through.
    server.emulator.script([{ fault: '429-detailed', retryDelay: 20 }]);
    await runs(join(FOLDER, name), ['a paper boat', join(FOLDER, 'picture.png')]);
  });
}

async function runs(file: string, args: string[] = []): Promise<void> {
  const env = {
    ...process.env,
    GEMINI_API_KEY: 'a-key-of-nobody',
    GOOGLE_GEMINI_BASE_URL: server.url,
    GOOGLE_VERTEX_BASE_URL: server.url,
    GOOGLE_CLOUD_PROJECT: 'a-project',
    PROXY_BASE_URL: `${server.url}/v1`,
    PROXY_API_KEY: 'a-key-of-nobody',
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
  };
  const child = spawn(process.execPath, [file, ...args], { env, cwd: FOLDER, timeout: 30_000 });
  child.stdin.end('a fox\nan owl\n');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const status = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(status, 0, output);
  assert.notEqual(output.trim(), '', 'an example that shows nothing');
  assert.doesNotMatch(output, /undefined|NaN/, 'a field of the example does not exist');
}
