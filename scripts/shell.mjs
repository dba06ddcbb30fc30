/** Common parts of the scripts: the folders, running programs, and saying what happens. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Programs that cargo installs for this repository alone, kept off the global path. */
export const TOOLS = process.env.UNEXHAUSTED_TOOLS ?? join(ROOT, '.tools');

/** Node from 22.18 reads TypeScript by itself; for older ones a hook does what it does. */
export const HOOK = process.features.typescript ? [] : ['--import', './scripts/strip-types.mjs'];

/** An error that needs no stack trace: the message says what to do. */
export class Problem extends Error {
  name = 'Problem';
}

/** Progress goes to stderr, so that a program's own output stays usable. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** The environment with the repository's own programs first on the path. */
export function environment(extra = {}) {
  const path = [join(TOOLS, 'bin'), process.env.PATH ?? ''].join(delimiter);
  return { ...process.env, PATH: path, ...extra };
}

/**
 * Runs a program, its output passed through, and rejects unless it succeeds. Both its streams go
 * to stderr unless told otherwise: `npm start | …` must carry the result, not the build. With
 * `quiet` the output is shown only on failure; with `expect` it must also match.
 */
export function run(program, args, { cwd = ROOT, env = {}, quiet = false, expect, out = 2 } = {}) {
  return new Promise((resolve, reject) => {
    const read = quiet || expect !== undefined;
    const stream = read ? 'pipe' : out;
    const child = spawn(program, args, {
      cwd,
      env: environment(env),
      stdio: ['ignore', stream, stream],
    });
    let output = '';
    const keep = (chunk) => {
      output += chunk;
      if (!quiet) process[out === 1 ? 'stdout' : 'stderr'].write(chunk);
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => reject(new Problem(`${program}: ${error.message}`)));
    child.on('close', (code, signal) => {
      const command = [program, ...args].join(' ');
      if (code !== 0) {
        if (quiet) say(output.trimEnd());
        reject(new Problem(`${command} ended with ${code ?? signal}`));
      } else if (expect !== undefined && !expect.test(output)) {
        reject(new Problem(`${command} succeeded without saying ${expect}`));
      } else {
        resolve();
      }
    });
  });
}

/** Runs a program and returns what it wrote to stdout, or undefined where it failed. */
export function capture(program, args, { cwd = ROOT, env = {} } = {}) {
  const { status, stdout } = spawnSync(program, args, {
    cwd,
    env: environment(env),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return status === 0 ? stdout.trim() : undefined;
}

/** The path of a program, or undefined; without starting a shell. */
export function which(program) {
  for (const folder of (environment().PATH ?? '').split(delimiter)) {
    const path = join(folder, process.platform === 'win32' ? `${program}.exe` : program);
    if (folder !== '' && existsSync(path)) return path;
  }
  return undefined;
}

export function readJson(path) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

/** All files under a path of the repository, sorted; a missing path has none. */
export function filesUnder(path, wanted = () => true) {
  const absolute = join(ROOT, path);
  if (!existsSync(absolute)) return [];
  if (!statSync(absolute).isDirectory()) return [path];
  return readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((file) => !file.includes('node_modules') && wanted(file))
    .sort();
}

/** A hash of the names and contents of files, and of anything else that the result depends on. */
export function fingerprint(files, ...others) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  // Bytes as bytes: as text, those that are none would all be the same.
  for (const other of others) hash.update('\0').update(other ?? '');
  return hash.digest('hex');
}

/** Whether a folder was made of what is wanted now, and is what it was then: anyone may write there. */
export function isMade(folder, stamp, wanted) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === stampText(folder, wanted);
}

/** Remembers that a folder was made, and of what. */
export function setMade(folder, stamp, wanted) {
  writeFileSync(stamp, stampText(folder, wanted));
}

function stampText(folder, wanted) {
  return `${wanted} ${fingerprint(filesUnder(relative(ROOT, folder)))}`;
}

/**
 * Runs `body` while no other process of this repository does the same, such as two builds. The lock
 * names its owner, so that one left behind by a killed process holds nobody up.
 */
export async function exclusively(name, body) {
  const file = join(ROOT, 'target', `${name}.lock`);
  mkdirSync(dirname(file), { recursive: true });
  while (!acquire(file)) await new Promise((resolve) => setTimeout(resolve, 100));
  try {
    return await body();
  } finally {
    rmSync(file, { force: true });
  }
}

function acquire(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
  } catch (error) {
    // No such process, so no owner; a file that has gone meanwhile is tried again as well.
    if (error.code === 'ESRCH') rmSync(file, { force: true });
  }
  return false;
}

/** Runs a script's main function when the script was started, and not when it was imported. */
export async function main(meta, body) {
  const started = process.argv[1];
  if (started === undefined || realpathSync(started) !== fileURLToPath(meta.url)) return;
  try {
    await body(process.argv.slice(2));
  } catch (error) {
    say(error instanceof Problem ? `error: ${error.message}` : (error.stack ?? String(error)));
    process.exitCode = 1;
  }
}
