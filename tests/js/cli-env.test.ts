/** The key and the address of a file `.env`. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openStage, SECRET, type Stage } from './support/cli.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const write = (text: string): void => writeFileSync(join(stage.folder, '.env'), text);
const NO_KEY = { GEMINI_API_KEY: undefined };
const NOTHING = { ...NO_KEY, GOOGLE_GEMINI_BASE_URL: undefined };

describe('.env', () => {
  it('gives the key and its address, and doctor says so', async () => {
    write(
      `# mine\nexport GEMINI_API_KEY="${SECRET}"\nGOOGLE_GEMINI_BASE_URL='${stage.server.url}'\n`,
    );
    const made = await stage.run(['generate', 'a fox'], { env: NOTHING });
    assert.equal(made.code, 0, made.stderr);
    const { code, stdout } = await stage.run(['doctor'], { env: NOTHING });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^ok key +GEMINI_API_KEY is set in \.env\n/);
    assert.match(stdout, /\nok network +127\.0\.0\.1:\d+ \(in \.env\) answered/);
    assert.doesNotMatch(stdout, new RegExp(SECRET));
  });

  it('--no-env leaves it out', async () => {
    write(`GEMINI_API_KEY=${SECRET}\n`);
    const { code, stderr } = await stage.run(['generate', 'a fox', '--no-env'], { env: NO_KEY });
    assert.equal(code, 2);
    assert.match(stderr, /no API key/);
  });

  it('never overrides the environment', async () => {
    write('GOOGLE_API_KEY=another\nGEMINI_API_KEY=another\n');
    const { stdout } = await stage.run(['doctor']);
    assert.match(stdout, /^ok key +GEMINI_API_KEY is set\n/);
    const empty = await stage.run(['doctor'], { env: { GEMINI_API_KEY: '' } });
    assert.equal(empty.code, 2, 'an empty variable is set, as for Node');
  });

  it('does not send a key of the environment to its address', async () => {
    write('GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9\n');
    const { code, stdout, stderr } = await stage.run(['doctor', '--base-url', stage.server.url]);
    assert.equal(code, 0, stdout);
    assert.equal(stderr, '', 'the environment has an address');
    const args = ['quota'];
    const told = await stage.run(args, { env: { GOOGLE_GEMINI_BASE_URL: undefined } });
    assert.match(told.stderr, /^the address in \.env is left out: a key of the environment is not/);
  });

  it('gives the variable of --api-key-env, and no other', async () => {
    write(`OTHER_KEY=${SECRET}\nNODE_OPTIONS=--no-such\nXDG_STATE_HOME=/nowhere\n`);
    const args = ['generate', 'a fox', '--api-key-env', 'OTHER_KEY'];
    const { code, stderr } = await stage.run(args, { env: NO_KEY });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /remembered/);
  });

  it('that is a folder is none', async () => {
    mkdirSync(join(stage.folder, '.env'));
    const { code, stderr } = await stage.run(['quota']);
    assert.equal(code, 0);
    assert.equal(stderr, '');
  });
});
