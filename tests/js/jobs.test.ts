/** `client.jobs` against a small service of its own: what goes wrong, and what comes of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import {
  type Client,
  type ClientOptions,
  createClient,
  type GenerateError,
  type Job,
  type JobRow,
} from '../../pkg/index.js';
import { NOON, runOverDisk, TIMERS } from './support/clock.ts';
import { errorOf } from './support/failing.ts';
import { cut, FakeJobs, full, type Hook, lines, picture, refusal } from './support/fake-jobs.ts';
import { KEY, many, PRO } from './support/scene.ts';

const HOUR = 3_600_000;
const prompts = (count: number): string[] => many(count, (index) => `a paper boat number ${index}`);

// A temporary folder of its own, to see that nothing is left there.
const folder = mkdtempSync(join(tmpdir(), 'unexhausted-jobs-'));
process.env['TMPDIR'] = folder;
after(() => rmSync(folder, { recursive: true, force: true }));

let clock: FakeTimers.Clock;
let service: FakeJobs;
let client: Client;

function open(options: ClientOptions = {}): Client {
  return createClient({ apiKey: KEY, models: [PRO], fetch: service.fetch, ...options });
}

const run = <T>(work: Promise<T>): Promise<T> => runOverDisk(clock, work);

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of source) found.push(item);
  return found;
}

async function fails(work: Promise<unknown>): Promise<GenerateError> {
  const error = await run(errorOf(work));
  assert.doesNotMatch(`${error.message} ${error.stack} ${JSON.stringify(error)}`, /nobody/);
  return error;
}

/** Creates one job, and gives it. */
async function created(count: number, own = client): Promise<Job> {
  const [job, ...rest] = await run(own.jobs.create(prompts(count)));
  assert.ok(job !== undefined && rest.length === 0);
  return job;
}

beforeEach(() => {
  clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
  service = new FakeJobs();
  client = open();
});

afterEach(() => {
  client.close();
  clock.uninstall();
  assert.deepEqual(readdirSync(folder), [], 'temporary files are deleted');
});

describe('create', () => {
  it('sends few requests inside, as `generate` would write them', async () => {
    const keys: string[] = [];
    const [job] = await run(
      client.jobs.create(['a paper boat', { key: 'own', request: { contents: 'a kite' } }], {
        onCreating: ({ keys: told }) => void keys.push(...told),
      }),
    );
    assert.equal(job?.state, 'pending');
    assert.equal(job.model, PRO);
    assert.match(job.displayName, /^unexhausted-[0-9a-f]{12}-1$/);
    assert.equal(service.asked('POST files').length, 0);
    const [create] = service.asked(`POST models/${PRO}:batchGenerateContent`);
    assert.equal(create?.headers.get('x-goog-api-key'), KEY);
    assert.deepEqual(service.jobs[0]?.rows, [
      {
        key: keys[0],
        request: {
          contents: [{ role: 'user', parts: [{ text: 'a paper boat' }] }],
          generationConfig: { responseModalities: ['IMAGE'], imageConfig: { imageSize: '1K' } },
        },
      },
      { key: 'own', request: { contents: [{ role: 'user', parts: [{ text: 'a kite' }] }] } },
    ]);
    assert.match(keys[0] ?? '', /^[0-9a-f]{32}$/);
    assert.equal(keys[1], 'own');
  });

  it('uploads many as a file, and tells before and after', async () => {
    const told: string[] = [];
    const jobs = await run(
      client.jobs.create(prompts(12), {
        displayName: 'nightly',
        onCreating: ({ displayName, keys }) => {
          assert.equal(service.jobs.length, 0);
          told.push(`${displayName} ${keys.length}`);
        },
        onCreated: (job, keys) => void told.push(`${job.displayName} ${keys.length}`),
      }),
    );
    assert.equal(jobs.length, 1);
    assert.match(told[0] ?? '', /^nightly-[0-9a-f]{12}-1 12$/);
    assert.deepEqual(told, [told[0], told[0]]);
    assert.equal(service.jobs[0]?.rows.length, 12);
    assert.match(service.jobs[0]?.inputFile ?? '', /^files\/unexhausted-[0-9a-f]{16}$/);
    const [start] = service.asked('POST files');
    const size = Buffer.byteLength(service.files.get(service.jobs[0]?.inputFile ?? '') ?? '');
    assert.equal(start?.headers.get('x-goog-upload-header-content-length'), String(size));
  });

  it('gives equal requests keys of their own, and refuses a key that comes twice', async () => {
    const [job] = await run(client.jobs.create(['a kite', 'a kite', 'a kite']));
    assert.ok(job);
    const [first = '', ...rest] = service.jobs[0]?.rows.map(({ key }) => key) ?? [];
    assert.deepEqual(rest, [`${first}#2`, `${first}#3`]);
    const twice = many(2, () => ({ key: 'a', request: 'a kite' }));
    await assert.rejects(run(client.jobs.create(twice)), /two requests have the key "a"/);
  });

  it('makes a job a model, and several where the tokens are too many', async () => {
    const long = 'word '.repeat(200_000);
    const own = many(5, (index) => `${index} ${long}`);
    const jobs = await run(
      client.jobs.create([...own, { model: 'gemini-2.5-flash-image', contents: 'a kite' }]),
    );
    assert.deepEqual(
      service.jobs.map(({ model, rows }) => [model, rows.length]),
      [
        [`models/${PRO}`, 3],
        [`models/${PRO}`, 2],
        ['models/gemini-2.5-flash-image', 1],
      ],
    );
    assert.deepEqual(
      jobs.map(({ displayName }) => displayName.slice(-2)),
      ['-1', '-2', '-3'],
    );
  });

  it('takes a stream', async () => {
    async function* stream(): AsyncGenerator<string> {
      yield* prompts(3);
    }
    await run(client.jobs.create(stream()));
    assert.equal(service.jobs[0]?.rows.length, 3);
  });

  it('refuses what can have no job, before any request', async () => {
    const refused: [ClientOptions, unknown, RegExp, object?][] = [
      [{}, 'a kite', /needs a list or a stream/],
      [{}, [], /there are no requests/],
      [
        {},
        ['a kite'],
        /unknown option `name`; the known ones are model, displayName/,
        { name: 'a' },
      ],
      [{}, ['a kite'], /option `model` must be the id of a model/, { model: 3 }],
      [{}, ['  '], /the prompt is empty/],
      [{}, [{ key: '', request: 'a kite' }], /`key` must be a text/],
      [
        { models: ['imagen-4.0-generate-001'] },
        ['a kite'],
        /`imagen-4.0-generate-001` has no jobs/,
      ],
      [
        {},
        ['a kite'],
        /`imagen-4.0-fast-generate-001` has no jobs/,
        { model: 'imagen-4.0-fast-generate-001' },
      ],
      [
        {
          models: [
            {
              model: 'gpt-image',
              protocol: 'openai-images',
              baseUrl: 'https://a.example/v1',
              apiKey: 'k-of-another',
            },
          ],
        },
        ['a kite'],
        /`gpt-image` has no jobs.*protocol `gemini`/,
      ],
      [
        { models: ['gemini-3.1-flash-lite-image'] },
        [{ contents: 'a kite', config: { imageConfig: { imageSize: '4K' } } }],
        /cannot do the size/,
      ],
      [
        {},
        [{ contents: 'a kite', config: { httpOptions: { baseUrl: 'https://a.example' } } }],
        /leave them out of `config.httpOptions`/,
      ],
    ];
    for (const [options, requests, message, call] of refused) {
      const own = open(options);
      const work = run(own.jobs.create(requests as string[], call as never));
      await assert.rejects(work, (error: unknown) => {
        assert.ok(error instanceof TypeError, String(error));
        assert.match(error.message, message);
        return true;
      });
      own.close();
    }
    assert.equal(service.seen.length, 0);
  });

  it('waits for room at growing intervals, and tells', async () => {
    let refusals = 3;
    service.before = ({ path }) => {
      if (!path.includes(':batch') || refusals === 0) return undefined;
      refusals -= 1;
      return full();
    };
    const waits: number[] = [];
    const reasons: string[] = [];
    const jobs = await run(
      client.jobs.create(prompts(2), {
        onWaiting: ({ reason, retryAt }) => {
          waits.push(retryAt.getTime() - Date.now());
          reasons.push(reason);
        },
      }),
    );
    assert.equal(jobs.length, 1);
    assert.equal(waits.length, 3);
    for (const [index, floor] of [30_000, 60_000, 120_000].entries()) {
      const wait = waits[index] ?? 0;
      assert.ok(wait >= floor && wait <= floor * 1.11, `${wait}`);
    }
    assert.match(reasons[0] ?? '', /no room: 100 jobs/);
    // A job that was certainly refused is not looked for.
    assert.equal(service.asked('GET batches').length, 0);
  });

  it('is ended by its signal while it waits for room', async () => {
    service.before = ({ path }) => (path.includes(':batch') ? full() : undefined);
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = client.jobs.create(prompts(12), {
      signal: controller.signal,
      onWaiting: () => void setTimeout(() => controller.abort(reason), 1_000),
    });
    await assert.rejects(run(work), (error) => error === reason);
    assert.equal(service.jobs.length, 0);
  });

  it('finds a job whose answer was lost, and makes no second one', async () => {
    service.page = 1;
    const others = open();
    await created(1, others);
    await created(1, others);
    others.close();
    let lost = 0;
    let listed = 0;
    service.after = ({ path }) => {
      if (path.includes(':batch') && lost === 0) {
        lost += 1;
        return cut();
      }
      // The list lags behind.
      if (path.startsWith('batches?') && listed < 2) {
        listed += 1;
        return Response.json({});
      }
      return undefined;
    };
    const job = await created(2);
    assert.equal(job.name, 'batches/b3');
    assert.equal(service.jobs.length, 3);
    assert.ok(service.asked('GET batches?').length > 3);
  });

  it('creates again where the answer was lost and there is no job', async () => {
    let lost = 0;
    service.before = ({ path }) => {
      if (!path.includes(':batch')) return undefined;
      lost += 1;
      if (lost === 1) return refusal(503, 'UNAVAILABLE', 'The service is currently unavailable.');
      return lost === 2 ? new Response('<html>') : undefined;
    };
    await created(12);
    assert.equal(service.jobs.length, 1);
    assert.equal(service.asked('GET batches?').length, 8);
    assert.equal(service.asked('POST files').length, 1);
  });

  it('finds a job whose answer never came', async () => {
    let hung = 0;
    service.after = ({ path }) => {
      if (!path.includes(':batch') || hung > 0) return undefined;
      hung += 1;
      return new Promise(() => {});
    };
    const job = await created(2);
    assert.equal(job.name, 'batches/b1');
    assert.equal(service.jobs.length, 1);
  });

  it('finds a job that turns up late, while it waits for room', async () => {
    let creates = 0;
    let lists = 0;
    service.before = ({ path }) => {
      if (path.startsWith('batches?')) {
        lists += 1;
        return lists <= 4 ? Response.json({}) : undefined;
      }
      if (!path.includes(':batch')) return undefined;
      creates += 1;
      return creates > 1 ? full() : undefined;
    };
    service.after = ({ path }) => (path.includes(':batch') && creates === 1 ? cut() : undefined);
    const job = await created(12);
    assert.deepEqual([job.name, creates, service.jobs.length], ['batches/b1', 2, 1]);
  });

  it('gives up in the end, looks once more, and keeps the file', async () => {
    service.before = ({ path }) => (path.includes(':batch') ? cut() : undefined);
    const error = await fails(client.jobs.create(prompts(12)));
    assert.equal(error.kind, 'network');
    assert.equal(service.asked('POST models/').length, 5);
    assert.equal(service.asked('GET batches?').length, 20);
    assert.equal(service.files.size, 1, 'a list may lag behind');
  });

  it('creates nothing twice where it cannot look', async () => {
    service.after = ({ path }) => {
      if (path.includes(':batch')) return cut();
      return path.startsWith('batches?')
        ? refusal(403, 'PERMISSION_DENIED', 'no list for you')
        : undefined;
    };
    const error = await fails(client.jobs.create(prompts(12)));
    assert.equal(error.kind, 'forbidden');
    assert.equal(service.jobs.length, 1);
    assert.equal(service.files.size, 1, 'a job that may be there needs its file');
  });

  it('deletes its file where the job is refused, and shows neither key nor prompt', async () => {
    service.before = ({ path }) =>
      path.includes(':batch')
        ? refusal(400, 'INVALID_ARGUMENT', `the key ${KEY} may not do that`)
        : undefined;
    const error = await fails(client.jobs.create(prompts(12)));
    assert.equal(error.kind, 'invalid_request');
    assert.match(error.message, /the key \[redacted\] may not do that/);
    assert.equal(service.files.size, 0);
  });

  it('does not show the prompts that a refusal quotes', async () => {
    service.before = ({ path }) =>
      path.includes(':batch')
        ? refusal(
            400,
            'INVALID_ARGUMENT',
            'no "a secret boat of mine" here, nor "a secret kite of mine"',
          )
        : undefined;
    const prompts = ['a secret boat of mine', { contents: 'a secret kite of mine' }];
    const error = await fails(client.jobs.create(prompts));
    assert.match(error.message, /no "\[redacted\]" here, nor "\[redacted\]"/);
    assert.doesNotMatch(JSON.stringify([error.message, error.info, error.cause]), /secret/);
  });

  it('goes on with an upload where it was cut', async () => {
    const big = many(3, (index) => `${index} ${'word '.repeat(1_000_000)}`);
    let chunks = 0;
    service.before = ({ path, headers }) => {
      if (!path.startsWith('/session') || headers.get('x-goog-upload-command') === 'query')
        return undefined;
      chunks += 1;
      return chunks === 2 ? cut() : undefined;
    };
    // The last answer is lost although the file is there.
    let final = 0;
    service.after = ({ headers }) => {
      if (!headers.get('x-goog-upload-command')?.includes('finalize')) return undefined;
      final += 1;
      return cut();
    };
    const jobs = await run(client.jobs.create(big));
    assert.equal(
      service.jobs.reduce((sum, { rows }) => sum + rows.length, 0),
      3,
    );
    assert.equal(jobs.length, service.jobs.length);
    assert.ok(final >= 1 && chunks > 2);
    assert.equal(service.asked('POST files').length, final);
  });

  it('uploads as well where there are no files', async () => {
    const { getBuiltinModule } = process;
    Object.assign(process, { getBuiltinModule: undefined });
    try {
      await created(600);
    } finally {
      Object.assign(process, { getBuiltinModule });
    }
    assert.equal(service.jobs[0]?.rows.length, 600);
  });

  it('sends no key to where an upload goes elsewhere', async () => {
    service.session = 'https://elsewhere.example/session';
    await created(12);
    const chunks = service.seen.filter(({ path }) => path.startsWith('/session'));
    assert.ok(chunks.length > 0);
    for (const { headers } of chunks) assert.equal(headers.get('x-goog-api-key'), null);
    for (const { path } of service.seen) assert.ok(!path.includes(KEY));
  });

  it('uses the address, version and headers of the client', async () => {
    const urls: string[] = [];
    const own = open({
      baseUrl: 'https://proxy.example/gemini/',
      headers: { 'x-own': 'yes' },
      fetch: (input, init) => {
        urls.push(String(input));
        return service.fetch(String(input).replace('/gemini/', '/'), init);
      },
    });
    await created(12, own);
    own.close();
    assert.equal(urls[0], 'https://proxy.example/gemini/upload/v1beta/files');
    const create = `https://proxy.example/gemini/v1beta/models/${PRO}:batchGenerateContent`;
    assert.ok(urls.includes(create), urls.join(' '));
    assert.equal(service.asked('POST models/')[0]?.headers.get('x-own'), 'yes');
  });
});

describe('wait', () => {
  it('looks until the job has ended, and deletes the file of its requests', async () => {
    service.looks = 4;
    const job = await created(12);
    const states: string[] = [];
    const began = Date.now();
    const ended = await run(
      client.jobs.wait(job, { onProgress: ({ state }) => void states.push(state) }),
    );
    assert.deepEqual(states, ['pending', 'pending', 'pending', 'succeeded']);
    assert.equal(ended.ended, true);
    assert.equal(ended.requests, 12);
    assert.ok(Date.now() - began >= 30_000 && Date.now() - began < 34_000);
    assert.deepEqual([...service.files.keys()], ['files/out-b1']);
  });

  it('deletes the file of a job that an earlier process made', async () => {
    const job = await created(12);
    const later = open();
    await run(later.jobs.wait(job.name));
    later.close();
    assert.deepEqual([...service.files.keys()], ['files/out-b1']);
  });

  it('looks at a job that runs for a day rarely, and says what to do', async () => {
    service.looks = Number.POSITIVE_INFINITY;
    const job = await created(12);
    clock.tick(25 * HOUR);
    const looks = service.seen.length;
    const told: Job[] = [];
    const work = client.jobs.wait(job, {
      deadline: 2 * HOUR,
      onProgress: (now) => void told.push(now),
    });
    const error = await fails(work);
    assert.equal(error.kind, 'deadline');
    assert.match(error.message, /batches\/b1 has not ended in time.*wait for it again/);
    // Every half hour, and once more when the time is over.
    assert.ok(service.seen.length - looks <= 5);
    assert.equal(Date.now(), NOON + 27 * HOUR);
    assert.match(told[0]?.advice ?? '', /48 hours/);
  });

  it('ends on time, whatever a look takes', async () => {
    service.looks = Number.POSITIVE_INFINITY;
    const job = await created(1);
    const stalls: [string, Hook][] = [
      ['a look that is never answered', () => new Promise(() => {})],
      ['a service that fails', () => refusal(503, 'UNAVAILABLE', 'The model is overloaded.')],
      ['no network', () => cut()],
    ];
    for (const [what, hook] of stalls) {
      service.before = hook;
      const began = Date.now();
      const error = await fails(client.jobs.wait(job, { deadline: 1_000 }));
      assert.equal(error.kind, 'deadline', what);
      assert.match(error.message, /batches\/b1 has not ended in time.*wait for it again/);
      const took = Date.now() - began;
      assert.ok(took >= 1_000 && took < 1_010, `${what}: ${took} ms`);
    }
    assert.equal(clock.countTimers(), 0);
  });

  it('is ended by its signal before its deadline, and sees a job that ends just before', async () => {
    const job = await created(1);
    service.before = () => new Promise(() => {});
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 500);
    const { signal } = controller;
    const work = client.jobs.wait(job, { deadline: 1_000, signal });
    await assert.rejects(run(work), (error) => error === reason);
    service.before = () => undefined;
    const began = Date.now();
    const [fake] = service.jobs;
    assert.ok(fake);
    service.looks = Number.POSITIVE_INFINITY;
    setTimeout(() => service.end(fake), 2_000);
    const { state } = await run(client.jobs.wait(job, { deadline: 5_000 }));
    assert.equal(state, 'succeeded');
    assert.ok(Date.now() - began < 5_000);
  });

  it('reads every state under both prefixes, and one that it does not know', async () => {
    const job = await created(1);
    const [fake] = service.jobs;
    assert.ok(fake);
    const states: [string, string, boolean][] = [
      ['RUNNING', 'running', false],
      ['FAILED', 'failed', true],
      ['EXPIRED', 'expired', true],
      ['CANCELLED', 'cancelled', true],
      ['SOMETHING_NEW', 'unknown', true],
    ];
    for (const prefix of ['BATCH_STATE_', 'JOB_STATE_']) {
      service.prefix = prefix;
      for (const [wire, state, ended] of states) {
        fake.state = wire;
        const found = await run(client.jobs.get(job.name));
        assert.deepEqual([found.state, found.ended], [state, ended]);
      }
    }
  });

  it('goes on through an outage of looks', async () => {
    const job = await created(12);
    const until = Date.now() + HOUR;
    service.before = () =>
      Date.now() < until ? refusal(503, 'UNAVAILABLE', 'overloaded') : undefined;
    const ended = await run(client.jobs.wait(job));
    assert.equal(ended.state, 'succeeded');
    assert.ok(Date.now() >= until);
  });

  it('ends at once where looking is forbidden', async () => {
    const job = await created(12);
    service.before = () => refusal(403, 'PERMISSION_DENIED', 'not yours');
    assert.equal((await fails(client.jobs.wait(job))).kind, 'forbidden');
  });

  it('says so where results inside of a job cannot be sent', async () => {
    const job = await created(2);
    service.end(service.jobs[0] as never);
    service.before = ({ path }) =>
      path.startsWith('batches/')
        ? refusal(504, 'DEADLINE_EXCEEDED', 'Deadline expired')
        : undefined;
    const ended = await run(client.jobs.wait(job));
    assert.equal(ended.state, 'succeeded');
    assert.match(ended.advice ?? '', /Its results lie in the job itself/);
    const error = await fails(all(client.jobs.results(ended)));
    assert.match(error.advice, /through a file/);
    service.before = () => refusal(403, 'PERMISSION_DENIED', 'not yours');
    assert.doesNotMatch((await fails(all(client.jobs.results(ended)))).advice, /through a file/);
  });

  it('takes an outage of looks for no more than that', async () => {
    const job = await created(12);
    service.end(service.jobs[0] as never);
    service.before = ({ path }) =>
      path.startsWith('batches/') ? refusal(503, 'UNAVAILABLE', 'overloaded') : undefined;
    const ended = await run(client.jobs.wait(job));
    assert.deepEqual([ended.state, ended.advice], ['succeeded', undefined]);
    assert.equal((await run(all(client.jobs.results(ended)))).length, 12);
  });

  it('is ended by its signal, and by the end of the client', async () => {
    service.looks = Number.POSITIVE_INFINITY;
    const job = await created(1);
    const reason = new Error('enough');
    const aborted = client.jobs.wait(job, { signal: AbortSignal.abort(reason) });
    await assert.rejects(run(aborted), (error) => error === reason);
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), HOUR);
    const later = client.jobs.wait(job, { signal: controller.signal });
    await assert.rejects(run(later), (error) => error === reason);
    setTimeout(() => client.close(), HOUR);
    assert.equal((await fails(client.jobs.wait(job))).kind, 'closed');
    assert.equal((await fails(client.jobs.get(job.name))).kind, 'closed');
  });
});

describe('results', () => {
  const read = (job: Job, own = client): Promise<JobRow[]> => run(all(own.jobs.results(job)));

  async function done(count: number): Promise<Job> {
    const job = await created(count);
    return run(client.jobs.wait(job));
  }

  it('gives the pictures by key, at half the price', async () => {
    const job = await done(12);
    const rows = await read(job);
    assert.deepEqual(
      rows.map(({ key }) => key),
      service.jobs[0]?.rows.map(({ key }) => key),
    );
    assert.equal(rows[0]?.images[0]?.mimeType, 'image/png');
    assert.ok((rows[0]?.images[0]?.bytes().length ?? 0) > 0);
    const cost = rows[0]?.cost ?? 0;
    assert.ok(Math.abs(cost - (0.1344 + 0.00002) / 2) < 1e-9, String(cost));
  });

  it('gives those that lie in the job', async () => {
    const rows = await read(await done(2));
    assert.equal(rows.length, 2);
    assert.equal(rows[0]?.key, service.jobs[0]?.rows[0]?.key);
    assert.equal(rows[0]?.images.length, 1);
  });

  it('says of each row that failed why', async () => {
    const job = await created(12);
    const blocked = { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } };
    const [fake] = service.jobs;
    assert.ok(fake);
    fake.results = [
      { key: 'a', response: picture() },
      { key: 'b', error: { code: 8, message: 'Resource has been exhausted (e.g. check quota).' } },
      { key: 'c', error: { code: 13, message: 'Internal error encountered.' } },
      { key: 'd', response: blocked },
      { key: 'e', response: { candidates: [{ finishReason: 'NO_IMAGE' }] } },
      { key: 'f' },
    ];
    const ended = await run(client.jobs.wait(job));
    assert.equal(ended.failed, 2);
    assert.match(ended.advice ?? '', /rows failed/);
    const rows = await read(ended);
    assert.deepEqual(
      rows.map(({ key, error }) => [key, error?.kind]),
      [
        ['a', undefined],
        ['b', 'rate_limited'],
        ['c', 'server_error'],
        ['d', 'blocked'],
        ['e', 'no_image'],
        ['f', 'unknown'],
      ],
    );
    assert.equal(rows[3]?.cost, 0);
  });

  for (const ranges of [true, false]) {
    it(`goes on where a download was cut, ${ranges ? 'by a range' : 'by reading it again'}`, async () => {
      const job = await done(12);
      service.ranges = ranges;
      let cuts = 0;
      service.after = async (seen) => {
        if (!seen.path.includes(':download') || cuts === 3) return undefined;
        cuts += 1;
        const text = service.files.get('files/out-b1') ?? '';
        const from = ranges ? Number(/\d+/.exec(seen.headers.get('range') ?? '0')?.[0]) : 0;
        return torn(Buffer.from(text).subarray(from), 700 * cuts, from > 0 ? 206 : 200, cuts === 2);
      };
      const rows = await read(job);
      assert.equal(cuts, 3);
      assert.deepEqual(
        rows.map(({ key }) => key),
        service.jobs[0]?.rows.map(({ key }) => key),
      );
      const starts = service
        .asked('GET files/out-b1:download')
        .map(({ headers }) => headers.get('range'));
      assert.equal(starts.length, 4);
      assert.equal(starts[0], null);
      assert.match(starts.at(-1) ?? '', /^bytes=[1-9]\d*-$/);
    });
  }

  it('gives up where a download does not get on', async () => {
    const job = await done(12);
    service.after = ({ path }) => (path.includes(':download') ? cut() : undefined);
    const error = await fails(all(client.jobs.results(job)));
    assert.equal(error.kind, 'network');
  });

  it('reads over a row that is damaged or too long', async () => {
    const job = await done(12);
    const huge = JSON.stringify({ key: 'huge', response: { text: 'x'.repeat(65 << 20) } });
    const rest = lines([{ key: 'last', response: picture() }]);
    service.files.set('files/out-b1', `{"key":"torn","resp}\n\n${huge}\n${rest}`);
    const rows = await read(job);
    assert.deepEqual(
      rows.map(({ key, error }) => [key, error?.kind]),
      [
        ['torn', 'unknown'],
        ['huge', 'too_large'],
        ['last', undefined],
      ],
    );
  });

  it('refuses a job that has not ended, and one that has no results', async () => {
    service.looks = Number.POSITIVE_INFINITY;
    const job = await created(12);
    await assert.rejects(read(job), /batches\/b1 has not ended: `wait` for it/);
    service.end(service.jobs[0] as never, 'EXPIRED');
    const expired = await fails(all(client.jobs.results(job.name)));
    assert.equal(expired.kind, 'timeout');
    assert.match(expired.message, /has expired.*smaller jobs/);
  });

  it('is left in the middle', async () => {
    const job = await done(12);
    const first = async (): Promise<string | undefined> => {
      for await (const { key } of client.jobs.results(job)) return key;
      return undefined;
    };
    assert.equal(await run(first()), service.jobs[0]?.rows[0]?.key);
  });
});

describe('the rest', () => {
  it('lists page by page, and finds the newest of a name', async () => {
    for (let count = 0; count < 5; count += 1) {
      await created(1);
      clock.tick(1_000);
    }
    for (const job of service.jobs) job.displayName = 'twin';
    const jobs = await run(all(client.jobs.list()));
    assert.equal(jobs.length, 5);
    assert.equal(service.asked('GET batches?').length, 3);
    assert.equal((await run(client.jobs.find('twin')))?.name, 'batches/b5');
    assert.equal(await run(client.jobs.find('nobody has this')), undefined);
  });

  it('cancels and deletes, with the file', async () => {
    const job = await created(12);
    await run(client.jobs.cancel(job));
    assert.equal((await run(client.jobs.get(job.name))).state, 'cancelled');
    await run(client.jobs.delete(job.name));
    assert.equal(service.jobs.length, 0);
    assert.equal(service.files.size, 0);
    const gone = await fails(client.jobs.get(job.name));
    assert.deepEqual([gone.status, /no such job for this key/.test(gone.message)], [404, true]);
  });

  it('has deleted what is gone at the second attempt', async () => {
    const job = await created(1);
    let lost = 0;
    service.after = ({ method }) => {
      if (method !== 'DELETE' || lost > 0) return undefined;
      lost += 1;
      return cut();
    };
    await run(client.jobs.delete(job));
    assert.equal(service.asked('DELETE batches/').length, 2);
    assert.equal((await fails(client.jobs.delete(job))).status, 404);
  });

  it('asks the account of a target for its jobs', async () => {
    const own = open({
      models: [
        PRO,
        {
          model: 'gemini-2.5-flash-image',
          baseUrl: 'https://generativelanguage.googleapis.com/',
          apiKey: 'another-key-of-nobody',
        },
      ],
    });
    const model = 'gemini-2.5-flash-image';
    const [job] = await run(own.jobs.create(['a kite'], { model }));
    assert.ok(job);
    await run(own.jobs.get(job.name));
    await run(own.jobs.get(job));
    await run(own.jobs.find(job.displayName, { model }));
    own.close();
    for (const { headers } of service.seen) {
      assert.equal(headers.get('x-goog-api-key'), 'another-key-of-nobody');
    }
  });

  it('takes no name that is none', async () => {
    const asked = service.seen.length;
    for (const name of ['', 'abc', 'batches/', 'batches/../files/a', 'batches/a?key=b', 3]) {
      await assert.rejects(run(client.jobs.get(name as string)), /named as `batches\/abc`/);
    }
    assert.equal(service.seen.length, asked);
  });

  it('has a default place that is the first target with jobs', async () => {
    const own = open({ models: ['imagen-4.0-generate-001', PRO] });
    assert.deepEqual(await run(all(own.jobs.list())), []);
    own.close();
  });
});

/** A body that ends early: with an error, or as if that were all. */
function torn(bytes: Uint8Array, length: number, status: number, silent: boolean): Response {
  let sent = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!sent) {
        sent = true;
        controller.enqueue(bytes.slice(0, length));
      } else if (silent) controller.close();
      else controller.error(new TypeError('terminated'));
    },
  });
  return new Response(body as BodyInit, { status });
}
