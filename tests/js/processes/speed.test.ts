/** Eight processes on one Redis that is far away, at 5,000 permits a minute. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { peaks, service, slowLink, startMember, total, until } from '../support/members.ts';
import { REDIS_SERVER, redisServer } from '../support/redis-server.ts';

/** On a build server a test that could not run proves nothing, so there it fails. */
const SKIP = REDIS_SERVER === undefined && process.env['CI'] !== 'true' && 'no redis-server here';

const RPM = 5_000;
const MEMBERS = 8;

describe('eight processes on a Redis 5 ms away', { skip: SKIP }, () => {
  for (const kind of ['redis', 'ioredis'] as const) {
    it(`use 5,000 permits a minute and share them, with ${kind}`, {
      timeout: 90_000,
    }, async (test) => {
      const limits = { rpm: RPM };
      const { url, emulator, close } = await service({ limits: { '*': limits } });
      test.after(close);
      const redis = await redisServer();
      await redis.start();
      test.after(() => redis.kill());
      const link = await slowLink(redis.port, 5);
      test.after(() => link.close());
      const store = { kind, port: link.port };
      const members = Array.from({ length: MEMBERS }, () =>
        startMember({ store, baseUrl: url, limits }),
      );
      test.after(() => Promise.all(members.map((member) => member.kill())));
      await Promise.all(members.map((member) => member.ready()));

      const started = Date.now();
      // More than an equal share and three quarters, so that all of them want permits to the end.
      for (const member of members) member.calls((1.75 * RPM) / MEMBERS);
      await until(() => total(members) >= RPM, 'the permits of a minute are used', 50_000);
      const took = Date.now() - started;
      // Would they take more than there is, they would now.
      await sleep(1_500);

      const shares = members.map(({ served }) => served.length);
      test.diagnostic(`${RPM} pictures in ${took} ms, shared as ${shares}`);
      const { sliding, fixed, overLimit } = peaks(emulator.ledger());
      assert.deepEqual([sliding, fixed, overLimit], [RPM, fixed, 0]);
      assert.ok(fixed <= RPM, `${fixed}`);
      assert.ok(
        shares.every((share) => share >= RPM / MEMBERS / 2),
        `nobody has less than half of an equal share: ${shares}`,
      );
    });
  }
});
