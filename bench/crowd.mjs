/** Calls that are all in flight at once: what each costs in time and in memory. */
import { OURS, retriers } from './calls.mjs';
import { answerWith } from './child.mjs';
import { callers } from './clients.mjs';
import { cpu, memory, settled, summary, tidy } from './measure.mjs';
import { install, ok } from './transport.mjs';

/** A gate that holds calls until it is opened. */
class Gate {
  #held = [];

  hold = () =>
    new Promise((resolve) => {
      this.#held.push(resolve);
    });

  open() {
    for (const resolve of this.#held) resolve(1);
    this.#held = [];
  }
}

async function contestant(name, gate) {
  const runs = await retriers(...[name].filter((one) => RETRIERS.has(one)));
  if (RETRIERS.has(name)) return () => runs[name](gate.hold);
  install(async () => {
    await gate.hold();
    return ok();
  });
  return (await callers(name))[name];
}

const RETRIERS = new Set(['bare await', 'hand-rolled loop', 'p-retry', 'cockatiel', OURS]);

async function batch(call, gate, count, look = async () => {}) {
  let spent = -cpu();
  const calls = Array.from({ length: count }, () => call());
  await settled();
  spent += cpu();
  const looked = await look();
  spent -= cpu();
  gate.open();
  await Promise.all(calls);
  spent += cpu();
  return { time: (spent * 1000) / count, looked };
}

await answerWith(import.meta, async (name, many, batches) => {
  const gate = new Gate();
  const call = await contestant(name, gate);
  // Small crowds, so that code is warm and memory is not yet what it will be.
  for (let pass = 0; pass < 200; pass += 1) await batch(call, gate, 50);
  const before = await memory();
  const count = Number(many);
  const first = await batch(call, gate, count, memory);
  const times = [];
  for (let left = Number(batches); left > 0; left -= 1) {
    tidy();
    times.push((await batch(call, gate, count)).time);
  }
  return { ...summary(times), bytes: (first.looked - before) / count };
});
