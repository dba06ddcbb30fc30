/**
 * The package without its WebAssembly decides nothing. When the WebAssembly traps, every waiting call
 * is rejected, the process lives, and the next call works.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { check, ENTRIES, type Told } from './support/trap-checks.ts';
import { type Copy, fused, trapping } from './support/trapping.ts';

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL('support/trap-child.mjs', import.meta.url));
const BATCH_CHILD = fileURLToPath(new URL('support/trap-batch-child.mjs', import.meta.url));

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

interface BatchRound {
  depth: number;
  lit: boolean;
  ended: string;
  besideEnded: string;
  items: string[];
  served: number;
  next: unknown;
}

describe('a trap beneath a batch', () => {
  for (const name of ['unexhausted', 'bulk'] as const) {
    for (const kept of [false, true]) {
      it(`in ${name}, ${kept ? 'with' : 'without'} a journal, ends it and hangs nobody`, async () => {
        const copy = fused(name);
        const folder = kept ? [mkdtempSync(join(tmpdir(), 'unexhausted-journals-'))] : [];
        try {
          const { stdout } = await run(process.execPath, [BATCH_CHILD, copy.path, ...folder], {
            timeout: 60_000,
          });
          const { rounds, uncaught } = JSON.parse(stdout) as {
            rounds: BatchRound[];
            uncaught: string[];
          };
          assert.deepEqual(uncaught, [], 'the host was told');
          assert.ok(rounds.filter(({ lit }) => lit).length > 15, 'too few traps');
          for (const { depth, ended, besideEnded, items, served, next } of rounds) {
            const at = `at a depth of ${depth}: ${ended}; ${besideEnded}`;
            const ends = ['complete, complete', 'GenerateError unknown, GenerateError unknown'];
            assert.ok(ends.includes(ended) && ends.includes(besideEnded), at);
            assert.equal(next, 7, at);
            // A trap in a batch and not in its calls costs no picture.
            const done = items.filter((item) => item === 'done').length;
            if (name === 'bulk') assert.equal(done, served, at);
          }
        } finally {
          copy.remove();
          for (const path of folder) rmSync(path, { recursive: true });
        }
      });
    }
  }
});

describe('a trap', () => {
  let copy: Copy;
  before(() => {
    copy = fused();
  });
  after(() => copy.remove());

  for (const [entry, own, deepest] of ENTRIES) {
    it(`in ${entry}, however deep, ends what waits and nothing else`, async () => {
      const { stdout } = await run(process.execPath, [CHILD, copy.path, entry], {
        timeout: 30_000,
      });
      check(entry, own, deepest, JSON.parse(stdout));
    });
  }

  it('is got over once there is memory for another instance', async () => {
    const script = `
      const Real = WebAssembly.Instance;
      let exports;
      let full = false;
      WebAssembly.Instance = class {
        constructor(...args) {
          if (full) throw new RangeError('out of memory');
          this.exports = exports = new Real(...args).exports;
        }
      };
      const pkg = await import(${JSON.stringify(pathToFileURL(`${copy.path}/index.js`).href)});
      const client = pkg.createClient();
      const told = [];
      const call = () => client.retry(async () => 1).then(
        (value) => told.push(value),
        (error) => told.push(error.message.replace(/;.*/, '')),
      );
      exports.fuse.value = 3;
      await call();
      full = true;
      await call();
      full = false;
      await call();
      console.log(JSON.stringify(told));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 20_000,
    });
    assert.deepEqual(JSON.parse(stdout), ['unexhausted failed inside', 'out of memory', 1]);
  });

  it('leaves clients that can be closed', async () => {
    const { stdout } = await run(process.execPath, [CHILD, copy.path, 'retry']);
    const { rounds } = JSON.parse(stdout) as Told;
    assert.deepEqual([...new Set(rounds.map(({ closed }) => closed))], ['closed']);
  });
});
