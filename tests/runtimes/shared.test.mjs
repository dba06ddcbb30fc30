/** Two pages of one profile in Chromium on one quota, in the profile's IndexedDB. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium, project, serve, watchedPage } from './host.mjs';

const RPM = 20;

let browser;

before(async () => {
  browser = await launchChromium();
});

after(() => browser?.close());

it('two pages keep to one quota, also when one is closed with requests in flight', {
  timeout: 150_000,
}, async (test) => {
  const { startEmulator } = await import('unexhausted/emulator');
  const { folder, remove } = await project('shared', {});
  test.after(remove);
  const site = await serve(folder);
  test.after(() => site.close());
  const service = await startEmulator({
    limits: { '*': { rpm: RPM } },
    discipline: 'sliding',
    clockOffset: 0,
    transit: [0, 20],
    latency: { median: 3_000, sigma: 0 },
  });
  test.after(() => service.close());
  // Pages of one context share its storage, as those of one profile do.
  const profile = await browser.newContext();
  test.after(() => profile.close());
  const open = async () => {
    const watched = await watchedPage(profile);
    await watched.page.goto(`${site.url}/?service=${encodeURIComponent(service.url)}&rpm=${RPM}`);
    await watched.page.waitForFunction('window.isReady');
    return watched;
  };
  const first = await open();
  const second = await open();
  const ledger = () => service.emulator.ledger();

  await second.page.evaluate('make(10)');
  await second.page.waitForFunction('served === 10');
  await first.page.evaluate('make(8)');
  for (let wait = 0; ledger().totals.requests < 14; wait += 1) {
    assert.ok(wait < 1_000, `only ${ledger().totals.requests} were sent`);
    await sleep(10);
  }
  // It has reserved for requests that were sent, and will never say what became of them.
  assert.ok((await first.page.evaluate('served')) === 0, 'the first page waits for answers');
  await first.page.close();
  const sent = ledger().totals.requests;

  const used = await second.page.evaluate('used()');
  assert.ok(used >= sent && used <= RPM, `it knows of ${used}, and ${sent} were sent`);
  // More than is left of this minute.
  await second.page.evaluate('make(10)');
  await second.page.waitForFunction('served + failed.length === 20', null, { timeout: 120_000 });
  assert.deepEqual(await second.page.evaluate('failed'), []);
  assert.equal(await second.page.evaluate('served'), 20);
  const [usage] = ledger().usage;
  const { slidingMinute, fixedMinute } = usage.counted;
  test.diagnostic(`at most ${slidingMinute.requests} in 60 seconds`);
  assert.ok(slidingMinute.requests <= RPM && fixedMinute.requests <= RPM);
  assert.equal(usage.overLimit, 0);
  assert.equal(ledger().totals.requests, sent + 10);
  assert.deepEqual([...first.errors, ...second.errors], []);
});
