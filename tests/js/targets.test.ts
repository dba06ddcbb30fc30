/** Chains as people write them by mistake, and what they are told. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { createEmulator, type Emulator } from '../../pkg/emulator/index.js';
import {
  type ClientOptions,
  createClient,
  type GenerateError,
  type Target,
} from '../../pkg/index.js';

const KEY = 'a-key-of-nobody-0123456789';
const PRO = 'gemini-3-pro-image';
const LITE = 'gemini-3.1-flash-lite-image';
const GOOGLE = 'https://generativelanguage.googleapis.com';

let emulator: Emulator;
let sent: { url: string; key: string | null }[];

beforeEach(async () => {
  emulator = await createEmulator({ transit: 0, latency: 0 });
  sent = [];
});
afterEach(() => {
  emulator.close();
  mock.restoreAll();
});

function client(models: unknown[], more: ClientOptions = {}) {
  return createClient({
    apiKey: KEY,
    models: models as Target[],
    ...more,
    fetch: (input, init) => {
      sent.push({ url: String(input), key: new Headers(init?.headers).get('x-goog-api-key') });
      return emulator.fetch(input, init);
    },
  });
}

const failure = (work: Promise<unknown>): Promise<GenerateError> =>
  work.then(
    () => assert.fail('it does not fail'),
    (error) => error,
  );

it('a chain of none is refused', async () => {
  const told = /`models` must be a list that is not empty/;
  await assert.rejects(async () => client([]).generate('a boat'), told);
  await assert.rejects(client([PRO]).generate('a boat', { models: [] }), told);
  assert.deepEqual(sent, []);
});

describe('a target that is there before', () => {
  const twice: [string, unknown[], string[]][] = [
    ['the same id', [PRO, LITE, PRO], [PRO, LITE]],
    ['an older name', [PRO, `${PRO}-preview`], [PRO]],
    ['the same address', [PRO, { model: PRO, baseUrl: `${GOOGLE}/` }], [PRO]],
    [
      'the same key',
      [
        { model: PRO, apiKey: 'k1' },
        { model: PRO, apiKey: 'k1' },
      ],
      [PRO],
    ],
    [
      'another key',
      [
        { model: PRO, apiKey: 'k1' },
        { model: PRO, apiKey: 'k2' },
      ],
      [PRO, PRO],
    ],
  ];
  for (const [name, models, asked] of twice) {
    it(`by ${name}`, async () => {
      const warned = mock.method(console, 'warn', () => {});
      emulator.script([{ fault: '429-limit-zero', times: 9 }]);
      const error = await failure(client(models).generate('a boat'));
      assert.deepEqual(
        sent.map(({ url }) => /models\/(.*):/.exec(url)?.[1]),
        asked,
      );
      assert.equal(error.attempts.length, asked.length);
      const lines = warned.mock.calls.map(({ arguments: [line] }) => String(line));
      const place = models.length;
      const told = lines.filter((line) => line.includes(`target ${place}, ${PRO}, is in`));
      assert.ok(told.length <= 1 && (asked.length === models.length ? told.length === 0 : true));
    });
  }
});

it('fifty targets are each asked', async () => {
  const models = Array.from({ length: 50 }, (_, index) => ({ model: PRO, apiKey: `key-${index}` }));
  emulator.script([{ fault: '429-limit-zero', times: 49 }]);
  const picture = await client(models).generate('a boat');
  assert.equal(picture.attempts.length, 50);
  assert.deepEqual(
    sent.map(({ key }) => key),
    models.map(({ apiKey }) => apiKey),
  );
});

it('a request that no target can do is refused with what each lacks', async () => {
  const request = { contents: 'a boat', config: { imageConfig: { imageSize: '4K' } } };
  const told =
    /no model of the chain can do what the request asks: gemini-3.1-flash-lite-image, size$/;
  await assert.rejects(client([LITE]).generate(request), told);
  assert.deepEqual(sent, []);
});

describe('a target without a key', () => {
  it('at an address of its own is named, and gets no key of others', async () => {
    const target = { model: LITE, baseUrl: `${GOOGLE}/` };
    const chain = client([PRO, 'gemini-nano-banana-2.1', target], {
      baseUrl: 'https://relay.test',
    });
    const error = await failure(chain.generate('a boat'));
    assert.equal(error.kind, 'unauthenticated');
    assert.equal(error.message, `target 3, ${LITE}, has an address of its own and no \`apiKey\``);
    assert.match(error.advice, /Give that target its `apiKey`/);
    assert.deepEqual(sent, []);
  });

  it("at the client's own address has the client's", async () => {
    for (const own of [GOOGLE, `${GOOGLE}/`]) {
      await client([{ model: PRO, baseUrl: own }]).generate('a boat');
    }
    const relay = 'https://relay.test';
    await client([{ model: PRO, baseUrl: `${relay}/` }], { baseUrl: relay }).generate('a boat');
    assert.deepEqual(
      sent.map(({ key }) => key),
      [KEY, KEY, KEY],
    );
  });

  it('at another path of the same host has none', async () => {
    const own = { baseUrl: 'https://relay.test/a' };
    await failure(
      client([{ model: PRO, baseUrl: 'https://relay.test/b' }], own).generate('a boat'),
    );
    assert.deepEqual(
      sent.map(({ key }) => key),
      [null],
    );
  });
});

it('a mistake in one target of several is told with its place', async () => {
  const wrong: [unknown, RegExp][] = [
    [
      { model: PRO, protocol: 'vertex' },
      /target 2 of `models`: a target of protocol `vertex` needs/,
    ],
    [{ model: PRO, protocol: 'openai-chat' }, /target 2 of `models`: .*needs a `baseUrl`/],
    [{ model: PRO, apikey: 'k' }, /target 2 of `models`: unknown option `apikey`/],
    [{ model: PRO, location: 'eu' }, /target 2 of `models`: `location` is for targets of/],
    [5, /target 2 of `models`: a target in `models` must be/],
  ];
  for (const [target, told] of wrong) {
    await assert.rejects(async () => client([PRO, target]).generate('a boat'), told);
  }
});

describe('on a host that ends functions', () => {
  const program = `
    import { createClient } from ${JSON.stringify(new URL('../../pkg/index.js', import.meta.url).href)};
    import { createEmulator } from ${JSON.stringify(new URL('../../pkg/emulator/index.js', import.meta.url).href)};
    const emulator = await createEmulator({ transit: 0, latency: 0 });
    const options = JSON.parse(process.argv[1]);
    const client = createClient({ apiKey: 'a-key', fetch: emulator.fetch });
    await client.generate('a boat', ...options);
    await client.generate('a boat', ...options);
    emulator.close();`;
  const told = (env: Record<string, string>, ...options: object[]): string => {
    const args = ['--input-type=module', '-e', program, JSON.stringify(options)];
    const { VERCEL: _, AWS_LAMBDA_FUNCTION_NAME: __, ...rest } = process.env;
    const child = spawnSync(process.execPath, args, { env: { ...rest, ...env }, encoding: 'utf8' });
    assert.equal(child.status, 0, child.stderr);
    return child.stderr;
  };

  it('one warning says that a call has no deadline', () => {
    const text = 'a function is ended after a while; give `generate` a `deadline` below that\n';
    assert.equal(told({ VERCEL: '1' }), `unexhausted: on Vercel ${text}`);
    const lambda = { AWS_LAMBDA_FUNCTION_NAME: 'pictures' };
    assert.equal(told(lambda, {}), `unexhausted: on AWS Lambda ${text}`);
  });

  it('nothing is said elsewhere, with a deadline, or in the background', () => {
    assert.equal(told({}), '');
    assert.equal(told({ VERCEL: '1' }, { deadline: 60_000 }), '');
    assert.equal(told({ VERCEL: '1' }, { priority: 'background' }), '');
  });
});
