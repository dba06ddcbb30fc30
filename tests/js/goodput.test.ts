/** The goodput benchmark's own yardstick and scales: the best schedule, and how a cell is measured. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

interface Situation {
  id: number;
  pictures: number;
}

interface Cell {
  problem?: string;
  delivered: number;
  requests: number;
  rejected: number;
  best: number;
  time: number;
  waits: number[];
  errors: Record<string, number>;
}

interface Row {
  delivered: number;
  ratio: number;
  rejected: number;
  over?: boolean;
}

interface Asked {
  situation: Situation;
  name: string;
  discipline: string;
  seed: number;
}

/** These modules are plain JavaScript, and not part of the program that is type-checked. */
const load = (name: string): Promise<Record<string, unknown>> =>
  import(new URL(`../../bench/goodput/${name}`, import.meta.url).href);

const { situation } = (await load('situations.mjs')) as { situation(id: number): Situation };
const { best } = (await load('best.mjs')) as {
  best(one: Situation, discipline: string, seed: number): Promise<number | undefined>;
};
const { Windows } = (await load('windows.mjs')) as {
  Windows: new (
    limits: Record<string, unknown>,
    how: Record<string, unknown>,
  ) => { place(time: number, cost: { tokens: number; price: number }): number };
};
const { runCell } = (await load('cell.mjs')) as { runCell(asked: Asked): Promise<Cell> };
const { COMPETING } = (await load('contestants.mjs')) as { COMPETING: string[] };
const { summaries } = (await load('summary.mjs')) as { summaries(cells: Cell[]): Row[] };

const BATCH = situation(1);
const MINUTE = 60_000;
const run = (name: string, id: number, discipline = 'sliding'): Promise<Cell> =>
  runCell({ situation: situation(id), name, discipline, seed: 1 });

/** Seconds from the first of so many arrivals to the last. */
function spread(count: number, limits: Record<string, unknown>, discipline: string): number {
  const windows = new Windows(limits, { discipline, offset: 0, midnight: 0 });
  const start = 20 * MINUTE + 15_000;
  let at = start;
  for (let left = count; left > 0; left -= 1) at = windows.place(at, { tokens: 500, price: 0.14 });
  return (at - start) / 1000;
}

describe('the best schedule', () => {
  it('lays the limits as the service does', () => {
    // At 15 seconds past a minute of the clock.
    assert.equal(spread(300, { rpm: 20 }, 'fixed'), 14 * 60 - 15);
    assert.equal(spread(300, { rpm: 20 }, 'sliding'), 14 * 60);
    assert.equal(spread(300, { rpm: 20 }, 'bucket'), 280 * 3);
    assert.equal(spread(21, { rpm: 20, tpm: 5_000 }, 'sliding'), 2 * 60);
    assert.equal(spread(72, { spend: 10 }, 'fixed'), 600);
  });

  it('of 300 at 20 a minute takes fourteen minutes and a picture', async () => {
    const sliding = (await best(BATCH, 'sliding', 1)) ?? 0;
    const picture = sliding - 14 * MINUTE;
    assert.ok(picture > 10_000 && picture < 40_000, `${picture} ms`);
    // The first minute of the clock is cut short by the time at which it begins.
    const fixed = (await best(BATCH, 'fixed', 1)) ?? 0;
    assert.ok(fixed < sliding && fixed > sliding - MINUTE);
  });

  it('can be reached within a per cent, and is never beaten', async () => {
    for (const discipline of ['fixed', 'sliding', 'bucket']) {
      const cell = await run('perfect', 1, discipline);
      assert.equal(cell.problem, undefined);
      const [row] = summaries([cell]);
      assert.deepEqual([row?.delivered, row?.rejected], [1, 0]);
      assert.ok(row && row.ratio >= 1 && row.ratio < 1.01, `${discipline}: ${row?.ratio}`);
    }
  });
});

describe('a cell', () => {
  it('counts what is rejected and what is never delivered', async () => {
    const cell = await run('loop', 14);
    assert.equal(cell.requests, cell.delivered + cell.rejected);
    assert.ok(cell.rejected > 300, 'four loops at four times the limit');
    assert.equal(cell.delivered + (cell.errors['429'] ?? 0), 300);
  });

  it('gives the same numbers again', async () => {
    assert.deepEqual(await run('queue', 11), await run('queue', 11));
  });

  it('measures how long a picture waits for its request', async () => {
    const { waits } = await run('loop', 16);
    assert.equal(waits.length, 50);
    assert.ok(Math.max(...waits) > 2_000, 'one wait of 2 s before the next model');
  });

  it('can be run by everybody who competes, in a chain and without', async () => {
    for (const name of COMPETING) {
      for (const [id, delivered] of [
        [16, 70],
        [17, 0],
      ] as const) {
        const cell = await run(name, id);
        assert.deepEqual([cell.problem, cell.delivered], [undefined, delivered], `${name}, ${id}`);
      }
    }
  });

  it('says so where a contestant cannot run', async () => {
    assert.match((await run('perfect', 17)).problem ?? '', /nothing to be best at/);
  });
});
