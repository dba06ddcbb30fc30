/** Stores that hold what nobody of ours wrote, under clients that share them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import FakeTimers from '@sinonjs/fake-timers';
import {
  type Client,
  createClient,
  isGenerateError,
  memoryStore,
  type QuotaStore,
} from '../../../pkg/index.js';
import { fileStore } from '../../../pkg/stores/file.js';
import { NOON, TIMERS } from '../support/clock.ts';
import { GOOD } from './bodies.ts';
import { Dice } from './dice.ts';
import type { Fuzz } from './fuzz.ts';
import { damage } from './odd.ts';
import { pass } from './passing.ts';

const PRO = 'gemini-3-pro-image';
const MINUTE = 60_000;
/** No service is obeyed for longer than a year, whatever a state says that it said. */
const LONGEST = 366 * 86_400_000;

const NUMBERS = ['0', '1', '2', 'z', 'zz', '1000000', 'zzzzzzzzz', '3w5e11264sgsf', '-1', 'é', ''];

/** A state with other numbers in it, in another order, cut, or no state at all. */
function damaged(dice: Dice, state: string): string {
  let text = state;
  for (let left = 1 + dice.below(3); left > 0; left -= 1) {
    const words = text.split(' ');
    const [one, other] = [dice.below(words.length), dice.below(words.length)];
    if (dice.chance(0.5)) words[one] = dice.pick(NUMBERS);
    else [words[one], words[other]] = [words[other] ?? '', words[one] ?? ''];
    text = dice.chance(0.7) ? words.join(' ') : damage(dice, text);
  }
  return text;
}

/** The most requests that were sent within one minute, of those after a moment. */
export function peakOf(sent: number[], after: number): number {
  const known = sent.filter((at) => at > after);
  const within = (first: number) => known.filter((at) => at >= first && at < first + MINUTE).length;
  return Math.max(0, ...known.map(within));
}

/** A store whose texts can be damaged. */
interface Held {
  store: QuotaStore;
  damage(dice: Dice): Promise<void>;
  end(): void;
}

function hold(inner: QuotaStore, folder?: string): Held {
  const keys = new Set<string>();
  return {
    store: {
      transact(key, update) {
        keys.add(key);
        return inner.transact(key, update);
      },
    },
    async damage(dice) {
      // Behind the store's back, or through it, which then vouches for the text.
      if (folder !== undefined && dice.chance(0.5)) {
        for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile()) continue;
          const bytes = Buffer.from(dice.list(300, () => dice.below(256)));
          writeFileSync(join(entry.parentPath, entry.name), bytes);
        }
        return;
      }
      for (const key of keys) {
        await inner.transact(key, (state = '') => ({ state: damaged(dice, state), result: 0 }));
      }
    },
    end() {
      if (folder !== undefined) rmSync(folder, { recursive: true });
    },
  };
}

function inFiles(): Held {
  const folder = mkdtempSync(join(tmpdir(), 'unexhausted-fuzz-'));
  return hold(fileStore(folder), folder);
}

export const states: Fuzz = {
  name: 'states',
  async run(seed) {
    const dice = new Dice(seed);
    const clock = FakeTimers.install({ now: NOON, toFake: TIMERS });
    const { warn } = console;
    console.warn = (): void => {};
    const held = dice.chance(0.9) ? hold(memoryStore()) : inFiles();
    const clients: Client[] = [];
    try {
      const limit = 1 + dice.below(12);
      const sent: number[] = [];
      const open = (): Client => {
        const own = createClient({
          ...{ apiKey: 'a-key-of-nobody', project: 'a-project', models: [PRO], store: held.store },
          limits: { [PRO]: { rpm: limit } },
          fetch: async () => {
            sent.push(performance.now());
            return Response.json(GOOD.gemini);
          },
        });
        clients.push(own);
        return own;
      };
      /** A picture: a state may say that the account's money or day is spent, but for how long only. */
      const call = async (): Promise<void> => {
        for (let tries = 1; ; tries += 1) {
          const options = { onDailyLimit: 'wait', maxServerDelay: LONGEST } as const;
          const error = await dice
            .pick(clients)
            .generate('a paper boat', options)
            .then(
              () => undefined,
              (thrown: unknown) => thrown,
            );
          if (error === undefined) return;
          assert.ok(isGenerateError(error) && tries < 200, `it fails: ${String(error)}`);
          const wait = (error.retryAt?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now();
          assert.ok(wait < LONGEST, `it fails for ${wait} ms: ${error.message}`);
          await new Promise((resolve) => setTimeout(resolve, wait));
        }
      };
      const all = (count: number): Promise<void> =>
        pass(clock, Array.from({ length: count }, call));
      open();
      if (dice.chance(0.5)) open();
      await all(1 + dice.below(6));
      await pass(clock, [held.damage(dice)]);
      const at = performance.now();
      // One that comes later has nothing of its own to mend it by.
      if (dice.chance(0.5)) clients.splice(0).forEach((own) => void own.close());
      if (clients.length === 0 || dice.chance(0.5)) open();
      await all(limit * 2 + 2);
      await all(3);
      const peak = peakOf(sent, at + MINUTE + 500);
      assert.ok(peak <= limit, `${peak} in a minute of ${limit}`);
    } finally {
      for (const own of clients) own.close();
      held.end();
      console.warn = warn;
      clock.uninstall();
    }
  },
};
