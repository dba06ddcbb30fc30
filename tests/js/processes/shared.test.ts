/**
 * Processes that share a quota while one of them is killed and while their store goes away. Most of
 * what is looked at takes a minute of the quota's, so all of it happens in the same one.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmulatorServer } from '../../../pkg/emulator/index.js';
import {
  type Member,
  type MemberOptions,
  MODEL,
  peaks,
  service,
  slowLink,
  startMember,
  total,
  until,
} from '../support/members.ts';
import { REDIS_SERVER, type RedisServer, redisServer } from '../support/redis-server.ts';

/** On a build server a test that could not run proves nothing, so there it fails. */
const SKIP = REDIS_SERVER === undefined && process.env['CI'] !== 'true' && 'no redis-server here';

/** Longer than one minute of the quota's, and shorter than two. */
const PATIENCE = 100_000;

/** More than all that is waited for in a test. */
const OPTIONS = { timeout: 180_000 };

const KINDS = ['redis', 'ioredis'] as const;

const MODES = ['open', 'closed', 'local'] as const;

/**
 * Requests in flight of a process: hundreds at once would take this machine longer to send than a
 * request may be on its way.
 */
const CONCURRENCY = 20;

type Mode = (typeof MODES)[number];

let turn: Promise<unknown> = Promise.resolve();

/** The busy part of a test, with the machine to itself; the waits that follow are for all at once. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  const mine = turn.then(work);
  turn = mine.catch(() => {});
  return mine;
}

/** The service and processes of a test, which are gone when it ends. */
interface Scene {
  emulator: EmulatorServer['emulator'];
  /** Processes that are ready. */
  start(...options: Options[]): Promise<Member[]>;
  /** The usage that a new process reports: it has made no picture, so all of it is that of others. */
  usedByOthers(options: Options): Promise<number>;
  /** The service's own count of a project was never over the limit. */
  assertKept(project?: string): void;
}

/** The key of a project is its name. */
type Options = Pick<MemberOptions, 'store' | 'concurrency' | 'onStoreDown' | 'project'>;

/** A service that lets `rpm` pass, and all of the projects `unlimited`. */
async function open(test: TestContext, rpm: number, unlimited: string[] = []): Promise<Scene> {
  const limits = { rpm };
  const { url, emulator, close } = await service({
    limits: { '*': limits },
    keys: Object.fromEntries(['default', ...MODES, ...projects()].map((name) => [name, name])),
    projectLimits: Object.fromEntries(unlimited.map((name) => [name, { '*': { rpm: 100_000 } }])),
  });
  test.after(close);
  async function start(...options: Options[]): Promise<Member[]> {
    const all = options.map((own) =>
      startMember({
        baseUrl: url,
        apiKey: own.project ?? 'default',
        limits,
        concurrency: CONCURRENCY,
        ...own,
      }),
    );
    test.after(() => Promise.all(all.map((member) => member.kill())));
    await Promise.all(all.map((member) => member.ready()));
    return all;
  }
  return {
    emulator,
    start,
    async usedByOthers(options) {
      const [member] = await start(options);
      const reports = await member?.quota();
      await member?.end();
      const report = reports?.find(({ model }) => model === MODEL);
      const minute = report?.limits.find(({ dimension }) => dimension === 'requests_per_minute');
      assert.equal(minute?.limit, rpm);
      return minute?.used ?? 0;
    },
    assertKept(project) {
      const { sliding, fixed, overLimit } = peaks(emulator.ledger(), project);
      test.diagnostic(`at most ${sliding} in 60 seconds, ${fixed} in a minute of the clock`);
      assert.ok(sliding <= rpm && fixed <= rpm, `${sliding} and ${fixed} in a minute`);
      // The ledger counts what is sent when it is sent; a loaded machine may bring it there later
      // than the half second of margin, and the service then refuses some.
      assert.ok(overLimit <= rpm / 10, `${overLimit} were refused`);
    },
  };
}

/** One for each way to go on without a store, and each client. */
function projects(): string[] {
  return MODES.flatMap((mode) => KINDS.map((kind) => `${mode}-${kind}`));
}

async function openRedis(test: TestContext): Promise<RedisServer> {
  const redis = await redisServer();
  test.after(() => redis.kill());
  return redis;
}

/** Every call of these was served. */
function assertDone(members: readonly Member[], each: number): void {
  for (const { served, failed } of members) {
    assert.deepEqual(failed, []);
    assert.equal(served.length, each);
  }
}

/** Each was told once that the store is down, and once that it is back. */
function assertRecovered(members: readonly Member[]): void {
  for (const { down } of members) assert.deepEqual(down, [true, false]);
}

const sawItFail = (members: readonly Member[]): Promise<void> =>
  until(() => members.every(({ down }) => down[0] === true), 'each has seen that it is down');

const sawItBack = (members: readonly Member[]): Promise<void> =>
  until(() => members.every(({ down }) => down[1] === false), 'each has seen that it is back');

describe('several processes', { concurrency: true }, () => {
  it('four on files, one of them killed', OPTIONS, async (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'unexhausted-processes-'));
    test.after(() => rmSync(folder, { recursive: true, force: true }));
    const scene = await open(test, 600);
    const sent = (): number => scene.emulator.ledger().totals.requests;
    const store = { kind: 'file', folder } as const;
    const others = await alone(async () => {
      const members = await scene.start({ store }, { store }, { store }, { store });
      const [victim, ...rest] = members;
      // Even the three want more than a minute gives.
      for (const member of members) member.calls(250);
      await until(() => total(members) >= 150, 'a quarter of the minute is used');
      await victim?.kill();
      // The others do not use the reservations of the killed one.
      await until(() => sent() >= 500, 'the minute is nearly used');
      await sleep(2_000);
      return rest;
    });
    const shares = others.map(({ served }) => served.length);
    test.diagnostic(`of the first minute: ${shares}`);
    assert.ok(
      shares.every((share) => share >= 600 / 4 / 2),
      `nobody has less than half of an equal share: ${shares}`,
    );
    const used = await scene.usedByOthers({ store });
    assert.ok(used >= sent() && used <= 600, `it says ${used}, and ${sent()} were sent`);

    await Promise.all(others.map((member) => member.idle(1, PATIENCE)));
    scene.assertKept();
    assertDone(others, 250);
  });

  it('four on Redis, one of them killed, then Redis, which comes back empty', {
    ...OPTIONS,
    skip: SKIP,
  }, async (test) => {
    const redis = await openRedis(test);
    await redis.start();
    const scene = await open(test, 600);
    const sent = (): number => scene.emulator.ledger().totals.requests;
    const stores = KINDS.map((kind) => ({ store: { kind, port: redis.port } }));
    const others = await alone(async () => {
      const members = await scene.start(...stores, ...stores);
      const [victim, ...rest] = members;
      // The calls that are left by then fit into one minute.
      for (const member of members) member.calls(200);
      await until(() => total(members) >= 100, 'a sixth of the minute is used');
      await victim?.kill();
      await until(() => total(members) >= 150, 'a quarter of the minute is used');
      await redis.kill();
      return rest;
    });
    await sawItFail(others);
    await sleep(1_000);
    const before = sent();
    await redis.start();
    await sawItBack(others);
    // Now it knows what those who are left had seen; what others sent at the end may be missing.
    const used = await scene.usedByOthers({ store: { kind: 'redis', port: redis.port } });
    test.diagnostic(`${before} were sent, and Redis says ${used}`);
    await sleep(2_000);
    assert.equal(sent(), before, 'nothing goes for a minute');

    await Promise.all(others.map((member) => member.idle(1, PATIENCE)));
    scene.assertKept();
    assertDone(others, 200);
    assertRecovered(others);
  });

  it('on a Redis that comes later', { ...OPTIONS, skip: SKIP }, async (test) => {
    const redis = await openRedis(test);
    const scene = await open(test, 60);
    const all = MODES.flatMap((onStoreDown) =>
      KINDS.map((kind) => {
        const store = { kind, port: redis.port };
        return { store, onStoreDown, project: `${onStoreDown}-${kind}` };
      }),
    );
    const members = await alone(() => scene.start(...all));
    for (const member of members) member.calls(20);
    await sawItFail(members);
    const goOn = members.filter((_, index) => all[index]?.onStoreDown !== 'closed');
    await Promise.all(goOn.map((member) => member.idle()));
    assertDone(goOn, 20);
    await sleep(1_000);
    assert.equal(total(members), total(goOn), 'the others send nothing');
    await redis.start();
    // They tell it what they have used, also where they have nothing to do any more.
    await sawItBack(members);
    for (const member of members) member.calls(10);
    await Promise.all(members.map((member) => member.idle(2)));
    for (const options of all) {
      let used = 0;
      // Reservations that are given back reach the store within about a second.
      for (let tries = 0; used !== 30 && tries < 10; tries += 1) {
        await sleep(500);
        used = await scene.usedByOthers(options);
      }
      assert.equal(used, 30);
      scene.assertKept(options.project);
    }
    assertDone(members, 30);
    assertRecovered(members);
  });

  it('two on a Redis that is killed and comes back empty', {
    ...OPTIONS,
    skip: SKIP,
  }, async (test) => {
    const redis = await openRedis(test);
    await redis.start();
    // Those that go on as if alone are together too many, which is what their caller chose.
    const scene = await open(test, 60, ['open']);
    const all = MODES.flatMap((onStoreDown) =>
      KINDS.map((kind) => {
        const store = { kind, port: redis.port };
        return { store, onStoreDown, project: onStoreDown };
      }),
    );
    const members = await alone(() => scene.start(...all));
    for (const member of members) member.calls(5);
    await Promise.all(members.map((member) => member.idle()));
    // Each process learns of the other's usage within this time.
    await sleep(1_500);
    await redis.kill();
    for (const member of members) member.calls(25);
    await sawItFail(members);
    await sleep(2_000);
    const of = (mode: Mode): Member[] =>
      members.filter((_, index) => all[index]?.onStoreDown === mode);
    assert.equal(total(of('open')), 60, 'go on as if alone');
    assert.equal(total(of('closed')), 10, 'send nothing');
    // The others may have used up the minute before it went down.
    assert.equal(total(of('local')), 10, 'send nothing in the first minute');
    await redis.start();
    await sawItBack(members);
    await Promise.all(members.map((member) => member.idle(2, PATIENCE)));
    scene.assertKept('closed');
    scene.assertKept('local');
    assertDone(members, 30);
    assertRecovered(members);
  });

  it('two on a Redis that is away for long have a share each', {
    ...OPTIONS,
    skip: SKIP,
  }, async (test) => {
    const redis = await openRedis(test);
    await redis.start();
    const scene = await open(test, 60);
    const stores = KINDS.map((kind) => ({ store: { kind, port: redis.port } }));
    const members = await alone(() => scene.start(...stores));
    for (const member of members) member.calls(1);
    await Promise.all(members.map((member) => member.idle()));
    await sleep(1_500);
    await redis.kill();
    // Three more than the share of each: those wait for another minute, or for Redis.
    for (const member of members) member.calls(33);
    const shared = (): boolean => members.every(({ served }) => served.length >= 31);
    await until(shared, 'each has used its share', PATIENCE);
    await sleep(2_000);
    assert.equal(total(members), 62);
    scene.assertKept();
    for (const { failed, down } of members) {
      assert.deepEqual(failed, []);
      assert.deepEqual(down, [true]);
    }
  });

  it('two on a Redis that stands still, and then goes on', {
    ...OPTIONS,
    skip: SKIP,
  }, async (test) => {
    const redis = await openRedis(test);
    await redis.start();
    const scene = await open(test, 60);
    const stores = KINDS.map((kind) => ({ store: { kind, port: redis.port } }));
    const members = await alone(() => scene.start(...stores));
    for (const member of members) member.calls(5);
    await Promise.all(members.map((member) => member.idle()));
    redis.pause();
    for (const member of members) member.calls(20);
    await sawItFail(members);
    redis.resume();
    const back = Date.now();
    // It has forgotten nothing, so nobody has to wait for a minute.
    await Promise.all(members.map((member) => member.idle(2)));
    test.diagnostic(`all is done ${Date.now() - back} ms after it went on`);
    scene.assertKept();
    assertDone(members, 25);
    assertRecovered(members);
  });

  for (const kind of KINDS) {
    it(`eight on a Redis 5 ms away share 5,000 permits a minute, with ${kind}`, {
      ...OPTIONS,
      skip: SKIP,
    }, async (test) => {
      const rpm = 5_000;
      const redis = await openRedis(test);
      await redis.start();
      const link = await slowLink(redis.port, 5);
      test.after(() => link.close());
      const scene = await open(test, rpm);
      const options = { store: { kind, port: link.port }, concurrency: 1_000 };
      const members = await alone(async () => {
        const started = await scene.start(...Array.from({ length: 8 }, () => options));
        const began = Date.now();
        // Much more than an equal share, so that all of them want permits to the end.
        for (const member of started) member.calls(1_100);
        // A few that were granted while an answer was late may come back too late for this.
        const most = (): boolean => total(started) >= 0.95 * rpm;
        await until(most, 'the permits of a minute are used', PATIENCE);
        test.diagnostic(`the permits of a minute last ${Date.now() - began} ms`);
        // Would they take more than there are, they would now.
        await sleep(2_000);
        return started;
      });
      const shares = members.map(({ served }) => served.length);
      test.diagnostic(`shared as ${shares}`);
      assert.ok(
        shares.every((share) => share >= rpm / 8 / 2),
        `nobody has less than half of an equal share: ${shares}`,
      );
      scene.assertKept();
    });
  }
});
