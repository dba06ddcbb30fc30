/** The fake service from JavaScript: behind HTTP, and as a `fetch` in this process. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { inflateSync } from 'node:zlib';
import FakeTimers from '@sinonjs/fake-timers';
import {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
  type EmulatorServer,
  type FaultName,
  type Ledger,
  startEmulator,
} from '../../pkg/emulator/index.js';

const MODEL = 'gemini-3-pro-image';
const PATH = `/v1beta/models/${MODEL}:generateContent`;
const BASE = 'https://generativelanguage.googleapis.com';
/** Answers at once, on a clock that is right. */
const AT_ONCE: EmulatorOptions = { transit: 0, latency: 0, clockOffset: 0 };
/** The timers that are faked: with micro-tasks faked too, Node cannot read any response. */
const TIMERS: FakeTimers.FakeMethod[] = ['setTimeout', 'clearTimeout', 'Date', 'performance'];
/** 2026-11-24 12:00:00 UTC. */
const NOON = 1_795_521_600_000;

function post(prompt = 'a paper boat', init: RequestInit = {}): RequestInit {
  const body = JSON.stringify({
    contents: [{ parts: [{ text: prompt }] }],
    generationConfig: { responseModalities: ['IMAGE'] },
  });
  const headers = { 'content-type': 'application/json', 'x-goog-api-key': 'test-key' };
  return { method: 'POST', headers, body, ...init };
}

interface Answer {
  candidates: { content: { parts: { text?: string; inlineData?: { data: string } }[] } }[];
  usageMetadata: { totalTokenCount: number };
}

interface Failure {
  error: { code: number; message: string; status: string };
}

/** The last picture of an answer. */
function picture(answer: Answer): Buffer {
  const part = answer.candidates[0]?.content.parts.at(-1);
  return Buffer.from(part?.inlineData?.data ?? '', 'base64');
}

/** Width and height of a PNG whose pixels inflate to what these promise. */
function sizeOf(png: Buffer): [number, number] {
  assert.equal(png.subarray(1, 4).toString(), 'PNG');
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const at = png.indexOf('IDAT');
  const pixels = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  assert.equal(pixels.length, height * (width * 3 + 1));
  return [width, height];
}

describe('the server', () => {
  let server: EmulatorServer;
  const ask = (prompt?: string, init?: RequestInit): Promise<Response> =>
    fetch(server.url + PATH, post(prompt, init));

  beforeEach(async () => {
    server = await startEmulator(AT_ONCE);
  });
  afterEach(() => server.close());

  it('answers with a picture made from the prompt', async () => {
    const response = await ask();
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json; charset=UTF-8');
    const answer = (await response.json()) as Answer;
    assert.deepEqual(sizeOf(picture(answer)), [64, 64]);
    assert.ok(answer.usageMetadata.totalTokenCount > 1_120);
    const other = (await (await ask('a paper goat')).json()) as Answer;
    assert.notDeepEqual(picture(other), picture(answer));
    const { totals } = server.emulator.ledger();
    assert.deepEqual([totals.requests, totals.served, totals.images], [2, 2, 2]);
    assert.ok(totals.billed > 0.26);
  });

  it('sends 24 MiB whole', async () => {
    server.emulator.script({ fault: 'ok', imageBytes: 25_165_824 });
    const png = picture((await (await ask()).json()) as Answer);
    assert.equal(png.length, 25_165_824);
    assert.deepEqual(sizeOf(png)[0], 2048);
  });

  it('resets the connection', async () => {
    server.emulator.script('reset');
    await assert.rejects(ask(), (error: Error & { cause?: { code?: string } }) => {
      assert.equal(error.message, 'fetch failed');
      assert.equal(error.cause?.code, 'ECONNRESET');
      return true;
    });
    assert.equal((await ask()).status, 200, 'the next one is served');
  });

  it('cuts the body', async () => {
    server.emulator.script({ fault: 'cut', fraction: 0.5 });
    const response = await ask();
    assert.equal(response.status, 200);
    await assert.rejects(response.text(), { name: 'TypeError', message: 'terminated' });

    server.emulator.script({ fault: 'cut', fraction: 0.5 });
    const bytes = await rawBody(server, post().body as string);
    assert.equal(bytes.received, Math.floor(bytes.promised / 2));
  });

  it('hangs until the caller gives up, and forgets it then', async () => {
    server.emulator.script('hang');
    const controller = new AbortController();
    const pending = ask('a paper boat', { signal: controller.signal });
    await until(() => server.emulator.ledger().totals.inFlight === 1);
    controller.abort(new Error('enough'));
    await assert.rejects(pending, /enough/);
    await until(() => server.emulator.ledger().totals.hung === 1);
    const record = server.emulator.ledger().requests[0];
    assert.equal(record?.outcome, 'hung');
    assert.equal(record?.disconnected, true);
  });

  it('works on for a caller that is gone, and bills it', async () => {
    server.emulator.configure({ latency: 40 });
    const controller = new AbortController();
    const pending = ask('a paper boat', { signal: controller.signal });
    await until(() => server.emulator.ledger().totals.inFlight === 1);
    controller.abort();
    await assert.rejects(pending, { name: 'AbortError' });
    await until(() => server.emulator.ledger().totals.served === 1);
    const record = server.emulator.ledger().requests[0];
    assert.ok(record?.disconnected && record.billed > 0.13);
  });

  it('lets a page in as the service does', async () => {
    const preflight = (headers: string): Promise<Response> =>
      fetch(server.url + PATH, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://page.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': headers,
        },
      });
    const allowed = await preflight('content-type,x-goog-api-key');
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://page.example');
    const refused = await preflight('content-type,x-server-timeout');
    assert.equal(refused.status, 403);
    assert.equal(refused.headers.get('access-control-allow-origin'), null);
    server.emulator.script('429-detailed');
    const headers = { 'x-goog-api-key': 'test-key', origin: 'https://page.example' };
    const limited = await ask('a boat', { headers });
    assert.equal(limited.status, 429);
    assert.equal(limited.headers.get('access-control-allow-origin'), 'https://page.example');
  });

  it('is scripted, configured, read and reset over HTTP', async () => {
    const admin = async (path: string, body?: unknown): Promise<[number, unknown]> => {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const response = await fetch(`${server.url}/__admin/${path}`, init);
      return [response.status, await response.json()];
    };
    assert.deepEqual(await admin('health'), [200, { ok: true }]);
    assert.deepEqual(await admin('script', ['503', { fault: '429-bare', times: 2 }]), [
      200,
      { ok: true },
    ]);
    const statuses = [];
    for (let i = 0; i < 4; i += 1) statuses.push((await ask()).status);
    assert.deepEqual(statuses, [503, 429, 429, 200]);
    assert.equal((await admin('config', { limits: { '*': { rpm: 0 } } }))[0], 200);
    const refused = (await (await ask()).json()) as Failure;
    assert.match(refused.error.message, /limit: 0/);
    const [, ledger] = (await admin('ledger')) as [number, Ledger];
    assert.equal(ledger.totals.requests, 5);
    assert.deepEqual(
      ledger.requests.map((record) => record.fault),
      ['503', '429-bare', '429-bare', null, 'limit:rpm'],
    );
    assert.equal((await admin('reset', {}))[0], 200);
    assert.equal(((await admin('ledger'))[1] as Ledger).totals.requests, 0);

    const [status, wrong] = (await admin('config', { rpm: 5 })) as [number, Failure];
    assert.equal(status, 400);
    assert.match(wrong.error.message, /unknown field `rpm`.*`limits`/);
    assert.equal((await admin('script', '503x'))[0], 400);
    assert.equal((await admin('nothing'))[0], 404);
  });

  it('lets no web page administer it', async () => {
    const admin = (path: string, origin: string, method: string): Promise<Response> => {
      const body = method === 'POST' ? JSON.stringify('503') : null;
      return fetch(`${server.url}/__admin/${path}`, { method, body, headers: { origin } });
    };
    for (const origin of ['https://page.example', server.url, 'null']) {
      for (const [method, path] of [
        ['GET', 'ledger'],
        ['POST', 'script'],
        ['POST', 'reset'],
        ['OPTIONS', 'config'],
      ] as const) {
        const response = await admin(path, origin, method);
        assert.equal(response.status, 403, `${method} ${path} from ${origin}`);
        assert.equal(response.headers.get('access-control-allow-origin'), null);
        const { error } = (await response.json()) as Failure;
        assert.match(error.message, /not for web pages/);
      }
    }
    assert.equal((await ask()).status, 200, 'nothing was scripted');
    const books = await fetch(`${server.url}/__admin/ledger`);
    assert.equal(books.headers.get('access-control-allow-origin'), null);
    assert.equal(((await books.json()) as Ledger).totals.served, 1, 'nothing was reset');
  });

  it('ends everything on close, what hangs included', async () => {
    server.emulator.script('hang');
    const pending = ask();
    await until(() => server.emulator.ledger().totals.inFlight === 1);
    await Promise.all([assert.rejects(pending), server.close()]);
    const socket = connect(server.port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  });

  it('refuses a port that is taken and an option that is unknown', async () => {
    await assert.rejects(startEmulator({ port: server.port }), { code: 'EADDRINUSE' });
    const wrong = { ports: 1 } as EmulatorOptions;
    await assert.rejects(startEmulator(wrong), /unknown field `ports`, expected one of `seed`/);
  });

  it('runs as much faster as it is told', async () => {
    const fast = await startEmulator({ ...AT_ONCE, latency: 12_000, timeScale: 1_000 });
    after(() => fast.close());
    const response = await fetch(fast.url + PATH, post());
    assert.equal(response.status, 200);
    const record = fast.emulator.ledger().requests[0];
    assert.equal((record?.finished ?? 0) - (record?.arrived ?? 0), 12_000);
  });
});

describe('the fetch', () => {
  let emulator: Emulator;
  const ask = (init?: RequestInit): Promise<Response> =>
    emulator.fetch(BASE + PATH, post(undefined, init));
  const make = async (options: EmulatorOptions = {}): Promise<void> => {
    emulator = await createEmulator({ ...AT_ONCE, ...options });
  };
  afterEach(() => emulator.close());

  it('answers with real responses, whatever the form of the request', async () => {
    await make();
    const body = JSON.stringify({ contents: [{ parts: [{ text: 'a kite' }] }] });
    const url = BASE + PATH;
    const headers = { 'x-goog-api-key': 'test-key' };
    const forms: [RequestInfo | URL, RequestInit?][] = [
      [url, { method: 'POST', headers, body }],
      [new URL(url), { method: 'POST', headers, body: new TextEncoder().encode(body) }],
      [url, { method: 'POST', headers: new Headers(headers), body: new Blob([body]) }],
      [new Request(url, { method: 'POST', headers, body })],
    ];
    const hashes = new Set<string>();
    for (const [input, init] of forms) {
      const response = await emulator.fetch(input, init);
      assert.ok(response instanceof Response);
      assert.deepEqual([response.status, response.statusText, response.url], [200, 'OK', url]);
      const png = picture((await response.json()) as Answer);
      hashes.add(createHash('sha256').update(png).digest('hex'));
    }
    assert.equal(hashes.size, 1, 'one prompt, one picture');
    const list = await emulator.fetch(`${BASE}/v1beta/models`, { headers });
    const { models } = (await list.json()) as { models: { name: string }[] };
    assert.ok(models.some((model) => model.name === `models/${MODEL}`));
  });

  it('fails as the fetch of the host does', async () => {
    await make({ script: ['reset', 'cut'] });
    await assert.rejects(ask(), (error: Error & { cause?: { code?: string } }) => {
      assert.ok(error instanceof TypeError);
      assert.equal(error.cause?.code, 'ECONNRESET');
      return true;
    });
    const cut = await ask();
    assert.ok(Number(cut.headers.get('content-length')) > 1_000);
    await assert.rejects(cut.json(), { name: 'TypeError', message: 'terminated' });
  });

  it('honours a signal before, during and after', async () => {
    await make({ script: ['hang'] });
    const before = AbortSignal.abort(new Error('never mind'));
    await assert.rejects(ask({ signal: before }), /never mind/);
    assert.equal(emulator.ledger().totals.requests, 0, 'it was never sent');
    const controller = new AbortController();
    const pending = ask({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await assert.rejects(pending, /enough/);
    assert.equal(emulator.ledger().totals.hung, 1);
    const late = new AbortController();
    const response = await ask({ signal: late.signal });
    late.abort();
    assert.equal(response.status, 200);
  });

  it('knows every fault by the name that its type has', async () => {
    const names: Record<FaultName, number | 'lost'> = {
      ok: 200,
      '429-detailed': 429,
      '429-bare': 429,
      '429-empty': 429,
      '429-gateway': 429,
      '429-day': 429,
      '429-limit-zero': 429,
      '429-spend': 429,
      '429-monthly-cap': 429,
      '429-several': 429,
      '429-prepaid': 429,
      '402': 402,
      '503': 503,
      '503-high-demand': 503,
      '503-deadline': 503,
      '503-array': 503,
      '500': 500,
      '502': 502,
      '504': 504,
      '408': 408,
      '499': 499,
      reset: 'lost',
      hang: 'lost',
      cut: 200,
      html: 200,
      blocked: 200,
      'image-safety': 200,
      'no-image': 200,
      'text-only': 200,
      empty: 200,
      'dead-link': 200,
      'html-link': 200,
      thoughts: 200,
      retired: 404,
      'model-not-found': 404,
      'bad-key': 400,
      'no-key': 403,
      'leaked-key': 403,
      'service-disabled': 403,
      region: 400,
      '400': 400,
      '413': 413,
      status: 418,
    };
    await make();
    for (const [name, expected] of Object.entries(names)) {
      const fault = name as FaultName;
      emulator.script(
        fault === 'status' ? { fault, status: 418 } : fault === '504' ? { fault, after: 0 } : fault,
      );
      const signal = AbortSignal.timeout(20);
      const got = await ask({ signal }).then(
        (response) => response.status,
        () => 'lost',
      );
      assert.equal(got, expected, name);
    }
    assert.throws(
      () => emulator.script('bogus' as FaultName),
      (error: Error) => {
        const known = [...error.message.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
        assert.deepEqual(known.slice(1).sort(), Object.keys(names).sort());
        return true;
      },
    );
  });

  it('runs on fake timers', async () => {
    const clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
    try {
      await make({ transit: 100, latency: 30_000, limits: { '*': { rpm: 1 } } });
      let status = 0;
      const served = ask().then((response) => {
        status = response.status;
      });
      await clock.tickAsync(30_099);
      assert.equal(status, 0);
      const limited = ask();
      await clock.tickAsync(1);
      await served;
      assert.equal(status, 200);
      await clock.tickAsync(99);
      const { error } = (await (await limited).json()) as Failure;
      assert.match(error.message, /Please retry in 29\.80\d+s\.$/);
      const [first] = emulator.ledger().requests;
      assert.deepEqual(
        [first?.sent, first?.arrived, first?.finished],
        [NOON, NOON + 100, NOON + 30_100],
      );
      assert.equal(clock.countTimers(), 0, 'no timer is left');
    } finally {
      clock.uninstall();
    }
  });

  it('keeps to a clock that is given to it', async () => {
    let now = NOON;
    await make({ limits: { '*': { rpm: 1 } }, now: () => now });
    const statuses = [(await ask()).status, (await ask()).status];
    now += 60_000;
    statuses.push((await ask()).status);
    assert.deepEqual(statuses, [200, 429, 200]);
  });

  it('gives the same seed the same trace as the native service', async () => {
    // The numbers of `a_trace_that_is_written_down` in crates/emulator/tests/trace.rs.
    const clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
    try {
      emulator = await createEmulator({ seed: 7 });
      const pending = ask();
      await clock.runAllAsync();
      assert.equal((await pending).status, 200);
      const { clockOffset, requests } = emulator.ledger();
      const [record] = requests;
      assert.deepEqual(
        [clockOffset, record?.arrived, record?.finished, record?.outputTokens],
        GOLDEN,
      );
    } finally {
      clock.uninstall();
    }
  });

  it('answers many at once', async () => {
    const clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
    try {
      await make({ latency: 1_000, transit: [0, 400], pictureSize: 1 });
      const all = Promise.all(Array.from({ length: 500 }, () => ask()));
      await clock.runAllAsync();
      assert.ok((await all).every((response) => response.status === 200));
      const { totals } = emulator.ledger();
      assert.deepEqual([totals.served, totals.maxInFlight, totals.inFlight], [500, 500, 0]);
    } finally {
      clock.uninstall();
    }
  });

  it('ends who waits on close', async () => {
    await make({ script: ['hang'] });
    const pending = ask();
    emulator.close();
    await assert.rejects(pending, TypeError);
    await assert.rejects(ask(), TypeError);
  });
});

const GOLDEN = [17, NOON + 140, NOON + 13_815, 1_512];

/** Waits for something that other sockets make true. */
async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 5_000;
  while (!holds()) {
    assert.ok(Date.now() < end, 'it never came true');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** How much of a body was promised and how much came. */
async function rawBody(
  server: EmulatorServer,
  body: string,
): Promise<{ promised: number; received: number }> {
  const sent = httpRequest(server.url + PATH, {
    method: 'POST',
    headers: { 'x-goog-api-key': 'test-key', 'content-length': Buffer.byteLength(body) },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  let received = 0;
  response.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  await once(response, 'error');
  return { promised: Number(response.headers['content-length']), received };
}
