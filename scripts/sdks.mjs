/**
 * Calls the clients of others, all of them live, and writes what their errors say: the records of
 * `tests/sdks` and `docs/sdks.md`. `npm run sdks -- --newest` takes the newest versions instead, writes
 * nothing, and tells what is read otherwise.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureNpm } from './setup.mjs';
import { HOOK, main, Problem, ROOT, readJson, run, say, which } from './shell.mjs';
import { TSC } from './suites.mjs';

const FOLDERS = ['tests/sdks', 'tests/sdks/more'];
const REQUIREMENTS = 'tests/sdks/python/requirements.txt';

await main(import.meta, async (args) => {
  const unknown = args.filter((arg) => arg !== '--newest');
  if (unknown.length > 0) throw new Problem(`there is only --newest, and no ${unknown.join(', ')}`);
  const isNewest = args.length > 0;
  const folder = mkdtempSync(join(tmpdir(), 'unexhausted-sdks-'));
  try {
    await build();
    await ensureNpm('tests');
    const root = isNewest ? await newest(folder) : ROOT;
    if (!isNewest) for (const one of FOLDERS) await ensureNpm(one);
    const env = { PYTHON: await python(folder, isNewest) };
    if (!isNewest) await judge();
    const script = join(root, 'tests/sdks/run.ts');
    await run(process.execPath, [...HOOK, script, ...args], { env, out: 1 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The clients that `npm test` leaves out, judged live. What one keeps open ends with the process. */
async function judge() {
  await run(process.execPath, [TSC, '--project', 'tests/sdks/more'], { out: 1 });
  const flags = ['--test', '--test-force-exit', '--test-reporter=dot'];
  await run(process.execPath, [...HOOK, ...flags, 'tests/sdks/more/live.test.ts'], { out: 1 });
}

/** An interpreter with the clients of Python, in a folder of its own. */
async function python(folder, isNewest) {
  const program = which('python3');
  if (program === undefined) throw new Problem('python3 is missing: install it, with its venv.');
  const venv = join(folder, 'python');
  await run(program, ['-m', 'venv', venv], { quiet: true });
  const pinned = readFileSync(join(ROOT, REQUIREMENTS), 'utf8');
  const wanted = join(folder, 'requirements.txt');
  writeFileSync(wanted, isNewest ? pinned.replaceAll(/==\S+/g, '') : pinned);
  say('sdks: installing the clients of Python (one to two minutes)');
  const interpreter = join(venv, 'bin', 'python');
  await run(interpreter, ['-m', 'pip', 'install', '-q', '-r', wanted], { quiet: true });
  return interpreter;
}

/** A copy of the judge beside the newest packages; what else it uses is where it was. */
async function newest(folder) {
  const root = join(folder, 'newest');
  const ignored = /node_modules|package-lock\.json/;
  cpSync(join(ROOT, 'tests/sdks'), join(root, 'tests/sdks'), {
    recursive: true,
    filter: (path) => !ignored.test(path.slice(ROOT.length)),
  });
  mkdirSync(join(root, 'tests/js'), { recursive: true });
  for (const path of ['pkg', 'docs', 'tests/js/support', 'tests/node_modules', 'node_modules']) {
    symlinkSync(join(ROOT, path), join(root, path));
  }
  for (const one of FOLDERS) {
    const { dependencies, ...rest } = readJson(`${one}/package.json`);
    const latest = Object.keys(dependencies).map((name) => [name, 'latest']);
    const file = join(root, one, 'package.json');
    writeFileSync(file, JSON.stringify({ ...rest, dependencies: Object.fromEntries(latest) }));
    say(`sdks: installing the newest packages of ${one}`);
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const flags = ['--no-progress', '--loglevel=error', '--legacy-peer-deps'];
    await run(npm, ['install', ...flags], { cwd: join(root, one), quiet: true });
  }
  return root;
}
