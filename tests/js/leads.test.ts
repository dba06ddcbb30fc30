/** Redirects, links and bodies of a hostile service: where the key goes, and how much is read. */
import assert from 'node:assert/strict';
import dns from 'node:dns';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it, mock } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  type Client,
  type ClientOptions,
  classifyError,
  createClient,
  type GenerateError,
  type GenerateErrorKind,
  type Protocol,
  type Target,
} from '../../pkg/index.js';
import { errorOf } from './support/failing.ts';

const KEY = 'a-key-of-nobody';
const PROMPT = 'a paper boat on a calm lake';
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk', 'base64');
const PICTURE = {
  candidates: [
    {
      content: { parts: [{ inlineData: { mimeType: 'image/png', data: PNG.toString('base64') } }] },
    },
  ],
};
const DISPATCHER = Symbol.for('undici.globalDispatcher.1');
const PROTOCOLS: Protocol[] = ['gemini', 'vertex', 'imagen', 'openai-images', 'openai-chat'];

interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}
type Handler = (seen: Seen, response: ServerResponse) => void;

class Site {
  readonly seen: Seen[] = [];
  handle: Handler = (_, response) => response.writeHead(500).end();
  readonly #server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url: path = '', headers } = request;
    const seen = { method, path, headers, body: Buffer.concat(chunks).toString() };
    this.seen.push(seen);
    this.handle(seen, response);
  });

  open = () => new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  close = () => this.#server.close();

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
}

const home = new Site();
const other = new Site();
const clients: Client[] = [];

before(() => Promise.all([home.open(), other.open()]));
after(() => {
  home.close();
  other.close();
});
beforeEach(() => {
  for (const site of [home, other]) site.seen.length = 0;
  other.handle = (_, response) => json(response, PICTURE);
});
afterEach(() => {
  mock.restoreAll();
  for (const own of clients.splice(0)) own.close();
});

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function leads(status: number, location: string): Handler {
  return (_, response) => response.writeHead(status, { location }).end('moved');
}

function client(models: Target[], options: ClientOptions = {}): Client {
  const own = createClient({
    models,
    retry: { maxAttempts: 2, baseDelay: 1, jitter: 0 },
    ...options,
  });
  clients.push(own);
  return own;
}

function target(protocol: Protocol, baseUrl = home.url): Target {
  const own =
    protocol === 'vertex' ? { project: 'p', accessToken: () => 'ya29.token' } : { apiKey: KEY };
  return {
    model: 'gemini-3-pro-image',
    protocol,
    baseUrl,
    headers: { 'x-private': 'yes' },
    ...own,
  };
}

async function fails(work: Promise<unknown>, kind: GenerateErrorKind): Promise<GenerateError> {
  const error = await errorOf(work);
  assert.equal(error.kind, kind, error.message);
  return error;
}

describe('a redirect of a request with a key', () => {
  for (const protocol of PROTOCOLS) {
    for (const status of [301, 302, 303, 307, 308]) {
      it(`${protocol}: a ${status} is not followed, nor tried again`, async () => {
        home.handle = leads(status, `${other.url}/secret-path?token=abc`);
        const error = await fails(client([target(protocol)]).generate(PROMPT), 'unknown');
        assert.equal(other.seen.length, 0);
        assert.equal(home.seen.length, 1, 'it is not tried again');
        assert.ok(error.message.includes(`redirects to ${other.url}; nothing was sent there`));
        assert.match(error.advice, /Check `baseUrl`/);
        assert.equal(error.status, status);
        assert.doesNotMatch(JSON.stringify(error) + String(error.cause), /secret-path|token=abc/);
        assert.equal(error.possibleCost, undefined);
      });
    }

    it(`${protocol}: the drop-in does not follow it either`, async () => {
      home.handle = leads(307, other.url);
      await fails(client([target(protocol)]).generateWithRetry(PROMPT), 'unknown');
      assert.deepEqual([home.seen.length, other.seen.length], [1, 0]);
    });
  }

  it('gives way to another account', async () => {
    home.handle = leads(307, other.url);
    const result = await client([target('gemini'), target('gemini', other.url)]).generate(PROMPT);
    assert.deepEqual([home.seen.length, other.seen.length], [1, 1]);
    assert.equal(result.switches[0]?.kind, 'unknown');
  });

  it('to a path of the same address, or to nowhere, is told as such', async () => {
    for (const location of ['/v2/elsewhere', '']) {
      home.handle = leads(301, location);
      const error = await fails(client([target('gemini')]).generate(PROMPT), 'unknown');
      assert.match(error.message, /`baseUrl` redirects to another path; nothing was sent there/);
    }
  });

  it('that is opaque, as in a page, says that a page cannot know', async () => {
    const opaque = Object.defineProperties(new Response(null), {
      type: { value: 'opaqueredirect' },
      status: { value: 0 },
      ok: { value: false },
    });
    let asked = 0;
    const given = async () => {
      asked += 1;
      return opaque;
    };
    const error = await fails(
      client([target('gemini')], { fetch: given }).generate(PROMPT),
      'unknown',
    );
    assert.match(error.message, /`baseUrl` redirects to where a page cannot know/);
    assert.equal(asked, 1);
    const own = createClient({ apiKey: KEY, fetch: given });
    const told = await fails(own.jobs.get('batches/a'), 'unknown');
    assert.match(told.message, /where a page cannot know/);
    assert.match(told.advice, /are for a server to read/);
  });

  it('is read by the classifier alone, too', () => {
    const info = classifyError({ status: 302, headers: { location: 'https://x.example/a?key=b' } });
    assert.deepEqual([info.kind, info.retry, info.status], ['unknown', 'never', 302]);
    assert.match(info.summary, /redirects to https:\/\/x\.example; nothing/);
    // Another status beside it counts.
    assert.equal(classifyError({ status: 503, headers: { location: 'x' } }).kind, 'overloaded');
  });
});

describe('jobs', () => {
  const jobs = (options: ClientOptions = {}) =>
    client([], {
      ...{ models: undefined, apiKey: KEY, baseUrl: home.url, headers: { 'x-private': 'yes' } },
      ...options,
    }).jobs;
  const row = `${JSON.stringify({ key: 'a', response: PICTURE })}\n`;
  const done = {
    name: 'batches/a',
    metadata: { state: 'BATCH_STATE_SUCCEEDED', output: { responsesFile: 'files/r' } },
    done: true,
    response: { responsesFile: 'files/r' },
  };

  it('get, list, create, cancel and delete are not led elsewhere', async () => {
    for (const [what, run] of Object.entries({
      get: () => jobs().get('batches/a'),
      list: async () => {
        for await (const _ of jobs().list()) assert.fail();
      },
      create: () => jobs().create([PROMPT]),
      cancel: () => jobs().cancel('batches/a'),
      delete: () => jobs().delete('batches/a'),
    })) {
      home.seen.length = 0;
      home.handle = leads(308, `${other.url}/secret-path`);
      const error = await fails(run() as Promise<unknown>, 'unknown');
      assert.deepEqual([home.seen.length, other.seen.length], [1, 0], what);
      assert.ok(error.message.includes(`redirects to ${other.url};`), `${what}: ${error.message}`);
      assert.doesNotMatch(JSON.stringify(error.cause), /secret-path/);
    }
  });

  /** Reads the results of a job whose download goes by this. */
  async function results(download: Handler): Promise<string[]> {
    home.handle = (seen, response) => {
      if (seen.path.includes(':download')) download(seen, response);
      else json(response, done);
    };
    const keys: string[] = [];
    for await (const { key, images } of jobs().results('batches/a')) {
      keys.push(`${key} ${images.length}`);
    }
    return keys;
  }

  it('a download is followed, without the key where the origin differs', async () => {
    other.handle = (_, response) => response.end(row);
    assert.deepEqual(await results(leads(302, `${other.url}/file`)), ['a 1']);
    const [{ headers, path }] = other.seen as [Seen];
    assert.equal(path, '/file');
    assert.equal(headers['x-goog-api-key'] ?? headers['x-private'], undefined);
  });

  it('a download is followed at its own address, with the key', async () => {
    const keys = await results((seen, response) => {
      if (seen.path.endsWith('&again')) response.end(row);
      else response.writeHead(307, { location: `${seen.path}&again` }).end();
    });
    assert.deepEqual(keys, ['a 1']);
    assert.equal(home.seen.at(-1)?.headers['x-goog-api-key'], KEY);
  });

  it('a download is not followed for ever', async () => {
    const error = await fails(
      results((seen, response) => response.writeHead(302, { location: `${seen.path}x` }).end()),
      'forbidden',
    );
    assert.match(error.message, /leads elsewhere/);
    assert.ok(home.seen.length < 12, `${home.seen.length}`);
  });

  it('a download is not led from https to http, nor into this machine', async () => {
    for (const location of ['http://cdn.example/r', 'https://127.0.0.1/r', 'https://[::1]/r']) {
      const asked: string[] = [];
      const own = jobs({
        baseUrl: 'https://service.example',
        fetch: async (input) => {
          asked.push(String(input));
          if (!String(input).includes(':download')) return Response.json(done);
          return new Response('', { status: 302, headers: { location } });
        },
      });
      const read = async () => {
        for await (const _ of own.results('batches/a')) assert.fail();
      };
      const error = await fails(read(), 'forbidden');
      assert.ok(error.message.includes(new URL(location).origin), error.message);
      assert.equal(asked.length, 2, 'it is not tried again');
    }
  });

  it('an upload goes nowhere without encryption, and nowhere into this machine', async () => {
    for (const session of ['http://up.example/s', 'https://10.0.0.1/s']) {
      const asked: string[] = [];
      const own = jobs({
        baseUrl: 'https://service.example',
        fetch: async (input) => {
          asked.push(String(input));
          return Response.json({}, { headers: { 'x-goog-upload-url': session } });
        },
      });
      const many = Array.from({ length: 11 }, (_, index) => `${PROMPT} ${index}`);
      await fails(own.create(many), 'forbidden');
      assert.ok(
        asked.every((url) => url.startsWith('https://service.example/')),
        asked.join(),
      );
    }
  });

  it('an answer is read up to `maxBodyBytes`', async () => {
    home.handle = (_, response) => json(response, { ...done, filler: 'x'.repeat(5_000) });
    const error = await fails(jobs({ maxBodyBytes: 4_000 }).get('batches/a'), 'too_large');
    assert.match(error.message, /larger than `maxBodyBytes` allows/);
    assert.equal((await jobs({ maxBodyBytes: 9_000 }).get('batches/a')).name, 'batches/a');
  });

  it('pictures are told by their bytes, whatever is said of them', async () => {
    for (const mimeType of [null, 5, undefined, 'application/octet-stream']) {
      const inlineData = { mimeType, data: PNG.toString('base64') };
      const response = { candidates: [{ content: { parts: [{ inlineData }] } }] };
      const text = `${JSON.stringify({ key: 'a', response })}\n`;
      assert.deepEqual(await results((_, answer) => answer.end(text)), ['a 1'], String(mimeType));
    }
  });
});

describe('a link in an answer', () => {
  const relay = (url: string, options: ClientOptions = {}, baseUrl = 'https://relay.example') => {
    const asked: [string, RequestInit | undefined][] = [];
    const own = client([{ ...target('openai-images', baseUrl) }], {
      retry: { maxAttempts: 1 },
      fetch: (input, init) => {
        asked.push([String(input), init]);
        if (String(input).startsWith(baseUrl)) {
          return Promise.resolve(Response.json({ data: [{ url }] }));
        }
        return fetch(input, init);
      },
      ...options,
    });
    return { own, asked };
  };

  it('may redirect, and is asked without key, headers or credentials', async () => {
    home.handle = (seen, response) => {
      if (seen.method === 'POST') json(response, { data: [{ url: `${home.url}/pic` }] });
      else leads(302, `${other.url}/pic`)(seen, response);
    };
    other.handle = (_, response) => response.end(PNG);
    const result = await client([target('openai-images')]).generate(PROMPT);
    assert.equal(result.images[0]?.mimeType, 'image/png');
    for (const { method, headers } of [...home.seen.slice(1), ...other.seen]) {
      assert.equal(method, 'GET');
      assert.equal(headers.authorization ?? headers['x-private'] ?? headers.cookie, undefined);
    }
    assert.equal(other.seen.length, 1);
  });

  const PRIVATE = [
    'http://127.0.0.1/a',
    'http://127.1/a',
    'http://2130706433/a',
    'http://0x7f000001/a',
    'http://0177.0.0.1/a',
    'http://0/a',
    'http://10.0.0.1/a',
    'http://172.16.5.4/a',
    'http://192.168.0.1/a',
    'http://100.64.0.1/a',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/a',
    'http://[::]/a',
    'http://[fe80::1]/a',
    'http://[fd12:3456::1]/a',
    'http://[::ffff:127.0.0.1]/a',
    'http://[::ffff:8.8.8.8]/a',
    'http://[64:ff9b::127.0.0.1]/a',
    'http://localhost/a',
    'http://LOCALHOST./a',
    'http://a.localhost/a',
    'http://１２７.0.0.1/a',
    'http://metadata.google.internal/a',
  ];
  for (const link of PRIVATE) {
    it(`to ${link} is not asked`, async () => {
      const { own, asked } = relay(link);
      const error = await fails(own.generate(PROMPT), 'no_image');
      assert.equal(asked.length, 1);
      assert.match(error.message, /an address of this machine or its network/);
    });
  }

  it('that redirects there is not followed', async () => {
    const asked: string[] = [];
    const { own } = relay('', {
      fetch: async (input) => {
        asked.push(String(input));
        if (asked.length === 1) return Response.json({ data: [{ url: 'https://cdn.example/a' }] });
        return new Response('', { status: 302, headers: { location: 'https://[::1]/a' } });
      },
    });
    await fails(own.generate(PROMPT), 'no_image');
    assert.deepEqual(asked.slice(1), ['https://cdn.example/a']);
  });

  it('may lead anywhere near where `baseUrl` is', async () => {
    other.handle = (_, response) => response.end(PNG);
    const { own } = relay(`${other.url}/a`, {}, 'http://192.168.7.7');
    assert.equal((await own.generate(PROMPT)).images.length, 1);
  });

  describe('whose name leads here', () => {
    // Of its names only one is of this machine, as a resolver under somebody's thumb may answer.
    function resolve(addresses: string[]): string[] {
      const looked: string[] = [];
      mock.method(dns, 'lookup', ((name: string, options: { all?: boolean }, done: never) => {
        looked.push(name);
        const found = addresses.map((address) => ({
          address,
          family: address.includes(':') ? 6 : 4,
        }));
        const call = done as (error: null, found: unknown, family?: number) => void;
        if (options.all) call(null, found);
        else call(null, found[0]?.address, found[0]?.family);
      }) as never);
      return looked;
    }

    /** A relay in the Internet, by a `fetch` of the process that answers for it alone. */
    function open(): Client {
      const real = globalThis.fetch;
      mock.method(globalThis, 'fetch', ((input: string, init?: RequestInit) => {
        if (!String(input).startsWith('https://relay.example')) return real(input, init);
        const url = `http://cdn.example:${other.port}/a`;
        return Promise.resolve(Response.json({ data: [{ url }] }));
      }) as never);
      return client([target('openai-images', 'https://relay.example')], {
        retry: { maxAttempts: 1 },
      });
    }

    for (const addresses of [
      ['127.0.0.1'],
      ['8.8.8.8', '127.0.0.1'],
      ['::1'],
      ['::ffff:127.0.0.1'],
    ]) {
      it(`${addresses}: no connection is made`, async () => {
        other.handle = (_, response) => response.end(PNG);
        const looked = resolve(addresses);
        const error = await fails(open().generate(PROMPT), 'no_image');
        assert.match(error.message, /an address of this machine or its network/);
        assert.deepEqual(looked, ['cdn.example']);
        assert.equal(other.seen.length, 0);
      });
    }

    it('is looked up as the user’s own agent does', async () => {
      const looked = resolve(['8.8.8.8']);
      const scope = globalThis as unknown as Record<symbol, object>;
      const before = scope[DISPATCHER] as object;
      const names: string[] = [];
      const lookup = (
        name: string,
        options: { all?: boolean },
        done: (...given: unknown[]) => void,
      ) => {
        names.push(name);
        if (options.all) done(null, [{ address: '127.0.0.1', family: 4 }]);
        else done(null, '127.0.0.1', 4);
      };
      const Agent = before.constructor as new (options: object) => object;
      scope[DISPATCHER] = new Agent({ connect: { lookup } });
      try {
        await fails(open().generate(PROMPT), 'no_image');
      } finally {
        scope[DISPATCHER] = before;
      }
      assert.deepEqual([names, looked], [['cdn.example'], []]);
    });

    it('a dispatcher of the user’s that is no agent stays in use as it is', async () => {
      other.handle = (_, response) => response.end(PNG);
      resolve(['127.0.0.1']);
      const scope = globalThis as unknown as Record<
        symbol,
        { dispatch(...given: unknown[]): boolean }
      >;
      const before = scope[DISPATCHER];
      let [made, used] = [0, 0];
      class ProxyAgent {
        constructor() {
          made += 1;
        }

        dispatch(...given: unknown[]): boolean {
          used += 1;
          return before?.dispatch(...given) ?? false;
        }
      }
      scope[DISPATCHER] = new ProxyAgent();
      try {
        assert.equal((await open().generate(PROMPT)).images.length, 1);
      } finally {
        scope[DISPATCHER] = before as never;
      }
      assert.deepEqual([made, used], [1, 1]);
    });
  });

  const BODIES: [string, string, string, boolean][] = [
    ['an SVG', 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>', false],
    ['an SVG as a PNG', 'image/png', '\n <svg xmlns="http://www.w3.org/2000/svg"/>', false],
    ['HTML', 'image/jpeg', '<!doctype html><p>Sign in', false],
    ['text', 'image/webp', 'not found', false],
    ['nothing', 'image/png', '', false],
    ['a GIF without a type', '', 'GIF89a\x01\x00', true],
    ['a WebP as text', 'text/plain', 'RIFF\x00\x00\x00\x00WEBPVP8 ', true],
    ['an AVIF', 'application/octet-stream', '\x00\x00\x00\x1cftypavif', true],
  ];
  for (const [what, mime, text, isPicture] of BODIES) {
    it(`to ${what} is ${isPicture ? 'one to a picture' : 'not'}`, async () => {
      home.handle = (seen, response) => {
        if (seen.method === 'POST') json(response, { data: [{ url: `${home.url}/pic` }] });
        else response.writeHead(200, { 'content-type': mime }).end(Buffer.from(text, 'latin1'));
      };
      const made = client([target('openai-images')], { retry: { maxAttempts: 1 } }).generate(
        PROMPT,
      );
      if (isPicture) assert.match((await made).images[0]?.mimeType ?? '', /^image\//);
      else await fails(made, 'no_image');
    });
  }
});

describe('a picture in an answer', () => {
  const inline = (inlineData: object) => ({
    candidates: [{ content: { parts: [{ inlineData }] } }],
  });
  const data = PNG.toString('base64');
  const ask = (body: unknown) => {
    home.handle = (_, response) => json(response, body);
    return client([target('gemini')], { retry: { maxAttempts: 1 } });
  };

  for (const mimeType of [null, 5, {}, undefined, 'text/plain', 'image/jpeg']) {
    it(`said to be ${JSON.stringify(mimeType)} is what its bytes are`, async () => {
      const own = ask(inline({ mimeType, data }));
      const result = await own.generate(PROMPT);
      assert.deepEqual(
        result.images.map((image) => [image.mimeType, image.data]),
        [['image/png', data]],
      );
      assert.equal((await own.generateWithRetry(PROMPT)).data, data);
    });
  }

  it('of a type that nobody knows is one, where it is said or nothing is', async () => {
    const [jxl] = (await ask(inline({ mimeType: 'image/jxl', data: '/wo=' })).generate(PROMPT))
      .images;
    assert.equal(jxl?.mimeType, 'image/jxl');
    const [none] = (await ask(inline({ mimeType: null, data: 'AAAA' })).generate(PROMPT)).images;
    assert.equal(none?.mimeType, 'application/octet-stream');
  });

  it('that is markup is none', async () => {
    for (const mimeType of ['image/svg+xml', 'image/png', null]) {
      const svg = Buffer.from('<svg/>').toString('base64');
      await fails(ask(inline({ mimeType, data: svg })).generate(PROMPT), 'no_image');
    }
  });
});

describe('a body', () => {
  const LIMIT = 100_000;
  const body = (size: number) => JSON.stringify({ ...PICTURE, filler: 'x'.repeat(size) });
  const ask = (handle: Handler, options: ClientOptions = {}) => {
    home.handle = handle;
    return client([target('gemini')], { maxBodyBytes: LIMIT, ...options }).generate(PROMPT);
  };
  const WAYS: [string, (text: string) => Handler][] = [
    [
      'of a length that is said',
      (text) => (_, response) => {
        response.writeHead(200, { 'content-length': text.length }).end(text);
      },
    ],
    [
      'in pieces',
      (text) => (_, response) => {
        response.writeHead(200);
        response.write(text.slice(0, 10));
        response.end(text.slice(10));
      },
    ],
    [
      'packed, with the length of the package',
      (text) => (_, response) => {
        const packed = gzipSync(text);
        const headers = { 'content-encoding': 'gzip', 'content-length': packed.length };
        response.writeHead(200, headers).end(packed);
      },
    ],
  ];
  for (const [name, way] of WAYS) {
    it(`${name} is read where it fits`, async () => {
      assert.equal((await ask(way(body(LIMIT / 2)))).images.length, 1);
      assert.equal((await ask(way(body(10)))).images.length, 1);
    });

    it(`${name} is too large beyond \`maxBodyBytes\`, and possibly billed`, async () => {
      const error = await fails(ask(way(body(LIMIT * 3))), 'too_large');
      assert.match(error.message, /larger than `maxBodyBytes` allows/);
      assert.equal(error.possibleCost, 0.134);
      assert.equal(home.seen.length, 1, 'it is not asked for again');
    });

    it(`${name} may be of any size with Infinity`, async () => {
      const result = await ask(way(body(LIMIT * 3)), { maxBodyBytes: Number.POSITIVE_INFINITY });
      assert.equal(result.images.length, 1);
    });
  }

  it('without end is left at the bound', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 10_000;
        controller.enqueue(new Uint8Array(10_000).fill(32));
      },
    });
    const work = client([target('gemini')], {
      maxBodyBytes: LIMIT,
      fetch: async () => new Response(endless),
    }).generate(PROMPT);
    await fails(work, 'too_large');
    assert.ok(sent <= LIMIT + 30_000, `${sent}`);
  });

  it('has 256 MiB by default', async () => {
    for (const [more, kind] of [
      [1, 'too_large'],
      [0, 'no_image'],
    ] as const) {
      const headers = { 'content-length': String(256 * 1024 * 1024 + more) };
      const fetch = async () => new Response('{}', { headers });
      const once = { retry: { maxAttempts: 1 } };
      await fails(client([target('gemini')], { fetch }).generate(PROMPT, once), kind);
    }
  });

  it('that is cut or no JSON is told as before', async () => {
    const asJson = { 'content-type': 'application/json' };
    const cut = ask((_, response) => response.writeHead(200, asJson).end('{"candidates":'));
    await fails(cut, 'network');
    await fails(
      ask((_, response) => response.writeHead(200).end('<html>')),
      'unknown',
    );
  });
});
