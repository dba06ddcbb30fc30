/** Projects in empty folders, and the programs that run them. */
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { which } from '../../scripts/shell.mjs';

export const HERE = fileURLToPath(new URL('.', import.meta.url));
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const MODULES = join(HERE, 'node_modules');

/** Starts Chromium, which talks to nobody but the test. */
export async function launchChromium() {
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath: process.env.CHROMIUM || which('chromium'),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

/** The path of a host that npm brought: `node20`, `deno`, `bun`, `workerd`. */
export function host(name) {
  if (name.startsWith('node')) return join(MODULES, name, 'bin', 'node');
  return join(MODULES, '.bin', name);
}

/**
 * Makes a project from a template: the template's files, `check.mjs` and `leads.mjs` in an otherwise empty
 * folder, with the packed tarball installed as a user would.
 */
export async function project(template, manifest) {
  const folder = mkdtempSync(join(tmpdir(), `unexhausted-${template}-`));
  cpSync(join(HERE, 'projects', template), folder, { recursive: true });
  for (const file of ['check.mjs', 'leads.mjs']) cpSync(join(HERE, file), join(folder, file));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, ...manifest }));
  await execute('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball()], folder);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function tarball() {
  const { TARBALL } = process.env;
  if (TARBALL === undefined) throw new Error('TARBALL names no file: use `npm test -- runtimes`');
  return TARBALL;
}

/** Runs a program to its end and returns what it wrote; an error carries all of it. */
export async function execute(program, args, cwd, env = {}) {
  const options = { cwd, env: { ...process.env, NODE_OPTIONS: '', ...env }, timeout: 60_000 };
  try {
    const { stdout } = await promisify(execFile)(program, args, options);
    return stdout.trim();
  } catch (error) {
    const said = [error.message, error.stdout, error.stderr].filter(Boolean).join('\n');
    throw new Error(said);
  }
}

/** A started fake service that is overloaded once. */
export async function overloadedOnce() {
  const { startEmulator } = await import('unexhausted/emulator');
  const server = await startEmulator({ port: 0, latency: 20 });
  server.emulator.script([{ fault: '503' }]);
  return server;
}

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Serves a folder as a plain web server does. */
export async function serve(folder) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const file = join(folder, pathname === '/' ? 'index.html' : pathname);
    try {
      const body = await readFile(file);
      const type = TYPES[extname(file)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

/** A new page, and what reaches it or its console besides. */
export async function watchedPage(browser) {
  const page = await browser.newPage();
  const errors = [];
  const warnings = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'warning') warnings.push(message.text());
  });
  return { page, errors, warnings };
}

/** Starts workerd, which reports the port it was given on a file descriptor. */
export function startWorkerd(folder) {
  return new Promise((resolve, reject) => {
    const child = spawn(host('workerd'), ['serve', 'config.capnp', '--control-fd=3'], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`workerd ended with ${code}`)));
    let said = '';
    child.stdio[3].setEncoding('utf8').on('data', (chunk) => {
      said += chunk;
      const port = /"port":(\d+)/.exec(said)?.[1];
      if (port !== undefined) {
        resolve({ url: `http://127.0.0.1:${port}`, stop: () => child.kill() });
      }
    });
  });
}

/** A worker of the template, in one file beside its modules. */
export async function buildWorker(folder) {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: folder,
    entryPoints: ['main.mjs'],
    outfile: join(folder, 'out', 'main.js'),
    bundle: true,
    format: 'esm',
    conditions: ['workerd'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    logLevel: 'error',
  });
}
