/** Refusals by load, with no limit behind them: no way is slower than the hand-rolled loop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

interface Order {
  title: string;
}

interface Row {
  name: string;
  wanted: number;
  over: boolean;
  loop: { made: number; time: number };
  ours: Record<string, { made: number; ratio: number }>;
}

/** These modules are plain JavaScript, and not part of the program that is type-checked. */
const load = (name: string): Promise<Record<string, unknown>> =>
  import(new URL(`../../bench/load/${name}`, import.meta.url).href);

const { ORDERS } = (await load('orders.mjs')) as { ORDERS: Order[] };
const { summaries } = (await load('summary.mjs')) as { summaries(order: Order): Promise<Row[]> };

for (const order of ORDERS) {
  test(order.title, async () => {
    const rows = await summaries(order);
    assert.equal(rows.length, 15);
    const slow = rows.filter(({ over }) => over);
    assert.deepEqual(slow, []);
    for (const { name, wanted, ours } of rows) {
      for (const [way, { made }] of Object.entries(ours)) {
        assert.equal(made, wanted, `${name}: ${way}`);
      }
    }
  });
}
