/**
 * The transcripts of the README and of `docs/` are what the command line really says: each is run as it
 * stands, against the fake service, and compared but for the numbers that vary. `UPDATE=1` writes what is
 * said now into the page.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type * as Exit from '../../js/cli/exit.ts';
import type { ScriptedFault } from '../../pkg/emulator/index.js';
import { openStage, PROGRAM, type Stage } from './support/cli.ts';
import { importCli } from './support/cli-module.ts';
import { blocks, pages, ROOT } from './support/pages.ts';

/** The pages that show a terminal. */
const SHOWN = pages()
  .map((page) => ({
    ...page,
    transcripts: blocks(page).filter(({ language }) => language === 'console'),
  }))
  .filter(({ transcripts }) => transcripts.length > 0);

/** The fault that meets a command, so that its transcript has something to show. */
const SCENES: [RegExp, ScriptedFault][] = [
  [/"a lighthouse at dusk" -o /, { fault: '503' }],
  [/"the same by night"/, { fault: '429-detailed', retryDelay: '0.3s', limit: 20 }],
];

let stage: Stage;
let job = '';

it('the pages show every command', () => {
  const texts = SHOWN.flatMap(({ transcripts }) => transcripts.map(({ code }) => code)).join('');
  const shown = new Set(Array.from(texts.matchAll(/^\$ unexhausted (\w+)/gm), ([, name]) => name));
  for (const name of 'generate batch quota plan explain models jobs emulator doctor'.split(' ')) {
    assert.ok(shown.has(name), name);
  }
});

for (const { name, text, transcripts } of SHOWN) {
  describe(`the transcripts of ${name}`, () => {
    let page = text;

    before(async () => {
      stage = await openStage({ batch: { pending: 0, running: 0 } });
      mkdirSync(join(stage.folder, 'bin'));
      const program = join(stage.folder, 'bin', 'unexhausted');
      writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
      chmodSync(program, 0o755);
    });

    after(async () => {
      await stage.close();
      if (process.env['UPDATE']) writeFileSync(join(ROOT, name), page);
    });

    // One after the other: a later one shows what an earlier one has left.
    for (const { code } of transcripts) {
      it(code.split('\n')[0]?.slice(2) ?? '', async () => {
        const commands = code.split(/^(?=\$ )/m);
        for (const shown of commands) {
          const [line = '', ...rest] = shown.split('\n');
          // A transcript names the job that an earlier run has made.
          const command = line.replace(/^\$ /, '').replace(/batches\/\w+/, () => job);
          const told = await said(command);
          const before = rest.join('\n');
          if (blurred(before) === blurred(told)) continue;
          if (!process.env['UPDATE']) assert.equal(blurred(before), blurred(told), command);
          page = page.replace(shown, () => `$ ${command}\n${told}`);
        }
      });
    }
  });
}

it('the table of exit codes in docs/cli.md is that of the command line', async () => {
  const page = readFileSync(join(ROOT, 'docs', 'cli.md'), 'utf8');
  const { EXIT_CODES } = await importCli<typeof Exit>('exit');
  for (const { code, meaning } of EXIT_CODES) {
    assert.ok(page.includes(`| ${code} | ${meaning} |`), `${code}: ${meaning}`);
  }
});

/** The port that the pages name, which may be taken here. */
const PORT = '8080';

/** The words of a command line to both streams, in order. */
async function said(shown: string): Promise<string> {
  const command = shown.replace(`--port ${PORT}`, '--port 0');
  for (const [which, fault] of SCENES) {
    if (which.test(command)) stage.server.emulator.script([fault]);
  }
  const child = spawn('/bin/sh', ['-c', `{ ${command}\n} 2>&1`], {
    cwd: stage.folder,
    env: stage.environment({
      PATH: [join(stage.folder, 'bin'), process.env['PATH']].join(delimiter),
    }),
    detached: true,
    timeout: 30_000,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    // One that serves is ended by Ctrl-C, which goes to all of a terminal.
    if (text.includes('Ctrl-C ends it.') && child.pid) process.kill(-child.pid, 'SIGINT');
  });
  await new Promise((resolve) => child.on('close', resolve));
  job = /batches\/[\w-]+/.exec(text)?.[0] ?? job;
  const whole = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  // A port that a reader would not see is left as it is.
  const { port } = stage.server;
  const own = command === shown ? `127\\.0\\.0\\.1:${port}\\b` : '127\\.0\\.0\\.1:\\d+';
  return whole.replaceAll(new RegExp(own, 'g'), `127.0.0.1:${PORT}`).replaceAll(stage.folder, '~');
}

/** Without what varies from run to run: times, names, what a picture cost, the width of columns. */
function blurred(text: string): string {
  return (
    text
      .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d/g, 'then')
      .replaceAll(/\b\d+(?:\.\d+)? (?:s|min|h|d)\b(?: \d+ (?:s|min|h)\b)?/g, 'a while')
      .replaceAll(/batches\/[\w-]+/g, 'batches/name')
      .replaceAll(/foxes(?:-[0-9a-f]+-\d)?/g, 'foxes-1')
      .replaceAll(/(attempts?|waited a while|failed|picture in a while), \$[\d.]+/g, '$1, money')
      .replaceAll(/(ten minutes) +\$[\d.]+/g, '$1 money')
      .replaceAll(/ +/g, ' ')
      // On a busy machine the model's own wait may outlast the call's by a moment.
      .replaceAll(/^waiting until then \(a while\): The service said .*\n/gm, '')
      // A minute or a day may end in the middle; what was learned stays.
      .replaceAll(/^\S+ (?:requests|tokens|images) per (?:minute|day) [\d,]+ then\n/gm, '')
      .replaceAll(/(per minute) \d+ \d+ \d+ %/g, '$1 some')
      .trim()
  );
}
