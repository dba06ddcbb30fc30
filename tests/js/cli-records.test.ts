/** What of a log belongs to one error. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { importCli } from './support/cli-module.ts';

const { records } = await importCli<typeof import('../../js/cli/records.ts')>('records');

async function recordsOf(text: string): Promise<string[]> {
  const lines = (async function* () {
    yield* text.split('\n');
  })();
  const found: string[] = [];
  for await (const record of records(lines)) found.push(record);
  return found;
}

const GOOGLE = `[429 Too Many Requests] You exceeded your current quota.
* Quota exceeded for metric: generativelanguage.googleapis.com/generate_requests, limit: 0, model: x
* Quota exceeded for metric: generativelanguage.googleapis.com/tokens, limit: 0, model: x
Please retry in 31.7s.`;
const INSPECTED = `ApiError: {"error":{"code":503}}
    at throwError (client.js:1:1) {
  status: 503,
  note: 'a brace { alone'
}`;
const TRACEBACK = `Traceback (most recent call last):
  File "/app/paint.py", line 3, in <module>
    paint()
ConnectionResetError: [Errno 104] Connection reset by peer

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/paint.py", line 5, in <module>
google.genai.errors.ClientError: 429 RESOURCE_EXHAUSTED. {'error': {'code': 429}}`;
const JAVA = `java.lang.RuntimeException: it failed
\tat Paint.main(Paint.java:5)
Caused by: java.net.SocketException: Connection reset
\tat java.net.Socket.read(Socket.java:1)
\t... 3 more`;

describe('one error of several lines is one record', () => {
  for (const [name, text] of Object.entries({ GOOGLE, INSPECTED, TRACEBACK, JAVA })) {
    it(name, async () => {
      assert.deepEqual(await recordsOf(`before\n${text}\nafter`), [
        'before',
        text.replaceAll('\n\n', '\n'),
        'after',
      ]);
    });
  }

  it('and two are two', async () => {
    const two = await recordsOf(`${GOOGLE}\n\n${GOOGLE}\n${TRACEBACK}\n${TRACEBACK}`);
    assert.equal(two.length, 4);
    const lines = ['Error: 503', 'Error: 429', '', 'Error: 500'];
    assert.deepEqual(await recordsOf(lines.join('\n')), ['Error: 503', 'Error: 429', 'Error: 500']);
  });
});
