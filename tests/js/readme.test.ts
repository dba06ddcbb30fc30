/**
 * Every example of the README, of `docs/` and of `examples/` compiles in strict TypeScript, as in a project
 * that has the package installed, and runs as it stands, against the fake service.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type EmulatorServer, startEmulator } from '../../pkg/emulator/index.js';
import { blocks, pages, ROOT } from './support/pages.ts';
import { REDIS_SERVER, type RedisServer, redisServer } from './support/redis-server.ts';

// Beside the tests, so that `unexhausted` and the SDK are found as they are in a project.
const FOLDER = join(ROOT, 'tests', 'dist', 'readme');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const STRIP_TYPES = new URL('../../scripts/strip-types.mjs', import.meta.url).href;

/** The settings of a project that begins today, and nothing of ours. */
const TSCONFIG = {
  compilerOptions: {
    strict: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2022', 'dom', 'esnext.disposable'],
    types: ['node'],
    noEmit: true,
    // The packages of others answer for their own types.
    skipLibCheck: true,
  },
};

/** A picture of one pixel, for examples that edit one. */
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const fenced = pages().flatMap((page) =>
  blocks(page).map((block) => ({ ...block, name: `${page.name}:${block.line}` })),
);
const examples = fenced.filter(({ language }) => language === 'js' || language === 'ts');

/** The page and the line of an example are in the name of its file, so that the compiler tells them. */
const fileOf = (name: string): string => join(FOLDER, name.replaceAll(/[/:]/g, '-'));

const programs = readdirSync(join(ROOT, 'examples'));

/** On a build server a test that could not run proves nothing, so there it fails. */
const WITHOUT_REDIS = REDIS_SERVER === undefined && process.env['CI'] !== 'true';

let server: EmulatorServer;
let redis: RedisServer;

before(async () => {
  redis = await redisServer();
  if (!WITHOUT_REDIS) await redis.start();
  server = await startEmulator({ latency: 0, transit: 0, batch: { pending: 0, running: 0 } });
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'lighthouse.png'), PIXEL, 'base64');
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  for (const { name, code } of examples) writeFileSync(`${fileOf(name)}.ts`, code);
  for (const name of programs) {
    copyFileSync(join(ROOT, 'examples', name), `${fileOf(`examples/${name}`)}.ts`);
  }
});

after(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  await server.close();
  await redis.kill();
});

test('the pages have examples', () => {
  assert.ok(examples.length >= 20, `only ${examples.length} were found`);
});

test('a block is in a language that is looked at here, in a terminal, or for one', () => {
  for (const { language, name } of fenced) {
    assert.ok(['js', 'ts', 'console', 'sh'].includes(language), `${name}: \`${language}\``);
  }
});

test('every example compiles in strict TypeScript', async () => {
  const { status, output } = await ended([TSC, '--project', FOLDER]);
  assert.equal(status, 0, output);
});

for (const { name, language, code } of examples) {
  const what = code.split('\n').find((line) => line.includes('await') || line.includes('('));
  const skip = WITHOUT_REDIS && code.includes('REDIS_URL') && 'no redis-server here';
  test(`${name}: ${what?.trim()}`, { skip }, async () => {
    const file = `${fileOf(name)}.mjs`;
    if (language === 'js') {
      writeFileSync(file, code);
      await runs([file]);
    } else await runs(['--import', STRIP_TYPES, `${fileOf(name)}.ts`]);
  });
}

for (const name of programs) {
  test(`examples/${name}`, async () => {
    copyFileSync(join(ROOT, 'examples', name), join(FOLDER, name));
    // A refusal first, so that the example has something to get through.
    server.emulator.script([{ fault: '429-detailed', retryDelay: 20 }]);
    await runs([join(FOLDER, name), 'a paper boat', join(FOLDER, 'picture.png')]);
  });
}

async function runs(args: string[]): Promise<void> {
  const { status, output } = await ended(args);
  assert.equal(status, 0, output);
  assert.notEqual(output.trim(), '', 'an example that shows nothing');
  assert.doesNotMatch(output, /undefined|NaN/, 'a field of the example does not exist');
}

/** How a program of Node ends, and what it says. */
async function ended(args: string[]): Promise<{ status: unknown; output: string }> {
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
  const child = spawn(process.execPath, args, { env, cwd: FOLDER, timeout: 60_000 });
  child.stdin.end('a fox\nan owl\n');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const status = await new Promise((resolve) => child.on('close', resolve));
  return { status, output };
}
