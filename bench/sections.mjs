/** The sections of the table, in the order in which they are measured and printed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OURS } from './calls.mjs';
import { inChild } from './child.mjs';
import { BARE, DROP_IN, GENERATE, SDK } from './clients.mjs';
import { GOODPUT } from './goodput/sections.mjs';
import { LOAD_SECTIONS } from './load/sections.mjs';
import { summary } from './measure.mjs';
import { added, whole } from './rows.mjs';
import { sizes } from './sizes.mjs';
import { STORM_SECTIONS } from './storms/sections.mjs';

/** One after the other: together they would disturb each other. */
async function each(names, measure) {
  const results = {};
  for (const name of names) results[name] = await measure(name);
  return results;
}

const PICTURES = [BARE, SDK, DROP_IN, GENERATE];
/** The collector comes early in some runs and late in others, whoever calls. */
const SPACE_RUNS = 9;

async function pictures() {
  const times = await inChild('picture.mjs', 'time', ...PICTURES);
  const peaks = {};
  const held = {};
  for (const name of PICTURES) {
    const runs = [];
    for (let run = 0; run < SPACE_RUNS; run += 1) {
      runs.push(await inChild('picture.mjs', 'space', name));
    }
    peaks[name] = summary(runs.map(({ peak }) => peak));
    held[name] = summary(runs.map((run) => run.held));
  }
  const budgets = (ratio) => ({ [DROP_IN]: ratio, [GENERATE]: ratio });
  return [
    ...whole(lows(times), { to: BARE, unit: 'ms', budgets: budgets(1.03) }),
    ...label(whole(peaks, { to: BARE, unit: 'MB', budgets: budgets(1.05) }), ', peak'),
    ...label(whole(held, { to: BARE, unit: 'MB', budgets: budgets(1.05) }), ', held after'),
  ];
}

const label = (rows, what) => rows.map((row) => ({ ...row, name: `${row.name}${what}` }));

/** The first quarter in the place of the least. */
const lows = (results) =>
  Object.fromEntries(
    Object.entries(results).map(([name, result]) => [name, { ...result, least: result.low }]),
  );

const bytesOf = (results) =>
  Object.fromEntries(
    Object.entries(results).map(([name, { bytes }]) => [name, { least: bytes, spread: undefined }]),
  );

async function crowd(names, to, batches) {
  const results = await each(names, (name) => inChild('crowd.mjs', name, 10_000, batches));
  return [...added(results, { to, unit: 'µs' }), ...added(bytesOf(results), { to, unit: 'B' })];
}

/** 100,000 calls in flight beside 1,000: the ratio is of the whole cost of one call. */
async function growth() {
  const names = ['bare await', 'p-retry', OURS];
  const few = await each(names, (name) => inChild('crowd.mjs', name, 1000, 120));
  const many = await each(names, (name) => inChild('crowd.mjs', name, 100_000, 5));
  const times = names.map((name) => ({
    name,
    unit: 'µs',
    measured: many[name].middle,
    // Of a few batches and of many the least cannot be compared.
    ratio: many[name].middle / few[name].middle,
    budget: name === OURS ? 1 : undefined,
    spread: many[name].spread,
  }));
  const [base] = names;
  const bytes = names.map((name) => ({
    name,
    unit: 'B',
    measured: many[name].bytes,
    adds: name === base ? undefined : many[name].bytes - many[base].bytes,
    limit: name === OURS ? 1024 : undefined,
  }));
  return [...times, ...bytes];
}

/** 100,000 calls in a queue beside 1,000: the ratio is of the whole cost of one call. */
async function queue() {
  const rows = [];
  for (const kind of ['generate', 'retry']) {
    const few = await inChild('queued.mjs', kind, 'queued', 1000, 40);
    const many = await inChild('queued.mjs', kind, 'queued', 100_000, 3);
    rows.push(
      {
        name: `unexhausted ${kind}()`,
        unit: 'µs',
        measured: many.middle,
        ratio: many.middle / few.middle,
        budget: 1,
        spread: many.spread,
      },
      {
        name: `unexhausted ${kind}()`,
        unit: 'B',
        measured: many.bytes,
        adds: many.bytes,
        limit: 1024,
      },
    );
  }
  return rows;
}

/** 100,000 calls that a budget keeps beside as many in a queue: each, and what ends while they wait. */
async function parked() {
  const names = ['queued', 'parked'];
  const to = 'queued';
  const budgets = { parked: 1.2 };
  const rows = [];
  for (const kind of ['generate', 'retry']) {
    const times = await each(names, (wait) => inChild('queued.mjs', kind, wait, 100_000, 5));
    rows.push(...label(whole(times, { to, unit: 'µs', budgets }), ` ${kind}()`));
  }
  const answers = await each(names, (wait) => inChild('answered.mjs', wait, 100_000, 31));
  return [...rows, ...label(whole(lows(answers), { to, unit: 'ms', budgets }), ', an answer')];
}

/** A batch of 100,000 beside one of 1,000, then the same again, all of which is there already. */
async function bulk() {
  const folders = Array.from({ length: 2 }, () =>
    mkdtempSync(join(tmpdir(), 'unexhausted-bench-')),
  );
  const rows = [];
  for (const name of ['client.batch(), an item', 'client.batch(), an item that is done']) {
    const few = await inChild('bulk.mjs', 1_000, folders[0]);
    const many = await inChild('bulk.mjs', 100_000, folders[1]);
    const ratio = many.time / few.time;
    rows.push({ name, unit: 'µs', measured: many.time, ratio, budget: 1 });
    rows.push({
      name: `${name}, peak of the process`,
      unit: 'MB',
      measured: many.peak,
      limit: 150,
    });
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  return rows;
}

export const SECTIONS = [
  {
    title: 'A call that does nothing (ratio: of what p-retry adds)',
    rows: () => inChild('calls.mjs'),
  },
  {
    title: 'A request on a transport that answers at once (ratio: of what @google/genai adds)',
    rows: () => inChild('requests.mjs'),
  },
  {
    title: 'One retry of a function, CPU time without the wait of 1 ms (ratio: of p-retry)',
    rows: () => inChild('retries.mjs', 'functions'),
  },
  {
    title: 'One retry of a request, CPU time without the wait of 1 ms (ratio: of the loop)',
    rows: () => inChild('retries.mjs', 'requests'),
  },
  { title: 'An answer of 24 MB (ratio: of bare)', rows: pictures },
  {
    title: '10,000 functions in flight, CPU time and memory a call (ratio: of what p-retry adds)',
    rows: () => crowd(['bare await', 'p-retry', 'cockatiel', OURS], 'p-retry', 10),
  },
  {
    title: '10,000 requests in flight, CPU time and memory a call (ratio: of what the SDK adds)',
    rows: () => crowd([BARE, SDK, GENERATE], SDK, 3),
  },
  { title: '100,000 functions in flight (ratio: to 1,000 in flight)', rows: growth },
  { title: '100,000 calls in a queue (ratio: to 1,000 in it)', rows: queue },
  { title: '100,000 calls parked for the next day of a budget (ratio: of queued)', rows: parked },
  { title: 'A batch of 100,000 with a journal (ratio: to 1,000)', rows: bulk },
  { title: 'Size of the browser entry (ratio: of @google/genai)', rows: sizes },
  ...STORM_SECTIONS,
  ...LOAD_SECTIONS,
  ...GOODPUT,
];
