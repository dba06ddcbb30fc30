/** The README's quick start, word for word: from an empty folder to a picture, without Rust or network. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT, which } from '../../scripts/shell.mjs';

/** How long a reader may need, in ms. */
const MOST = 60_000;
const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

const TEMP = mkdtempSync(join(tmpdir(), 'unexhausted-quick-start-'));
const FOLDER = join(TEMP, 'project');
const BIN = join(TEMP, 'bin');
for (const folder of [FOLDER, BIN]) mkdirSync(folder);
const env = { PATH: BIN, HOME: TEMP, npm_config_offline: 'true' };

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const section = (heading) => readme.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
const [install] = blocksOf(section('Install'));
const steps = blocksOf(section('Quick start'));

let emulator;

after(async () => {
  if (emulator !== undefined) {
    const ended = new Promise((resolve) => emulator.once('close', resolve));
    // Ctrl-C goes to all of a terminal: npx, and what it runs.
    process.kill(-emulator.pid, 'SIGINT');
    await ended;
  }
  rmSync(TEMP, { recursive: true, force: true });
});

// The command to paste is one of sh.
const skip = process.platform === 'win32' && 'no sh';

test('from an empty folder to a picture in a minute', { skip }, async () => {
  for (const program of ['node', 'npm', 'npx', 'sh', 'env']) {
    symlinkSync(which(program), join(BIN, program));
  }
  const began = Date.now();
  run(install.code.replace(/ unexhausted$/m, ` '${process.env.TARBALL}'`));
  for (const { language, code, file } of steps) {
    if (language === 'js') writeFileSync(join(FOLDER, file), code);
    else if (code.includes('emulator')) await serve(code);
    else {
      const told = run(code);
      // The page says of the command and of the program that the first model is overloaded.
      assert.match(told, /gemini-3-pro-image -> \S+: /, code);
    }
  }
  const took = Date.now() - began;
  for (const name of ['lighthouse.png', 'picture.png']) {
    const head = readFileSync(join(FOLDER, name)).subarray(0, PNG.length);
    assert.deepEqual(head, PNG, name);
  }
  assert.ok(took < MOST, `it took ${took} ms`);
});

/** The blocks of a section, and the file that the words before a program name. */
function blocksOf(text) {
  const fences = text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return Array.from(fences, ({ index, 1: language, 2: code }) => {
    const [, file] = /`(\S+\.mjs)`:\s+$/.exec(text.slice(0, index)) ?? [];
    return { language, code, file };
  });
}

function run(command) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd: FOLDER,
    env,
    encoding: 'utf8',
  });
  const told = stdout + stderr;
  assert.equal(status, 0, `${command}${told}`);
  return told;
}

/** Starts the fake service, and takes on the variables that it says to export. */
async function serve(command) {
  emulator = spawn('sh', ['-c', command], { cwd: FOLDER, env, detached: true });
  let told = '';
  const [, exported] = await new Promise((resolve, reject) => {
    emulator.once('close', () => reject(new Error(`it ended: ${told}`)));
    for (const stream of [emulator.stdout, emulator.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        told += text;
        const said = /^use it: export (.+)\n/m.exec(told);
        if (said !== null) resolve(said);
      });
    }
  });
  for (const pair of exported.split(' ')) {
    const [name, value] = pair.split('=');
    env[name] = value;
  }
}
