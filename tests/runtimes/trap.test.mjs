/** Traps in Chromium, where WebAssembly loads asynchronously: what `trap.test.ts` asks of Node. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HERE, launchChromium, ROOT, serve, watchedPage } from './host.mjs';

if (!process.features.typescript) await import('../../scripts/strip-types.mjs');
const { check, ENTRIES } = await import('../js/support/trap-checks.ts');
const { fused } = await import('../js/support/trapping.ts');

let copy;
let site;
let browser;

before(async () => {
  copy = fused();
  cpSync(join(HERE, 'projects', 'trap'), copy.path, { recursive: true });
  const rounds = 'trap-rounds.mjs';
  cpSync(join(ROOT, 'tests', 'js', 'support', rounds), join(copy.path, rounds));
  site = await serve(copy.path);
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  site?.close();
  copy?.remove();
});

/** A new page's report on an entry, and the errors and warnings that reached the page or its console. */
async function open(entry) {
  const { page, errors, warnings } = await watchedPage(browser);
  try {
    await page.goto(`${site.url}/?entry=${entry}`);
    await page.waitForFunction('document.getElementById("result").textContent !== ""');
    const told = JSON.parse(await page.textContent('#result'));
    return { ...told, uncaught: [...told.uncaught, ...errors], warnings };
  } finally {
    await page.close();
  }
}

describe('a trap in a page', { concurrency: 4 }, () => {
  for (const [entry, own, deepest] of ENTRIES) {
    it(`in ${entry}, however deep, ends what waits and nothing else`, async () => {
      const told = await open(entry);
      check(entry, own, deepest, told);
      for (const { own, closed } of told.rounds) {
        if (own.now === 'GenerateError unknown') assert.match(own.message, /failed inside/);
        assert.equal(closed, 'closed');
      }
    });
  }

  it('in the very call that loaded the WebAssembly', async () => {
    const { cold, uncaught } = await open('cold');
    assert.deepEqual(uncaught, []);
    assert.equal(cold.own.now, 'GenerateError unknown');
    assert.match(cold.own.message, /failed inside/);
    assert.equal(cold.next.now, 'resolved 1');
  });
});

describe('a page', () => {
  it('is told what synchronous functions wait for', async () => {
    const { early } = await open('settled');
    assert.match(early, /`await ready\(\)`/);
  });

  it('is warned of its key once, however many clients and instances it has', async () => {
    const { rounds, warnings } = await open('generate');
    assert.ok(rounds.length > 1);
    assert.equal(warnings.length, 1, warnings.join('\n'));
    assert.match(warnings[0], /^unexhausted: .*key.*proxy/);
  });
});
