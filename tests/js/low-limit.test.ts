/** A limit of a few requests a minute: the moment that a 429 names is believed, however the service counts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOON } from './support/clock.ts';
import { openScene, PROMPT } from './support/scene.ts';

/** The minute of the clock ends 25 s after the scene begins. */
const MIDWAY = NOON + 35_000;

/** By when the first refused picture is there, in seconds: a bucket refills at once, a sliding minute last. */
const THERE = { fixed: [25, 31], bucket: [30, 38], sliding: [60, 75] } as const;

describe('two a minute', () => {
  for (const discipline of ['fixed', 'bucket', 'sliding'] as const) {
    for (const how of ['generateWithRetry', 'generate'] as const) {
      it(`${discipline}: ${how} waits as long as the service says`, async () => {
        const limits = { '*': { rpm: 2 } };
        const scene = await openScene({ limits, discipline, latency: 1_000, transit: 200 }, MIDWAY);
        try {
          const client = scene.client();
          const [least, most] = THERE[discipline];
          for (let picture = 0; picture < 3; picture += 1) {
            await scene.run<unknown>(client[how](PROMPT));
          }
          const took = scene.now() / 1_000;
          assert.ok(took > least && took < most, `${took} s`);
          assert.equal(scene.emulator.ledger().totals.rejected, 1);
        } finally {
          scene.close();
        }
      });
    }
  }
});
