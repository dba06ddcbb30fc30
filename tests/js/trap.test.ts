/**
 * What the package is without its WebAssembly: nothing decides. And what becomes of it when the
 * WebAssembly traps: everybody who waits is told, the process lives, and the next call works.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Copy, fused, trapping } from './support/trapping.ts';

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL('support/trap-child.mjs', import.meta.url));

describe('with WebAssembly that only traps', () => {
  let copy: Copy;
  before(() => {
    copy = trapping();
  });
  after(() => copy.remove());

  const TRIALS: Record<string, string> = {
    retry: 'pkg.retry(fn)',
    'retry of a client': 'pkg.createClient({ apiKey, fetch }).retry(fn)',
    generate: 'pkg.createClient({ apiKey, fetch }).generate("a paper boat")',
    generateWithRetry: 'pkg.generateWithRetry("a paper boat")',
    batchGenerate: 'pkg.batchGenerate(["a paper boat"])',
    generateWithFallback: 'pkg.generateWithFallback("a paper boat")',
    classifyError: 'pkg.classifyError(new Error("429 RESOURCE_EXHAUSTED"))',
    getRetryDelay: 'pkg.getRetryDelay(new Error("429 RESOURCE_EXHAUSTED"), 1)',
  };

  it('the copy is the package otherwise', async () => {
    const real = new URL('../../pkg/index.js', import.meta.url).href;
    const [ours, theirs] = await Promise.all([
      import(real),
      import(pathToFileURL(`${copy.path}/index.js`).href),
    ]);
    assert.deepEqual(Object.keys(theirs).sort(), Object.keys(ours).sort());
  });

  for (const [name, trial] of Object.entries(TRIALS)) {
    it(`${name} fails, and calls nothing`, async () => {
      // A process for each, since the first trap is remembered.
      const script = `
        const pkg = await import(${JSON.stringify(pathToFileURL(`${copy.path}/index.js`).href)});
        let calls = 0;
        const apiKey = 'a-key-of-nobody';
        const fn = async () => { calls += 1; return 1; };
        const fetch = async () => { calls += 1; return Response.json({}); };
        globalThis.fetch = fetch;
        process.env.GEMINI_API_KEY = apiKey;
        let told = 'it succeeded';
        try { await (${trial}); } catch (error) { told = 'it failed'; }
        console.log(JSON.stringify({ told, calls }));`;
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
        timeout: 20_000,
      });
      assert.deepEqual(JSON.parse(stdout), { told: 'it failed', calls: 0 });
    });
  }
});

interface State {
  now: string;
  message?: string;
  cause?: boolean;
}

interface Round {
  depth: number;
  own: State;
  waiting: Record<'flying' | 'waiting' | 'fetching' | 'idle', State>;
  next: Record<'retry' | 'generate' | 'other', State>;
  kind?: string;
  closed: string;
}

describe('a trap', () => {
  let copy: Copy;
  before(() => {
    copy = fused();
  });
  after(() => copy.remove());

  /** Each entry, what its own call ends with, and how deep a trap must have been tried at least. */
  const ENTRIES: [string, string, number][] = [
    ['retry', 'GenerateError unknown', 20],
    ['generate', 'GenerateError unknown', 20],
    ['generateWithRetry', 'GenerateError unknown', 20],
    ['generateWithFallback', 'GenerateError unknown', 20],
    ['batchGenerate', 'GenerateError unknown', 10],
    ['createClient', 'GenerateError unknown', 5],
    ['classifyError', 'GenerateError unknown', 50],
    ['getRetryDelay', 'GenerateError unknown', 50],
    ['abort', 'Error: the reason', 5],
    ['close', 'GenerateError unknown', 5],
    ['microtask', 'GenerateError unknown', 3],
    ['fetched', 'GenerateError unknown', 10],
    ['settled', 'GenerateError unknown', 3],
    ['rejected', 'GenerateError unknown', 3],
    ['timer', 'GenerateError unknown', 10],
    ['inside', 'GenerateError unknown', 50],
  ];

  for (const [entry, own, deepest] of ENTRIES) {
    it(`in ${entry}, however deep, ends what waits and nothing else`, async () => {
      const { stdout } = await run(process.execPath, [CHILD, copy.path, entry], {
        timeout: 30_000,
      });
      const { rounds, uncaught } = JSON.parse(stdout) as { rounds: Round[]; uncaught: string[] };
      assert.deepEqual(uncaught, [], 'the process was told');
      const depth = rounds.at(-1)?.depth ?? 0;
      assert.ok(depth >= deepest, `it was tried to a depth of ${depth} only`);
      for (const round of rounds) {
        const at = `at a depth of ${round.depth}`;
        // What was settled before the trap stays so.
        const early = { close: 'GenerateError closed', settled: 'resolved 1' }[entry] ?? own;
        const told = [own, early];
        assert.ok(told.includes(round.own.now), `${round.own.now} ${at}`);
        for (const [who, state] of Object.entries(round.waiting)) {
          // A client that was closed before it trapped may have told some of its calls so.
          const closed = entry === 'close' && state.now === 'GenerateError closed';
          if (!closed) assert.equal(state.now, 'GenerateError unknown', `${who} ${at}`);
          if (!closed) assert.match(state.message ?? '', /failed inside/, `${who} ${at}`);
          if (!closed) assert.equal(state.cause, true, `${who} ${at}: the trap is the cause`);
        }
        const { retry, generate, other } = round.next;
        // A client that was closed stays closed.
        assert.equal(retry.now, entry === 'close' ? 'GenerateError closed' : 'resolved 7', at);
        assert.equal(generate.now, 'resolved 1', at);
        assert.equal(other.now, 'resolved 12', at);
        assert.equal(round.kind, 'overloaded', at);
      }
    });
  }

  it('leaves clients that can be closed', async () => {
    const { stdout } = await run(process.execPath, [CHILD, copy.path, 'retry']);
    const { rounds } = JSON.parse(stdout) as { rounds: Round[] };
    assert.deepEqual([...new Set(rounds.map(({ closed }) => closed))], ['closed']);
  });
});
