/** Files and jobs of the fake service, by Google's SDK, by the AI SDK, and by bare requests. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { ApiError, type BatchJob, GoogleGenAI } from '@google/genai';
import FakeTimers from '@sinonjs/fake-timers';
import {
  createEmulator,
  type EmulatorConfig,
  type EmulatorServer,
  startEmulator,
} from '../../pkg/emulator/index.js';
import { NOON, runThrough, TIMERS } from './support/clock.ts';

const MODEL = 'gemini-3-pro-image';
const BASE = 'https://generativelanguage.googleapis.com';
const HEADERS = { 'x-goog-api-key': 'test-key', 'content-type': 'application/json' };
/** Answers at once, on a clock that is right. */
const AT_ONCE: EmulatorConfig = { transit: 0, latency: 0, clockOffset: 0 };
/** A job that takes its usual time is done after it. */
const LONG_ENOUGH = 11 * 60_000;

const request = (prompt: string): object => ({
  contents: [{ parts: [{ text: prompt }] }],
  generationConfig: { responseModalities: ['IMAGE'] },
});

/** So many rows of an input file. */
function jsonl(count: number): string {
  const line = (n: number): string =>
    JSON.stringify({ key: `row-${n}`, request: request(`a paper boat, number ${n}`) });
  return Array.from({ length: count }, (_, n) => `${line(n)}\n`).join('');
}

interface Row {
  key?: string;
  response?: { candidates: { content: { parts: { inlineData?: { data: string } }[] } }[] };
  error?: { code: number; message: string };
}

/** The functions of the AI SDK that are used here. */
interface AiSdk {
  experimental_startBatch(options: object): Promise<{ status: string }>;
  experimental_getBatchStatus(options: object): Promise<{ status: string }>;
  experimental_getBatchResults(
    options: object,
  ): Promise<AsyncIterable<{ id: string; status: string; images?: { mediaType: string }[] }>>;
}

interface AiSdkGoogle {
  createGoogle(options: { apiKey: string; baseURL: string }): object;
}

function isPicture(row: Row): boolean {
  const data = row.response?.candidates[0]?.content.parts[0]?.inlineData?.data ?? '';
  return Buffer.from(data, 'base64').subarray(1, 4).toString() === 'PNG';
}

const rowsOf = (text: string): Row[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

describe('files and jobs over HTTP', () => {
  let server: EmulatorServer;
  let now: number;
  let folder: string;
  const start = async (config: EmulatorConfig = {}): Promise<void> => {
    server = await startEmulator({ ...AT_ONCE, ...config, now: () => now });
  };
  const get = (path: string): Promise<Response> => fetch(server.url + path, { headers: HEADERS });
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'unexhausted-batch-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  beforeEach(() => {
    now = NOON;
  });
  afterEach(() => server.close());

  for (const apiVersion of ['v1', 'v1beta']) {
    describe(`by @google/genai on ${apiVersion}`, () => {
      const sdk = (): GoogleGenAI =>
        new GoogleGenAI({ apiKey: 'test-key', httpOptions: { baseUrl: server.url, apiVersion } });
      const upload = async (ai: GoogleGenAI, content: string): Promise<string> => {
        const file = await ai.files.upload({
          file: new Blob([content]),
          config: { mimeType: 'application/jsonl', displayName: 'rows' },
        });
        return file.name ?? '';
      };

      it('uploads, gets, lists and deletes files', async () => {
        await start();
        const ai = sdk();
        // Of two pieces, since the SDK sends at most 8 MiB at a time.
        const large = 'x'.repeat(9 * 1024 * 1024);
        const path = join(folder, 'large.jsonl');
        await writeFile(path, large);
        const fromDisk = await ai.files.upload({ file: path, config: { mimeType: 'jsonl' } });
        assert.equal(fromDisk.sizeBytes, String(large.length));
        const named = await ai.files.upload({
          file: new Blob(['content']),
          config: { mimeType: 'text/plain', name: 'my-file' },
        });
        assert.deepEqual(
          [named.name, named.state, named.expirationTime],
          ['files/my-file', 'ACTIVE', '2026-11-26T12:00:00.000Z'],
        );
        assert.deepEqual(await ai.files.get({ name: 'files/my-file' }), named);
        await upload(ai, 'more');
        const sizes: (string | undefined)[] = [];
        for await (const file of await ai.files.list({ config: { pageSize: 2 } })) {
          sizes.push(file.sizeBytes);
        }
        assert.deepEqual(sizes, ['4', '7', String(large.length)]);
        await ai.files.delete({ name: 'my-file' });
        await assert.rejects(ai.files.get({ name: 'my-file' }), { status: 403 });
        const calls = server.emulator.ledger().requests.map((record) => record.call);
        assert.deepEqual(calls.slice(0, 3), ['startUpload', 'upload', 'upload']);
      });

      it('makes a job of a file and downloads its results', async () => {
        await start({ batch: { keyFaults: { 'row-1': '503' } } });
        const ai = sdk();
        const src = await upload(ai, jsonl(3));
        const made = await ai.batches.create({
          model: MODEL,
          src,
          config: { displayName: 'mine' },
        });
        assert.deepEqual(
          [made.state, made.displayName, made.model, made.dest],
          ['JOB_STATE_PENDING', 'mine', `models/${MODEL}`, undefined],
        );
        const name = made.name ?? '';
        now += 2 * 60_000;
        assert.equal((await ai.batches.get({ name })).state, 'JOB_STATE_RUNNING');
        now += LONG_ENOUGH;
        const done = await ai.batches.get({ name });
        assert.equal(done.state, 'JOB_STATE_SUCCEEDED');
        const file = done.dest?.fileName ?? '';
        const downloadPath = join(folder, `results-${apiVersion}.jsonl`);
        await ai.files.download({ file, downloadPath });
        const rows = rowsOf(await readFile(downloadPath, 'utf8'));
        assert.deepEqual(
          rows.map((row) => [row.key, isPicture(row), row.error?.code]),
          [
            ['row-0', true, undefined],
            ['row-1', false, 14],
            ['row-2', true, undefined],
          ],
        );
        const [job] = server.emulator.ledger().jobs;
        assert.deepEqual(
          job?.rows.map((row) => [row.key, row.outcome, row.billed > 0.06]),
          [
            ['row-0', 'served', true],
            ['row-1', 'failed', false],
            ['row-2', 'served', true],
          ],
        );
        assert.deepEqual([job?.billedRows, job?.state, job?.displayName], [2, 'succeeded', 'mine']);
        await assert.rejects(
          ai.files.download({ file: src, downloadPath: join(folder, 'never') }),
          (error: unknown) => error instanceof ApiError && error.status === 400,
        );
      });

      it('makes a job of rows in the request, lists, cancels and deletes', async () => {
        await start();
        const ai = sdk();
        const inline = (prompt: string): Promise<BatchJob> =>
          ai.batches.create({
            model: MODEL,
            src: [
              {
                contents: prompt,
                metadata: { key: 'one' },
                config: { responseModalities: ['IMAGE'], imageConfig: { imageSize: '2K' } },
              },
            ],
            config: { displayName: prompt },
          });
        const first = await inline('a boat');
        const second = await inline('a kite');
        now += 60_000;
        await ai.batches.cancel({ name: second.name ?? '' });
        now += LONG_ENOUGH;
        const done = await ai.batches.get({ name: first.name ?? '' });
        const [result] = done.dest?.inlinedResponses ?? [];
        assert.deepEqual(result?.metadata, { key: 'one' });
        assert.ok(isPicture(result as Row));
        const listed: (string | undefined)[][] = [];
        for await (const job of await ai.batches.list({ config: { pageSize: 1 } })) {
          listed.push([job.displayName, job.state]);
          assert.equal(job.dest, undefined);
        }
        assert.deepEqual(listed, [
          ['a kite', 'JOB_STATE_CANCELLED'],
          ['a boat', 'JOB_STATE_SUCCEEDED'],
        ]);
        await ai.batches.delete({ name: first.name ?? '' });
        await assert.rejects(ai.batches.get({ name: first.name ?? '' }), { status: 404 });
        const { jobs } = server.emulator.ledger();
        assert.deepEqual(
          jobs.map((job) => [job.deleted, job.billedRows]),
          [
            [true, 1],
            [false, 0],
          ],
        );
      });

      it('is refused as the service refuses', async () => {
        await start({ batch: { maxJobs: 1 } });
        const ai = sdk();
        const src = await upload(ai, jsonl(1));
        await ai.batches.create({ model: MODEL, src });
        await assert.rejects(ai.batches.create({ model: MODEL, src }), (error: unknown) => {
          assert.ok(error instanceof ApiError);
          const body = JSON.parse(error.message) as { error: object };
          assert.deepEqual(body.error, {
            code: 429,
            message: 'Resource has been exhausted (e.g. check quota).',
            status: 'RESOURCE_EXHAUSTED',
          });
          return true;
        });
        const imagen = { model: 'imagen-4.0-generate-001', src };
        await assert.rejects(ai.batches.create(imagen), { status: 404 });
      });
    });
  }

  it('streams the results of 10,000 rows, and stops for a reader that leaves', async () => {
    await start({ pictureSize: 1 });
    const ai = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: server.url } });
    const file = await ai.files.upload({
      file: new Blob([jsonl(10_000)]),
      config: { mimeType: 'jsonl' },
    });
    await ai.batches.create({ model: MODEL, src: file.name ?? '' });
    now += LONG_ENOUGH;
    const [job] = server.emulator.ledger().jobs;
    const path = `/download/v1beta/files/batch-${job?.name.slice(8)}:download?alt=media`;
    const response = await get(path);
    assert.equal(response.headers.get('content-length'), null);
    const rows = rowsOf(await response.text());
    assert.deepEqual([rows.length, rows.at(-1)?.key], [10_000, 'row-9999']);
    assert.equal(job?.billedRows, 10_000);
    const left = await get(path);
    const reader = left.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    assert.equal((await get('/v1beta/batches')).status, 200, 'it goes on');
  });

  it('cuts a download in the middle of a row', async () => {
    await start({ script: [{ fault: 'cut', call: 'downloadFile', fraction: 0.5 }] });
    const ai = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: server.url } });
    const file = await ai.files.upload({
      file: new Blob([jsonl(10)]),
      config: { mimeType: 'jsonl' },
    });
    await ai.batches.create({ model: MODEL, src: file.name ?? '' });
    now += LONG_ENOUGH;
    const [job] = server.emulator.ledger().jobs;
    const path = `/v1beta/files/batch-${job?.name.slice(8)}:download?alt=media`;
    const cut = await get(path);
    assert.equal(cut.status, 200);
    const read: Buffer[] = [];
    await assert.rejects(
      async () => {
        for await (const chunk of cut.body ?? []) read.push(Buffer.from(chunk));
      },
      { name: 'TypeError', message: 'terminated' },
    );
    const lines = Buffer.concat(read).toString().split('\n');
    assert.equal(lines.length, 6);
    assert.throws(() => JSON.parse(lines[5] ?? ''), SyntaxError);
    assert.equal(rowsOf(await (await get(path)).text()).length, 10, 'the next one is whole');
  });

  it('loses the answer to a creation, and makes the job all the same', async () => {
    await start({ script: [{ fault: 'reset', call: 'createBatch', applied: true }] });
    const ai = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: server.url } });
    const job = { model: MODEL, src: [{ contents: 'a boat' }], config: { displayName: 'once' } };
    await assert.rejects(ai.batches.create(job));
    const names: (string | undefined)[] = [];
    for await (const found of await ai.batches.list()) names.push(found.displayName);
    assert.deepEqual(names, ['once']);
  });

  it('is understood by the AI SDK, which sends what is large as a file', async () => {
    await start({ batch: { keyFaults: { 'item-1': '503' } } });
    // Under names that the compiler does not follow: the types of the two need `skipLibCheck`.
    const [ai, google] = ['ai', '@ai-sdk/google'];
    const {
      experimental_startBatch: startBatch,
      experimental_getBatchStatus: getBatchStatus,
      experimental_getBatchResults: getBatchResults,
    } = (await import(ai)) as AiSdk;
    const { createGoogle } = (await import(google)) as AiSdkGoogle;
    const provider = createGoogle({ apiKey: 'k', baseURL: `${server.url}/v1beta` });
    for (const padding of [0, 8_000_000]) {
      const prompt = `a boat ${'.'.repeat(padding)}`;
      const requests = [0, 1, 2].map((n) => ({
        id: `item-${n}`,
        type: 'image',
        model: MODEL,
        prompt: `${prompt}${n}`,
      }));
      const batch = await startBatch({ provider, requests });
      assert.equal(batch.status, 'pending');
      now += LONG_ENOUGH;
      const status = await getBatchStatus({ provider, batch });
      assert.equal(status.status, 'completed');
      const results: [string, string][] = [];
      for await (const item of await getBatchResults({ provider, batch })) {
        results.push([item.id, item.status]);
        const types = item.images?.map((image) => image.mediaType);
        assert.deepEqual(types, item.status === 'succeeded' ? ['image/png'] : undefined);
      }
      assert.deepEqual(results, [
        ['item-0', 'succeeded'],
        ['item-1', 'failed'],
        ['item-2', 'succeeded'],
      ]);
    }
    const uploads = server.emulator.ledger().requests.filter(({ call }) => call === 'upload');
    assert.equal(uploads.length, 1);
  });
});

describe('files and jobs by the fetch', () => {
  it('hands out upload addresses of the origin that was asked', async () => {
    const emulator = await createEmulator(AT_ONCE);
    after(() => emulator.close());
    const response = await emulator.fetch(`${BASE}/upload/v1beta/files`, {
      method: 'POST',
      headers: {
        ...HEADERS,
        'x-goog-upload-protocol': 'resumable',
        'x-goog-upload-command': 'start',
        'x-goog-upload-header-content-length': '3',
      },
      body: '{}',
    });
    const url = response.headers.get('x-goog-upload-url') ?? '';
    assert.equal(new URL(url).origin, BASE);
    const sent = await emulator.fetch(url, {
      method: 'POST',
      headers: { 'x-goog-upload-offset': '0', 'x-goog-upload-command': 'upload, finalize' },
      body: 'abc',
    });
    assert.equal(sent.headers.get('x-goog-upload-status'), 'final');
    assert.deepEqual(emulator.ledger().files, { count: 1, bytes: 3 });
  });

  it('keeps jobs in virtual time, and cannot read large results after a minute', async () => {
    const clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
    try {
      const emulator = await createEmulator({
        ...AT_ONCE,
        imageBytes: 30_000,
        batch: { unreadableBytes: 100_000, jobs: ['succeeds', 'stuckRunning'] },
      });
      const call = (path: string, init?: RequestInit): Promise<Response> =>
        runThrough(clock, emulator.fetch(`${BASE}/v1beta/${path}`, { headers: HEADERS, ...init }));
      const create = async (rows: number): Promise<string> => {
        const requests = Array.from({ length: rows }, () => ({ request: request('a boat') }));
        const body = JSON.stringify({ batch: { inputConfig: { requests: { requests } } } });
        const made = await call(`models/${MODEL}:batchGenerateContent`, { method: 'POST', body });
        return ((await made.json()) as { name: string }).name;
      };
      const large = await create(3);
      const stuck = await create(1);
      const small = await create(1);
      assert.equal(clock.countTimers(), 0, 'a job needs no timer');
      clock.tick(LONG_ENOUGH);
      const began = Date.now();
      assert.equal((await call(large)).status, 503);
      assert.equal(Date.now() - began, 60_000);
      assert.equal((await call(large)).status, 504);
      const readable = await call(small);
      const { response } = (await readable.json()) as {
        response: { inlinedResponses: { inlinedResponses: Row[] } };
      };
      assert.ok(response.inlinedResponses.inlinedResponses.every(isPicture));
      clock.tick(48 * 3_600_000);
      const expired = (await (await call(stuck)).json()) as { metadata: { state: string } };
      assert.equal(expired.metadata.state, 'BATCH_STATE_EXPIRED');
      assert.deepEqual(
        emulator.ledger().jobs.map((job) => [job.state, job.billedRows]),
        [
          ['succeeded', 3],
          ['expired', 0],
          ['succeeded', 1],
        ],
      );
      emulator.close();
    } finally {
      clock.uninstall();
    }
  });

  it('makes a row only when it is read', async () => {
    const emulator = await createEmulator({
      ...AT_ONCE,
      imageBytes: 20_000_000,
      batch: { pending: 0, running: 0 },
      script: [{ fault: 'cut', call: 'downloadFile', fraction: 0 }],
    });
    after(() => emulator.close());
    const ai = new GoogleGenAI({
      apiKey: 'k',
      httpOptions: { fetch: emulator.fetch, baseUrl: BASE },
    });
    const file = await ai.files.upload({
      file: new Blob([jsonl(1_000)]),
      config: { mimeType: 'jsonl' },
    });
    const job = await ai.batches.create({ model: MODEL, src: file.name ?? '' });
    const path = `${BASE}/v1beta/files/batch-${job.name?.slice(8)}:download?alt=media`;
    const cut = await emulator.fetch(path, { headers: HEADERS });
    await assert.rejects(cut.text(), { name: 'TypeError', message: 'terminated' });
    // All of it would be 27 GB.
    const reader = (await emulator.fetch(path, { headers: HEADERS })).body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    assert.ok((value?.length ?? 0) > 0);
    await reader?.cancel();
    const controller = new AbortController();
    const { signal } = controller;
    const left = (await emulator.fetch(path, { headers: HEADERS, signal })).body?.getReader();
    await left?.read();
    controller.abort(new Error('enough'));
    await assert.rejects(async () => left?.read(), /enough/);
  });

  it('refuses what it does not know', async () => {
    for (const [options, message] of [
      [{ batch: { max: 1 } }, /unknown field `max`, expected one of `pending`/],
      [{ batch: { jobs: ['lost'] } }, /unknown variant `lost`/],
      [{ batch: { rowFaults: [{ fault: '503', times: 2 }] } }, /batch: times/],
      [{ files: { bytes: 1 } }, /unknown field `bytes`/],
      [{ script: [{ fault: '503', call: 'batches' }] }, /no call batches; known: .*createBatch/],
    ] as [object, RegExp][]) {
      await assert.rejects(createEmulator(options as EmulatorConfig), message);
    }
  });
});
