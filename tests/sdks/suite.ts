/** Calls clients of others, and holds what is read of their errors against what was answered. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { installJumpingClock } from '../js/support/clock.ts';
import { EXPECTED } from './expected.ts';
import { FAULTS, type Fault } from './faults.ts';
import { ask, callOf, heldOf, judge, meets, retried } from './judge.ts';
import { check, expectedOf } from './rows.ts';
import type { Sdk } from './sdk.ts';
import { openService, type Service } from './service.ts';

/** The fields by which `retry` decides. */
const DECIDE = ['kind', 'retry', 'retryAfter'];

export function judgeAll(clients: Sdk[]): void {
  let service: Service;
  before(async () => {
    service = await openService();
  });
  after(() => service.close());

  for (const sdk of clients) {
    describe(sdk.name, () => {
      for (const fault of FAULTS.filter((one) => meets(sdk, one))) {
        it(`${fault.name}: what is read`, async () => {
          const { forms, thrown, given, requests } = await judge(service, sdk, fault);
          if (!sdk.isSlow) assert.equal(requests, 1, 'its own retries are off');
          const { isSwallowed } = expectedOf(EXPECTED, sdk.name, fault, []);
          assert.equal(forms === undefined, isSwallowed, 'a fault is swallowed, or no longer');
          if (forms === undefined) assert.notEqual(given, undefined);
          else check(EXPECTED, sdk.name, fault, forms, () => heldOf(thrown, fault));
        });
        if (!sdk.isSlow) it(`${fault.name}: what retry does`, () => retries(service, sdk, fault));
      }
    });
  }
}

/** The requests and waits are those that the answer itself asks for, also of ten at once. */
async function retries(service: Service, sdk: Sdk, fault: Fault): Promise<void> {
  const { isSwallowed, wrong } = expectedOf(EXPECTED, sdk.name, fault, ['thrown']);
  const clock = installJumpingClock();
  try {
    for (const calls of [1, 10]) {
      const call = (url: string): Promise<unknown> => callOf(sdk, fault, url);
      const done = await retried(service, fault, sdk.dialect, calls, call);
      if (isSwallowed) {
        assert.deepEqual(done, { requests: calls, waits: [] });
        continue;
      }
      // A misread error is retried as it was read, which the rows of what is expected already record.
      if (wrong['thrown']?.some((field) => DECIDE.includes(field))) continue;
      const due = await retried(service, fault, 'google', calls, (url) => ask(fault, url));
      assert.equal(done.requests, due.requests, `requests of ${calls}`);
      assert.equal(done.waits.length, due.waits.length, `waits of ${calls}`);
      const asked = Number(fault.says.retryAfter ?? 1_000);
      for (const wait of done.waits) {
        // A wait that the service names is spread upwards by up to a fifth.
        assert.ok(wait >= asked && wait <= asked * 1.2 + 1, `${wait} for ${asked}`);
      }
    }
  } finally {
    clock.uninstall();
  }
}
