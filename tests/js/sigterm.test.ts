/** The recipe for SIGTERM: a picture that is in flight, and billed, is on disk when the process has ended. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startEmulator } from '../../pkg/emulator/index.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
// Beside the tests, so that `unexhausted` is found as it is in a project.
const FOLDER = join(ROOT, 'tests', 'dist', 'sigterm');

it('a worker that is stopped saves what it has paid for, and asks for nothing more', async () => {
  const server = await startEmulator({ latency: 600, transit: 0 });
  mkdirSync(FOLDER, { recursive: true });
  copyFileSync(join(ROOT, 'examples', 'sigterm.mjs'), join(FOLDER, 'sigterm.mjs'));
  try {
    const child = spawn(process.execPath, ['sigterm.mjs'], {
      cwd: FOLDER,
      env: { ...process.env, GEMINI_API_KEY: 'a-key', GOOGLE_GEMINI_BASE_URL: server.url },
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 30_000,
    });
    let told = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      told += chunk;
    });
    child.stdin.write('a fox\nan owl\na hare\n');
    while (server.emulator.ledger().totals.requests === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    child.kill('SIGTERM');
    // Stdin stays open: it ends by itself all the same.
    const ended = await new Promise((resolve) => {
      child.on('close', (code, signal) => resolve([code, signal]));
    });
    assert.deepEqual(ended, [0, null]);
    assert.equal(told, 'picture-1.png\n');
    assert.deepEqual(readdirSync(FOLDER).sort(), ['picture-1.png', 'sigterm.mjs']);
    assert.equal(server.emulator.ledger().totals.requests, 1);
  } finally {
    rmSync(FOLDER, { recursive: true, force: true });
    await server.close();
  }
});
