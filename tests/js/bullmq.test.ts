/** Jobs of BullMQ: which failure puts one back, which ends it, and which is an attempt. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import {
  addAll,
  type BullJob,
  createProcessor,
  type JobReport,
  type ProcessorOptions,
} from '../../pkg/adapters/bullmq.js';
import {
  createEmulator,
  type Emulator,
  type EmulatorConfig,
  type ScriptedFault,
} from '../../pkg/emulator/index.js';
import {
  type BatchRequest,
  type ClientOptions,
  createClient,
  isGenerateError,
  type KeyedRequest,
} from '../../pkg/index.js';
import { NOON } from './support/clock.ts';
import { until } from './support/members.ts';
import { REDIS_SERVER, type RedisServer, redisServer } from './support/redis-server.ts';
import { KEY, many, openScene, PRO, PROMPT, type Scene } from './support/scene.ts';

/** On a build server a test that could not run proves nothing, so there it fails. */
const SKIP = REDIS_SERVER === undefined && process.env['CI'] !== 'true' && 'no redis-server here';

const MIDNIGHT_PACIFIC = NOON + 20 * 3_600_000;

/** A job that keeps what is done to it. */
class FakeJob implements BullJob {
  id = 'a-job';
  data: BatchRequest = { key: 'a-key', request: PROMPT };
  progress: unknown = 0;
  attemptsMade = 0;
  attemptsStarted = 1;
  stalledCounter = 0;
  /** When it comes back, each time that it was put back, in ms since 1970. */
  readonly putBack: number[] = [];

  constructor(fields: Partial<BullJob> = {}) {
    Object.assign(this, fields);
  }

  async moveToDelayed(timestamp: number, token?: string): Promise<void> {
    assert.equal(token, 'a-token');
    this.putBack.push(timestamp);
  }

  async updateProgress(progress: object): Promise<void> {
    this.progress = progress;
  }
}

type Options = Partial<ProcessorOptions<string>>;

describe('the processor', () => {
  let scene: Scene;
  afterEach(() => scene.close());

  const open = async (config: EmulatorConfig = {}, options: ClientOptions = {}) => {
    scene = await openScene(config);
    const client = scene.client(options);
    const save: ProcessorOptions<string>['save'] = async (result, { id }) =>
      `${id}: ${result.images.length}`;
    return {
      client,
      start: (job: BullJob, own: Options = {}, signal?: AbortSignal) =>
        createProcessor(client, { save, ...own })(job, 'a-token', signal),
    };
  };
  const errorOf = (work: Promise<unknown>): Promise<Error> =>
    work.then(
      () => assert.fail('it succeeded'),
      (error: Error) => error,
    );
  /** Lets time pass until the job has failed, and gives the error. */
  const failure = (work: Promise<unknown>): Promise<Error> => scene.run(errorOf(work));

  it('gives what `save` gave, and what it cost', async () => {
    const { start } = await open();
    const job = new FakeJob();
    const { cost, ...report } = await scene.run(start(job));
    assert.deepEqual(report, {
      saved: 'a-job: 1',
      model: PRO,
      possibleCost: 0,
      possiblyPaidTwice: false,
    });
    assert.ok(cost !== undefined && cost > 0.1 && cost < 0.2);
    assert.ok(JSON.stringify(report).length < 200, 'no picture in it');
    assert.equal(job.progress, 0);
  });

  it('takes a prompt, a request, and one with a key', async () => {
    const { start } = await open();
    const all: BatchRequest[] = [
      PROMPT,
      { contents: PROMPT },
      { key: 'a', request: { contents: PROMPT } },
    ];
    for (const data of all) await scene.run(start(new FakeJob({ data })));
    assert.deepEqual(
      scene.requests().map(({ outcome }) => outcome),
      ['served', 'served', 'served'],
    );
  });

  describe('puts a job back', () => {
    it('until midnight Pacific when the day is spent', async () => {
      const { start } = await open({ limits: { '*': { rpd: 1 } } });
      await scene.run(start(new FakeJob()));
      for (const requests of [2, 2]) {
        const job = new FakeJob();
        const error = await failure(start(job));
        assert.equal(error.name, 'DelayedError');
        assert.ok(isGenerateError(error.cause) && error.cause.kind === 'daily_quota');
        const [at = 0] = job.putBack;
        assert.ok(at >= MIDNIGHT_PACIFIC && at < MIDNIGHT_PACIFIC + 10_000, `${at}`);
        assert.equal(job.progress, 0);
        assert.equal(scene.requests().length, requests, 'the second one costs no request');
      }
    });

    it('at once where the wait that the service names does not fit', async () => {
      const script: ScriptedFault[] = [{ fault: '429-detailed', retryDelay: '1800s' }];
      const { start } = await open({ script });
      const job = new FakeJob();
      assert.equal((await failure(start(job))).name, 'DelayedError');
      assert.ok(scene.now() < 1_000, 'the slot is free');
      const [at = 0] = job.putBack;
      assert.ok(at >= NOON + 1_800_000 && at < NOON + 2_400_000, `${at - NOON}`);
    });

    it('at once where its turn cannot come in time', async () => {
      const limits = { [PRO]: { rpm: 1 } };
      const { start } = await open({ limits: { '*': { rpm: 1 } } }, { limits });
      await scene.run(start(new FakeJob()));
      const job = new FakeJob();
      assert.equal((await failure(start(job, { deadline: 20_000 }))).name, 'DelayedError');
      assert.ok(scene.now() < 1_000, 'the slot is free');
      const [at = 0] = job.putBack;
      assert.ok(at >= NOON + 60_000 && at < NOON + 70_000, `${at - NOON}`);
      assert.equal(scene.requests().length, 1);
    });

    it('for as long as the model rests in an outage', async () => {
      const { start } = await open({ faults: ['503'] });
      const jobs = many(3, () => new FakeJob());
      const errors = await scene.run(Promise.all(jobs.map((job) => errorOf(start(job)))));
      assert.deepEqual(
        errors.map(({ name }) => name),
        ['DelayedError', 'DelayedError', 'DelayedError'],
      );
      for (const { putBack, progress } of jobs) {
        const [at = 0] = putBack;
        assert.ok(at > Date.now() - 1_000 && at <= Date.now() + 360_000, `${at - Date.now()}`);
        assert.equal(progress, 0);
      }
    });

    it('for other workers when the client is closed, and says that it may be paid twice', async () => {
      const { client, start } = await open({ latency: 10_000 });
      const job = new FakeJob();
      const work = errorOf(start(job));
      await scene.pass(1_000);
      client.close();
      assert.equal((await work).name, 'DelayedError');
      assert.deepEqual(job.putBack, [NOON + 2_000]);
      const later = new FakeJob({ progress: job.progress, attemptsStarted: 2 });
      const report = await scene.run(
        createProcessor(scene.client(), { save: () => '' })(later, 'a-token'),
      );
      assert.equal(report.possiblyPaidTwice, true);
    });

    it('so often and no oftener', async () => {
      const { start } = await open({ limits: { '*': { rpd: 1 } } });
      await scene.run(start(new FakeJob()));
      const spent = { attemptsMade: 2, stalledCounter: 1 };
      const last = new FakeJob({ ...spent, attemptsStarted: 6 });
      assert.equal((await failure(start(last, { maxPutBacks: 3 }))).name, 'DelayedError');
      const beyond = new FakeJob({ ...spent, attemptsStarted: 7 });
      assert.equal((await failure(start(beyond, { maxPutBacks: 3 }))).name, 'GenerateError');
      assert.deepEqual(beyond.putBack, []);
    });
  });

  describe('ends a job for good', () => {
    const FAULTS = ['400', '413', 'bad-key', 'blocked', '429-limit-zero', '402'] as const;
    for (const fault of FAULTS) {
      it(`after ${fault}`, async () => {
        const { start } = await open({ faults: [fault] });
        const job = new FakeJob();
        const error = await failure(start(job));
        assert.equal(error.name, 'UnrecoverableError');
        assert.ok(isGenerateError(error.cause) && error.message === error.cause.message);
        assert.deepEqual(job.putBack, []);
        assert.equal(job.progress, 0);
      });
    }

    it('that asks for nothing', async () => {
      const { start } = await open();
      const error = await failure(start(new FakeJob({ data: {} as BatchRequest })));
      assert.equal(error.name, 'UnrecoverableError');
      assert.equal(scene.requests().length, 0);
    });

    it('where the budget is used up', async () => {
      const { start } = await open({}, { budget: { total: 0.01 } });
      assert.equal((await failure(start(new FakeJob()))).name, 'UnrecoverableError');
    });

    it('whose picture could not be saved, and says that another would be paid twice', async () => {
      const { start } = await open();
      const job = new FakeJob();
      const full = new Error('the disk is full');
      const error = await failure(start(job, { save: () => Promise.reject(full) }));
      assert.equal(error.name, 'UnrecoverableError');
      assert.equal(error.message, 'the disk is full');
      assert.equal(error.cause, full);
      const report = await scene.run(start(new FakeJob({ progress: job.progress })));
      assert.equal(report.possiblyPaidTwice, true);
    });
  });

  describe('leaves to the attempts of the job', () => {
    it('what the client has tried in vain', async () => {
      const { start } = await open({ faults: ['no-image'] });
      const job = new FakeJob();
      const error = await failure(start(job));
      assert.ok(isGenerateError(error) && error.attempts.length > 1);
      assert.deepEqual(job.putBack, []);
    });

    it('a request that timed out, since that may be billed', async () => {
      const { start } = await open({ faults: ['hang'] }, { retry: { maxAttempts: 2 } });
      const job = new FakeJob();
      const error = await failure(start(job, { timeout: 5_000 }));
      assert.ok(isGenerateError(error) && error.kind === 'timeout');
      assert.deepEqual(job.putBack, []);
      assert.deepEqual(job.progress, { possiblyPaidTwice: true });
    });

    it('a request that the deadline cut short', async () => {
      const { start } = await open({ faults: ['hang'] });
      const job = new FakeJob();
      const error = await failure(start(job, { deadline: 30_000 }));
      assert.ok(isGenerateError(error) && error.kind === 'deadline');
      assert.equal(scene.now(), 30_000);
      assert.deepEqual(job.putBack, []);
      assert.deepEqual(job.progress, { possiblyPaidTwice: true });
    });

    for (const reason of [new Error('not wanted any more'), 'not wanted any more']) {
      it(`a call that was cancelled with ${typeof reason === 'string' ? 'a text' : 'an error'}`, async () => {
        const { start } = await open({ faults: ['hang'] });
        const job = new FakeJob();
        const controller = new AbortController();
        const work = errorOf(start(job, {}, controller.signal));
        await scene.pass(1_000);
        controller.abort(reason);
        const error = await work;
        assert.ok(error instanceof Error);
        assert.equal(error.message, 'not wanted any more');
        assert.equal(scene.now(), 1_000);
        assert.deepEqual(job.progress, { possiblyPaidTwice: true });
      });
    }
  });

  it('says that a job may be paid twice whose worker was gone', async () => {
    const { start } = await open();
    const report = await scene.run(start(new FakeJob({ stalledCounter: 1, attemptsStarted: 2 })));
    assert.equal(report.possiblyPaidTwice, true);
  });

  it('refuses to work without `save`', async () => {
    const { client } = await open();
    assert.throws(() => createProcessor(client, {} as ProcessorOptions<string>), {
      name: 'TypeError',
      message: 'unexhausted: `save` must be a function',
    });
  });
});

/** A queue that keeps the jobs that it is given. */
class FakeQueue {
  readonly bulks: { name: string; data: KeyedRequest; opts: { jobId: string } }[][] = [];

  async addBulk(jobs: FakeQueue['bulks'][number]): Promise<void> {
    this.bulks.push(jobs);
  }

  get jobs() {
    return this.bulks.flat();
  }
}

describe('addAll', () => {
  it('makes the key the id, and of what comes again another one', async () => {
    const queue = new FakeQueue();
    const requests: BatchRequest[] = [
      PROMPT,
      { contents: PROMPT },
      PROMPT,
      { key: 'mine', request: PROMPT },
    ];
    assert.equal(await addAll(queue, requests, { opts: { attempts: 3 } }), 4);
    const [first = '', second = '', third, fourth] = queue.jobs.map(({ opts }) => opts.jobId);
    assert.match(first, /^[0-9a-f]{64}$/);
    assert.match(second, /^[0-9a-f]{64}$/);
    assert.notEqual(first, second);
    assert.equal(third, `${first}#2`);
    assert.equal(fourth, 'mine');
    assert.deepEqual(queue.jobs[0], {
      name: 'generate',
      data: { key: first, request: PROMPT },
      opts: { attempts: 3, jobId: first },
    });
    assert.deepEqual(queue.jobs[3]?.data, { key: 'mine', request: PROMPT });

    const again = new FakeQueue();
    await addAll(again, requests, { opts: { attempts: 3 } });
    assert.deepEqual(again.jobs, queue.jobs);
  });

  it('takes no more from the source than it adds', async () => {
    const queue = new FakeQueue();
    let taken = 0;
    let ahead = 0;
    async function* source() {
      for (; taken < 1_234; taken += 1) {
        ahead = Math.max(ahead, taken - queue.jobs.length);
        yield `${PROMPT} ${taken}`;
      }
    }
    assert.equal(await addAll(queue, source(), { name: 'a-name' }), 1_234);
    assert.deepEqual(
      queue.bulks.map(({ length }) => length),
      [500, 500, 234],
    );
    assert.ok(ahead <= 500, `${ahead}`);
    assert.ok(queue.jobs.every(({ name }) => name === 'a-name'));
  });

  it('holds no more than a megabyte', async () => {
    const queue = new FakeQueue();
    await addAll(
      queue,
      many(5, (index) => `${index}`.repeat(400_000)),
    );
    assert.deepEqual(
      queue.bulks.map(({ length }) => length),
      [2, 2, 1],
    );
  });

  it('ends with the reason of its signal, and keeps what was added', async () => {
    const queue = new FakeQueue();
    const controller = new AbortController();
    function* source() {
      for (let index = 0; index < 2_000; index += 1) {
        if (index === 700) controller.abort(new Error('enough'));
        yield `${PROMPT} ${index}`;
      }
    }
    await assert.rejects(addAll(queue, source(), { signal: controller.signal }), /enough/);
    assert.equal(queue.jobs.length, 500);
  });

  it('refuses what is no request', async () => {
    for (const wrong of [7, null, undefined]) {
      await assert.rejects(addAll(new FakeQueue(), [wrong as never]), TypeError);
    }
  });
});

describe('on a queue in Redis', { skip: SKIP }, () => {
  let server: RedisServer;
  let connection: Redis;
  let queue: Queue<KeyedRequest, JobReport<string>>;
  let emulator: Emulator;
  const ends: (() => unknown)[] = [];
  let queues = 0;

  before(async () => {
    server = await redisServer();
    await server.start();
    connection = new Redis(server.port, '127.0.0.1', { maxRetriesPerRequest: null });
    await connection.ping();
  });
  after(async () => {
    connection.disconnect();
    await server.kill();
  });
  beforeEach(async () => {
    queues += 1;
    queue = new Queue(`pictures-${queues}`, {
      connection,
      defaultJobOptions: { attempts: 5 },
    });
    emulator = await createEmulator({ transit: 0, latency: 0, clockOffset: 0 });
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    emulator.close();
  });

  function work(): Worker<KeyedRequest, JobReport<string>> {
    const client = createClient({ apiKey: KEY, models: [PRO], fetch: emulator.fetch });
    const processor = createProcessor(client, {
      save: (_, job: Job<KeyedRequest>) => `${job.id} ${job.data.key}`,
    });
    const worker = new Worker<KeyedRequest, JobReport<string>>(queue.name, processor, {
      connection,
    });
    ends.push(async () => {
      // First, so that no test that failed is waited for.
      client.close();
      await worker.close();
    });
    return worker;
  }
  const next = async (event: 'completed' | 'failed', worker: Worker): Promise<Job> =>
    new Promise((resolve) => void worker.once(event, resolve as never));
  const only = async (): Promise<Job<KeyedRequest, JobReport<string>>> => {
    const [job] = await queue.getJobs();
    assert.ok(job);
    return job;
  };

  it('a job that is put back is delayed, and no attempt was made', async () => {
    emulator.script([{ fault: '429-detailed', retryDelay: '1800s' }]);
    await addAll(queue, [PROMPT]);
    const worker = work();
    await until(() => emulator.ledger().totals.rejected === 1, 'the service has refused');
    await worker.close();
    const job = await only();
    assert.equal(await job.getState(), 'delayed');
    assert.equal(job.attemptsMade, 0);
    assert.equal(job.attemptsStarted, 1);
    assert.ok(job.delay >= 1_790_000 && job.delay < 2_400_000, `${job.delay}`);
    assert.equal(job.failedReason, undefined);

    const done = next('completed', work());
    await job.promote();
    await done;
    const { returnvalue, attemptsMade, attemptsStarted } = await only();
    assert.equal(returnvalue.possiblyPaidTwice, false);
    assert.equal(attemptsMade, 1);
    assert.equal(attemptsStarted, 2);
  });

  it('a job that cannot succeed fails at its first attempt', async () => {
    emulator.script(['400']);
    await addAll(queue, [PROMPT]);
    const failed = next('failed', work());
    const { attemptsMade, failedReason } = await failed;
    assert.equal(attemptsMade, 1);
    assert.match(failedReason, /^400 INVALID_ARGUMENT: /);
    assert.equal(await (await only()).getState(), 'failed');
  });

  it('what is added again is not paid again', async () => {
    const keys = ['42', '-7', 'a:b', 'a%3Ab', 'ä b/c', '%3', '4%2'];
    const requests = keys.map((key) => ({ key, request: PROMPT }));
    const worker = work();
    let done = 0;
    const all = new Promise<void>((resolve) => {
      worker.on('completed', () => {
        done += 1;
        if (done === keys.length) resolve();
      });
    });
    for (const _ of ['once', 'twice']) assert.equal(await addAll(queue, requests), keys.length);
    await all;
    assert.equal(await addAll(queue, requests), keys.length);
    await worker.close();
    const jobs = await queue.getJobs();
    assert.deepEqual(
      jobs.map(({ returnvalue }) => returnvalue.saved).sort(),
      jobs.map(({ id, data }) => `${id} ${data.key}`).sort(),
    );
    assert.deepEqual(jobs.map(({ data }) => data.key).sort(), keys.sort());
    for (const { id, data } of jobs) assert.equal(decodeURIComponent(id ?? ''), data.key);
    assert.equal(emulator.ledger().totals.images, keys.length);
  });

  it('a job that is cancelled ends at once', async () => {
    emulator.script(['hang']);
    await addAll(queue, [{ key: 'a', request: PROMPT }], { opts: { attempts: 1 } });
    const worker = work();
    await until(() => emulator.ledger().totals.inFlight === 1, 'it is with the service');
    const failed = next('failed', worker);
    assert.equal(worker.cancelJob('a', 'not wanted any more'), true);
    const { failedReason, progress } = await failed;
    assert.equal(failedReason, 'not wanted any more');
    assert.deepEqual(progress, { possiblyPaidTwice: true });
  });
});
