/** Mistakes that a reading of the package found, each as the caller who would have met it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClientOptions, createClient, GenerateError } from '../../pkg/index.js';

const KEY = 'a-key-of-nobody';
const part = (data: string) => ({ inlineData: { mimeType: 'image/png', data } });
const answer = (data = 'QUFB', more: object = {}) => ({
  candidates: [{ content: { parts: [part(data)] } }],
  ...more,
});
const fetching =
  (body: () => unknown): typeof fetch =>
  async () =>
    Response.json(body());
const client = (options: ClientOptions) => createClient({ apiKey: KEY, ...options });
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

describe('an odd answer', () => {
  it('with keys of our accessors is an answer like any, and disturbs nobody', async () => {
    const waiting = client({}).retry(
      () => new Promise((resolve) => setTimeout(resolve, 20, 'done')),
    );
    const odd = client({ fetch: fetching(() => answer('QUFB', { text: 'x', data: 'y' })) });
    const { response, images } = await odd.generate('a paper boat');
    assert.equal(images.length, 1);
    assert.equal(response.data, 'QUFB');
    assert.equal(response.text, undefined);
    assert.equal(await waiting, 'done');
  });

  it('cannot replace the prototype', async () => {
    const text = `{"__proto__":{"x":1},${JSON.stringify(answer()).slice(1)}`;
    const fetch = async () =>
      new Response(text, { headers: { 'content-type': 'application/json' } });
    const response = await client({ fetch }).generateWithRetry('a paper boat');
    assert.equal(response.data, 'QUFB');
    assert.equal('x' in response, false);
  });

  it('whose parts are no list has no text and no picture', async () => {
    const body = { candidates: [{ content: { parts: { text: 'x' } } }, null] };
    const response = await client({ fetch: fetching(() => body) }).generateWithRetry('a boat');
    assert.deepEqual([response.text, response.data], [undefined, undefined]);
  });

  const NO_PICTURE: Record<string, object> = {
    'an empty picture': { inlineData: { mimeType: 'image/png', data: '' } },
    'a sound': { inlineData: { mimeType: 'audio/wav', data: 'QUFB' } },
  };
  for (const [name, odd] of Object.entries(NO_PICTURE)) {
    it(`with ${name} is no picture`, async () => {
      const body = { candidates: [{ content: { parts: [odd] }, finishReason: 'STOP' }] };
      const own = client({ fetch: fetching(() => body), models: ['x'], retry: { baseDelay: 1 } });
      await assert.rejects(
        own.generate('a paper boat'),
        (error: unknown) => error instanceof GenerateError && error.kind === 'no_image',
      );
    });
  }

  it('with its picture in the second candidate is a picture', async () => {
    const body = { candidates: [{ content: {} }, ...answer().candidates] };
    const { images } = await client({ fetch: fetching(() => body) }).generate('a paper boat');
    assert.equal(images[0]?.data, 'QUFB');
  });

  it('of a stub whose json() is not asynchronous is read', async () => {
    const stub = { status: 200, json: () => answer() } as unknown as Response;
    const { images } = await client({ fetch: async () => stub }).generate('a paper boat');
    assert.equal(images.length, 1);
  });
});

it('the model and the cost are those of the attempt that answered', async () => {
  const fetch: typeof globalThis.fetch = async (url, init) => {
    if (String(url).includes('gemini-nano-banana-2.1')) return Response.json(answer('Qg=='));
    return new Promise((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
    });
  };
  const own = client({ fetch, retry: { timeout: 10 }, maxWaitPerTarget: 0 });
  const result = await own.generate('a paper boat');
  assert.equal(result.images[0]?.data, 'Qg==');
  assert.equal(result.model, 'gemini-nano-banana-2.1');
  assert.equal(result.cost, 0.0336);
});

describe('a listener', () => {
  for (const end of ['abort', 'close'] as const) {
    it(`that ends the call with ${end} lets nothing more out`, async () => {
      let sent = 0;
      const controller = new AbortController();
      const own = client({
        models: ['x'],
        retry: { baseDelay: 1, jitter: 0 },
        fetch: async () => {
          sent += 1;
          return new Response('{"error":{"code":503}}', { status: 503 });
        },
      });
      own.on('attempt', ({ attempt }) => {
        if (attempt === 2) end === 'abort' ? controller.abort(new Error('enough')) : own.close();
      });
      const failures: unknown[] = [];
      own.on('failure', ({ error }) => failures.push(error));
      const call = own.generate('a paper boat', { signal: controller.signal });
      const error = await call.catch((thrown: unknown) => thrown);
      await turn();
      assert.equal(sent, 1);
      assert.deepEqual(failures, [error], 'and the end is told');
    });
  }

  it('of an event that does not exist is refused', () => {
    const own = client({}) as unknown as { on(name: string, listener: unknown): void };
    assert.throws(() => own.on('atempt', () => {}), /unknown event `atempt`.*attempt, retry/);
    assert.throws(() => own.on('attempt', 5), /must be a function/);
    assert.doesNotThrow(() => createClient({ on: { attempt: undefined } } as never));
  });
});

describe('settings', () => {
  it('a timeout is kept to the millisecond, and Infinity is none', async () => {
    const headers: (string | null)[] = [];
    const fetch: typeof globalThis.fetch = (_, init) => {
      headers.push(new Headers(init?.headers).get('x-server-timeout'));
      return headers.length === 1
        ? new Promise(() => {})
        : Promise.resolve(Response.json(answer()));
    };
    const own = client({ fetch });
    const start = performance.now();
    await assert.rejects(own.generateWithRetry('a boat', { maxRetries: 1, timeout: 30 }));
    assert.ok(performance.now() - start < 2_000);
    await own.generate('a boat', { timeout: Number.POSITIVE_INFINITY });
    assert.deepEqual(headers, ['1', null]);
  });

  it("the client's limits hold in the drop-in too", async () => {
    let sent = 0;
    const own = client({
      maxServerDelay: 100,
      fetch: async () => {
        sent += 1;
        return new Response('', { status: 429, headers: { 'retry-after': '1' } });
      },
    });
    await assert.rejects(own.generateWithRetry('a paper boat'), /maxServerDelay/);
    assert.equal(sent, 1);
  });

  it("a batch's deadline is the batch's", async () => {
    const fetch: typeof globalThis.fetch = (_, init) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => resolve(Response.json(answer())), 60);
        init?.signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(init.signal?.reason);
        });
      });
    const prompts = ['a', 'b', 'c', 'd', 'e', 'f'];
    const results = await client({ fetch }).batchGenerate(prompts, { delay: 0, deadline: 100 });
    assert.ok(results[0] !== null && results.at(-1) === null);
  });

  it('the drop-in asks for what it is told, whatever the catalogue says', async () => {
    let body = '';
    const fetch: typeof globalThis.fetch = async (_, init) => {
      body = String(init?.body);
      return Response.json(answer());
    };
    await client({ fetch }).generateWithRetry({
      model: 'gemini-3-pro-image',
      contents: 'a boat',
      config: { imageConfig: { aspectRatio: '1:8' }, systemInstruction: ['be', { text: 'brief' }] },
    });
    const sent = JSON.parse(body);
    assert.equal(sent.generationConfig.imageConfig.aspectRatio, '1:8');
    assert.deepEqual(sent.systemInstruction.parts, [{ text: 'be' }, { text: 'brief' }]);
  });

  const WRONG: [ClientOptions, RegExp][] = [
    [{ baseUrl: 'https://' }, /`baseUrl` is no address/],
    [{ baseUrl: 'http://localhost:99999' }, /`baseUrl` is no address/],
    [{ baseUrl: 'https://x/v1beta?key=abc' }, /`baseUrl` must end before/],
    [{ baseUrl: 'ftp://x' }, /`baseUrl` must begin with https/],
    [{ apiKey: 'a-key\nof-nobody' }, /the API key holds/],
    [{ headers: { 'x-a': 'one\ntwo' } }, /the header `x-a` must have a value/],
  ];
  for (const [options, said] of WRONG) {
    it(`${JSON.stringify(options)} is told before a request`, async () => {
      const fetch = async () => assert.fail('it was sent');
      await assert.rejects(
        async () => client({ ...options, fetch }).generateWithRetry('a paper boat'),
        said,
      );
    });
  }

  it('an address may be written in capitals, headers may be Headers, a key may stand in them', async () => {
    let asked: [string, string | null] | undefined;
    const own = createClient({
      baseUrl: 'HTTPS://generativelanguage.googleapis.com',
      headers: new Headers({ 'x-goog-api-key': KEY }),
      fetch: async (url, init) => {
        asked = [new URL(String(url)).host, new Headers(init?.headers).get('x-goog-api-key')];
        return Response.json(answer());
      },
    });
    await own.generateWithRetry('a paper boat');
    assert.deepEqual(asked, ['generativelanguage.googleapis.com', KEY]);
  });

  it('any header that a caller gives is kept out of errors', async () => {
    const own = client({
      headers: { 'x-proxy-pass': 'planted-secret-1' },
      fetch: async () =>
        new Response('{"error":{"message":"bad planted-secret-1"}}', { status: 403 }),
    });
    const error = (await own
      .generateWithRetry('a boat')
      .catch((thrown) => thrown)) as GenerateError;
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error.cause)}`, /planted/);
  });

  it("a loop's words are translated into the drop-in's", async () => {
    const call = (options: object) => client({}).generateWithRetry('a boat', options as never);
    await assert.rejects(call({ retries: 3 }), /here it is `maxRetries`/);
    await assert.rejects(call({ maxAttempts: 3 }), /here it is `maxRetries`/);
  });

  it('options and requests that cannot be read reject, and trap nothing', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const throwing = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('no');
        },
      },
    );
    const own = client({ fetch: fetching(() => answer()) });
    await assert.rejects(
      own.retry(() => 1, proxy as never),
      TypeError,
    );
    await assert.rejects(own.generate(throwing as never));
    const getter = {
      get deadline(): number {
        throw new Error('a getter');
      },
    };
    await assert.rejects(own.generate('a boat', getter), /a getter/);
    assert.equal(await own.retry(() => 7), 7);
  });
});
