/** Words of others reach a terminal as words: no control character of theirs does. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type * as Terminal from '../../js/cli/terminal.ts';
import { type Ended, openStage, type Stage } from './support/cli.ts';
import { importCli } from './support/cli-module.ts';

const { colors, shown, shownJson } = await importCli<typeof Terminal>('terminal');

/** C0, DEL, C1 and what turns the direction of writing, around what a terminal would do of it. */
const EVIL = '\u001b]0;mine\u0007\u009b2J\r\b\u007f\u0000\u202e\u2066evil\u2069';
const HARM = /[^\P{Cc}\t\n]|\p{Bidi_Control}/u;

describe('a text on a terminal', () => {
  it('keeps its letters, lines and our own colors, and loses all commands', () => {
    const own = colors(true);
    assert.equal(shown(own.red(`a${EVIL}\tb\r\nc`)).includes('\u001b]'), false);
    assert.equal(
      shown(`${own.bold('a \u001b[31mb')}: ${own.red('c')}`),
      '\u001b[1ma \ufffd[31mb\u001b[22m: \u001b[31mc\u001b[39m',
    );
    assert.equal(shown('日本 é 🦊\tb\r\nc'), '日本 é 🦊\tb\nc');
    assert.doesNotMatch(shown(EVIL), HARM);
    assert.equal(shown(EVIL).length, EVIL.length);
    assert.equal(shown(colors(false).dim(`a${EVIL}`)), shown(`a${EVIL}`));
  });

  it('in JSON is the same value, as escapes', () => {
    const text = shownJson({ [EVIL]: EVIL });
    assert.doesNotMatch(text, HARM);
    assert.deepEqual(JSON.parse(text), { [EVIL]: EVIL });
  });
});

describe('a hostile service', () => {
  let stage: Stage;
  let server: Server;
  let url = '';
  before(async () => {
    stage = await openStage();
    server = createServer((request, response) => {
      request.resume();
      const job = { name: 'batches/a', displayName: EVIL, model: EVIL, state: EVIL };
      const isList = request.url?.startsWith('/v1beta/batches');
      const error = { code: 400, status: 'INVALID_ARGUMENT', message: `no ${EVIL}` };
      response.writeHead(isList ? 200 : 400, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(isList ? { operations: [{ ...job, metadata: job }] } : { error }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await stage.close();
  });

  const CASES: [string, string[]][] = [
    ['generate', ['generate', `a ${EVIL}fox`.replaceAll('\0', ''), '--debug']],
    ['a batch', ['batch', 'p.jsonl', '-o', 'out']],
    ['jobs', ['jobs', 'list']],
    ['doctor', ['doctor', '--yes']],
    ['an error to explain', ['explain', `429 RESOURCE_EXHAUSTED: ${EVIL}`.replaceAll('\0', '')]],
    ['a log to explain', ['explain', 'app.log']],
    ['an option', ['generate', 'a', `--${EVIL}`.replaceAll('\0', '')]],
    ['a command', [EVIL.replaceAll('\0', '')]],
    ['a choice', ['generate', 'a', '--size', EVIL.replaceAll('\0', '')]],
    ['a model', ['models', EVIL.replaceAll('\0', '')]],
    ['a path', ['generate', 'a', '-o', `none${EVIL.replaceAll('\0', '')}/a.png`]],
    ['an own model', ['generate', 'a', '--model', EVIL.replaceAll('\0', '')]],
  ];
  for (const [what, args] of CASES) {
    it(`says through ${what} what it says, and commands nothing`, async () => {
      writeFileSync(
        join(stage.folder, 'p.jsonl'),
        `${JSON.stringify({ prompt: 'a', key: EVIL })}\n`,
      );
      writeFileSync(join(stage.folder, 'app.log'), `429 RESOURCE_EXHAUSTED ${EVIL}\n`);
      const env = { GOOGLE_GEMINI_BASE_URL: url, FORCE_COLOR: '1' };
      const ended: Ended = await stage.run(args, { env });
      const text = `${ended.stdout}${ended.stderr}`;
      // Our own colors are all that is left.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
      assert.doesNotMatch(text.replace(/\u001b\[\d+m/g, ''), HARM, JSON.stringify(text));
      const json = await stage.run([...args, '--json'], { env });
      assert.doesNotMatch(json.stdout, HARM);
      for (const line of json.stdout.split('\n').filter((line) => line !== '')) JSON.parse(line);
    });
  }
});
