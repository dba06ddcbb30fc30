/** The commands that tell: explain, plan, models, doctor, emulator. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { models, plan } from '../../pkg/index.js';
import { openStage, SECRET, type Stage } from './support/cli.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const LOG = `2026-11-24T10:00:00Z INFO started
2026-11-24T10:00:05Z ERROR 503 UNAVAILABLE The model is overloaded. Please try again later.
2026-11-24T10:01:05Z ERROR 503 UNAVAILABLE The model is overloaded. Please try again later.
2026-11-24T10:02:00Z ERROR the call failed: {
  "error": {
    "code": 429,
    "status": "RESOURCE_EXHAUSTED",
    "message": "Quota exceeded for quota metric, limit: 0"
  }
}
2026-11-24T10:02:01Z INFO took 503 ms
`;

describe('explain', () => {
  it('counts the kinds of errors of a log, each with its advice', async () => {
    writeFileSync(join(stage.folder, 'app.log'), LOG);
    const { code, stdout } = await stage.run(['explain', 'app.log', '--json']);
    assert.equal(code, 0);
    const { records, errors, kinds, diagnosis } = JSON.parse(stdout);
    assert.equal(records, 5);
    assert.equal(errors, 3);
    assert.deepEqual(
      kinds.map(({ kind, count }: { kind: string; count: number }) => [kind, count]),
      [
        ['overloaded', 2],
        ['not_in_tier', 1],
      ],
    );
    assert.equal(kinds[0].first, '2026-11-24T10:00:05.000Z');
    assert.equal(kinds[0].last, '2026-11-24T10:01:05.000Z');
    assert.ok(kinds.every(({ advice }: { advice: string }) => advice.length > 20));
    assert.equal(typeof diagnosis.action, 'string');
  });

  it('reads stdin, and says the same in words', async () => {
    const { code, stdout } = await stage.run(['explain'], { input: LOG });
    assert.equal(code, 0);
    assert.match(stdout, /^overloaded \(2 times, status 503, 2026-11-24 10:00:05 to /);
    assert.match(stdout, /\nnot in tier \(once, status 429, /);
    assert.match(stdout, /\nIn all: /);
  });

  it('reads an error text', async () => {
    const { code, stdout } = await stage.run(['explain', '503 UNAVAILABLE: overloaded']);
    assert.equal(code, 0);
    assert.match(stdout, /^overloaded \(once, status 503, retry: soon\)\nThe service has no cap/);
  });

  it('reads several files, and a status alone', async () => {
    writeFileSync(join(stage.folder, 'a.log'), LOG);
    writeFileSync(join(stage.folder, 'b.log'), '504 DEADLINE_EXCEEDED\n');
    const { code, stdout } = await stage.run(['explain', 'a.log', 'b.log', '--json']);
    assert.equal(code, 0);
    const kinds = JSON.parse(stdout).kinds.map(({ kind }: { kind: string }) => kind);
    assert.deepEqual(kinds, ['overloaded', 'not_in_tier', 'timeout']);
    const status = await stage.run(['explain', '429']);
    assert.equal(status.code, 0);
    assert.match(status.stdout, /^rate limited \(once, status 429, retry: soon\)\n/);
  });

  it('a file that is not there is code 2, and nothing is told of the others', async () => {
    writeFileSync(join(stage.folder, 'a.log'), LOG);
    for (const name of ['none.log', 'logs/503', './429', '429.txt']) {
      const { code, stdout, stderr } = await stage.run(['explain', 'a.log', name]);
      assert.equal(code, 2, name);
      assert.equal(stdout, '');
      assert.equal(stderr, `error: there is no file ${name}\n`);
    }
    const word = await stage.run(['explain', 'nothing']);
    assert.equal(word.code, 2);
    assert.match(word.stderr, /^error: there is no file nothing, nor is it an error/);
    const folder = await stage.run(['explain', '.']);
    assert.equal(folder.code, 2);
    assert.equal(folder.stderr, 'error: . is a folder\n');
    // Texts of errors that look a little like names of files.
    const bodies = [
      '{"error":{"code":503,"url":"https://x.example/v1"}}',
      'google.api_core.exceptions.ResourceExhausted',
      `503 ${'x'.repeat(6000)}`,
    ];
    for (const text of bodies) assert.equal((await stage.run(['explain', text])).code, 0, text);
  });

  it('nothing known is code 1', async () => {
    const { code, stdout } = await stage.run(['explain'], { input: 'all is well\n' });
    assert.equal(code, 1);
    assert.equal(stdout, 'no known error in 1 record\n');
  });

  it('reads a long log in little memory', async () => {
    const input = '2026-11-24T10:00:05Z 503 UNAVAILABLE The model is overloaded.\n'.repeat(20_000);
    const { code, stdout } = await stage.run(['explain', '--json'], {
      input,
      env: { NODE_OPTIONS: '--max-old-space-size=64' },
    });
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).errors, 20_000);
  });
});

describe('plan and models', () => {
  it('plan tells what the library does', async () => {
    const args = ['plan', '500', '--tier', 'tier1', '--size', '2K', '--quality', 'good'];
    const options = { images: 500, tier: 'tier1', size: '2K', quality: 'good' } as const;
    const told = JSON.parse((await stage.run([...args, '--json'])).stdout);
    assert.deepEqual(told, JSON.parse(JSON.stringify(await plan(options))));
    const { stdout } = await stage.run(args);
    for (const { how, needed } of told.steps) if (needed) assert.ok(stdout.includes(how), how);
    assert.match(stdout, /^gemini-nano-banana-2\.1 +2K +\$0\.0504 +\$25\.20 +\$12\.60$/m);
  });

  it('a wrong number is code 2, in the words of the library', async () => {
    const { code, stderr } = await stage.run(['plan', 'many']);
    assert.equal(code, 2);
    assert.match(stderr, /whole number from 1/);
  });

  it('models lists those that are there, or all', async () => {
    const all = await models();
    const told = JSON.parse((await stage.run(['models', '--all', '--json'])).stdout);
    assert.equal(told.length, all.length);
    const { stdout } = await stage.run(['models']);
    for (const { id, status } of all) assert.equal(stdout.includes(id), status !== 'retired', id);
  });

  it('models fits 80 columns, and all is there in words', async () => {
    const { stdout } = await stage.run(['models', '--all']);
    for (const line of stdout.split('\n')) assert.ok(line.length < 80, line);
    assert.match(stdout, /^gemini-2\.5-flash-image +ends 2027-03-15 /m);
    const one = await stage.run(['models', 'gemini-2.5-flash-image']);
    assert.doesNotMatch(one.stdout, /object Object/);
    assert.match(one.stdout, /^ends +gemini 2027-03-15, vertex 2027-03-15$/m);
    assert.match(one.stdout, /^input price +\$0\.30 a million tokens$/m);
  });

  it('models with an id, an older one too, tells all of it', async () => {
    const { stdout } = await stage.run(['models', 'gemini-3-pro-image-preview']);
    assert.match(stdout, /^id +gemini-3-pro-image$/m);
    assert.match(stdout, /^sizes +1K \$0\.134 \(Batch API \$0\.067\), /m);
    assert.equal((await stage.run(['models', 'gpt-image'])).code, 2);
  });
});

describe('doctor', () => {
  it('checks what is free, and makes no call that costs by itself', async () => {
    const { code, stdout } = await stage.run(['doctor']);
    assert.equal(code, 0);
    assert.match(stdout, /^ok key +GEMINI_API_KEY is set\nok network +127\.0\.0\.1:\d+ answered/);
    assert.match(stdout, /\nok clock +right\nok access +the key is taken/);
    assert.match(stdout, /\n- +call +left out; --yes makes one with .*, for about \$0\.0336\n$/);
    assert.equal(stage.asked(), 0);
  });

  it('--yes says the price and makes one call', async () => {
    const { code, stdout, stderr } = await stage.run(['doctor', '--yes']);
    assert.equal(code, 0);
    assert.match(stderr, /^asking gemini-nano-banana-2\.1 for one picture, for about \$0\.0336\n$/);
    assert.match(stdout, /\nok call +gemini-nano-banana-2\.1 made a picture in /);
    assert.equal(stage.asked(), 1);
  });

  it('a wrong key is code 2, no network 3, a model that is not there 1, with advice', async () => {
    stage.server.emulator.configure({ unknownKeys: 'reject' });
    const key = await stage.run(['doctor', '--yes']);
    assert.equal(key.code, 2);
    assert.match(key.stdout, /\nno access +The service does not accept the API key\.\n {3}Check/);
    assert.doesNotMatch(key.stdout + key.stderr, new RegExp(SECRET));
    const network = await stage.run(['doctor'], {
      env: { GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9' },
    });
    assert.equal(network.code, 3);
    assert.match(network.stdout, /\nno network +127\.0\.0\.1:9: /);
    stage.server.emulator.configure({ unknownKeys: 'accept' });
    const model = await stage.run(['doctor', '--model', 'no-such-model']);
    assert.equal(model.code, 1);
    assert.match(model.stdout, /no-such-model is not among its \d+ models/);
    assert.equal(stage.asked(), 0);
  });

  it('a clock that is off by more than seconds is told', async () => {
    const body = JSON.stringify({ models: [{ name: 'models/gemini-nano-banana-2.1' }] });
    const later = createServer((_, response) => {
      response.setHeader('date', new Date(Date.now() + 120_000).toUTCString());
      response.end(body);
    });
    await once(later.listen(0, '127.0.0.1'), 'listening');
    const { port } = later.address() as AddressInfo;
    try {
      const args = ['doctor', '--json', '--base-url', `http://127.0.0.1:${port}`];
      const { code, stdout } = await stage.run(args);
      assert.equal(code, 1);
      const { checks } = JSON.parse(stdout);
      const clock = checks.find(({ name }: { name: string }) => name === 'clock');
      assert.equal(clock.ok, false);
      assert.match(clock.text, /^(?:1 min 59 s|2 min(?: \d s)?) slow/);
    } finally {
      later.close();
    }
  });

  it('an address that redirects is told, and the key does not go along', async () => {
    const seen: unknown[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers);
      response.end('{}');
    });
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const place = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const moved = createServer((_, response) => {
      response.writeHead(302, { location: `${place}/secret-path` }).end();
    });
    await once(moved.listen(0, '127.0.0.1'), 'listening');
    const { port } = moved.address() as AddressInfo;
    try {
      const args = ['doctor', '--base-url', `http://127.0.0.1:${port}`];
      const { code, stdout } = await stage.run(args);
      assert.equal(code, 1);
      assert.ok(stdout.includes(`redirects to ${place};`), stdout);
      assert.doesNotMatch(stdout, /secret-path/);
      assert.deepEqual(seen, []);
    } finally {
      other.close();
      moved.close();
    }
  });

  it('no key is code 2', async () => {
    const { code, stdout } = await stage.run(['doctor'], { env: { GEMINI_API_KEY: undefined } });
    assert.equal(code, 2);
    assert.match(stdout, /^no key +no API key: set GEMINI_API_KEY/);
  });
});

describe('emulator', () => {
  it('serves until it is told to end, and its address is all of stdout', async () => {
    const run = stage.start(['emulator', '--latency', '1ms', '--fault', '503']);
    await run.says('Ctrl-C ends it.');
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(run.told.stdout)?.[0] ?? '';
    const made = await stage.run(['generate', 'a fox', '--base-url', url]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stderr, /no capacity/);
    run.process.kill('SIGINT');
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 0);
    assert.equal(stdout, `${url}\n`);
    assert.match(stderr, /GOOGLE_GEMINI_BASE_URL=http.* GEMINI_API_KEY=any/);
  });

  it('a fault that it does not know, a port that is taken, a file that is none: code 2', async () => {
    const unknown = await stage.run(['emulator', '--fault', '504x']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /429-detailed/);
    const taken = await stage.run(['emulator', '--port', String(stage.server.port)]);
    assert.equal(taken.code, 2);
    assert.match(taken.stderr, /EADDRINUSE/);
    assert.equal((await stage.run(['emulator', '--config', 'none.json'])).code, 2);
  });
});
