/** A clone, built by the commands of wasm-pack and npm as anyone types them; nothing is published. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { environment, ROOT, TOOLS, which } from '../../scripts/shell.mjs';

const TEMP = mkdtempSync(join(tmpdir(), 'unexhausted-clone-'));
const CLONE = join(TEMP, 'clone');
/** The programs are there already; what a clone compiles is its own. */
const ENV = environment({ UNEXHAUSTED_TOOLS: TOOLS, CARGO_TARGET_DIR: join(TEMP, 'target') });

after(() => rmSync(TEMP, { recursive: true, force: true }));

function run(program, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', ...options });
  assert.equal(status, 0, `${program} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

/** All that git would hold, uncommitted changes too. */
function clone() {
  const listed = execFileSync('git', ['ls-files', '-coz', '--exclude-standard'], { cwd: ROOT });
  const files = listed
    .toString()
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(ROOT, file)));
  for (const file of files) {
    mkdirSync(dirname(join(CLONE, file)), { recursive: true });
    cpSync(join(ROOT, file), join(CLONE, file));
  }
  const git = (...args) =>
    run('git', ['-C', CLONE, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'all');
}

function userOf(name) {
  const folder = join(TEMP, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  return folder;
}

test('`wasm-pack build` makes a module, and `npm pack` ships the package all the same', () => {
  const env = environment();
  run('wasm-pack', ['build'], { cwd: ROOT, env });
  const made = ['.gitignore', 'package.json', 'unexhausted.js', 'unexhausted_bg.wasm'];
  for (const file of made) assert.ok(existsSync(join(ROOT, 'pkg', file)), file);
  const [packed] = Object.values(
    JSON.parse(run('npm', ['pack', '--json', '--pack-destination', TEMP], { cwd: ROOT, env })),
  );
  const wanted = execFileSync('tar', ['-tzf', process.env.TARBALL], { encoding: 'utf8' });
  assert.deepEqual(
    packed.files.map(({ path }) => `package/${path}`).sort(),
    wanted.trim().split('\n').sort(),
  );
  for (const file of made) assert.ok(!existsSync(join(ROOT, 'pkg', file)), file);
});

test('without Rust a clone says in one sentence what is missing', () => {
  clone();
  const bin = join(TEMP, 'bin');
  mkdirSync(bin);
  for (const program of ['node', 'npm', 'git', 'sh', 'env'])
    symlinkSync(which(program), join(bin, program));
  const env = { ...ENV, PATH: bin, UNEXHAUSTED_TOOLS: join(TEMP, 'none') };
  for (const args of [['pack'], ['publish', '--dry-run'], ['install', CLONE]]) {
    const cwd = args[0] === 'install' ? userOf('without-rust') : CLONE;
    const { status, stderr } = spawnSync('npm', args, { cwd, env, encoding: 'utf8' });
    assert.notEqual(status, 0, args.join(' '));
    assert.match(stderr, /error: Rust is missing: install rustup/);
  }
});

test('a package that is installed from git is whole', () => {
  const cwd = userOf('git');
  const url = `git+${pathToFileURL(CLONE)}`;
  run('npm', ['install', '--prefer-offline', '--omit=dev', url], { cwd, env: ENV });
  const script = `import { classifyError } from 'unexhausted';
    console.log(classifyError({ status: 503 }).kind);`;
  assert.equal(
    run(process.execPath, ['--input-type=module', '--eval', script], { cwd }),
    'overloaded\n',
  );
  assert.match(
    run('npx', ['--no-install', 'unexhausted', '--help'], { cwd }),
    /^Usage: unexhausted/,
  );
});
