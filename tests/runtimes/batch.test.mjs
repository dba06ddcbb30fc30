/** A batch with its journal and pictures in an IndexedDB, in pages of Chromium. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { launchChromium, project, serve, watchedPage } from './host.mjs';

const ITEMS = 8;

let browser;

before(async () => {
  browser = await launchChromium();
});

after(() => browser?.close());

it('a batch goes on when its page is closed and opened again, in one page at a time', {
  timeout: 60_000,
}, async (test) => {
  const { startEmulator } = await import('unexhausted/emulator');
  const { folder, remove } = await project('batch', {});
  test.after(remove);
  const site = await serve(folder);
  test.after(() => site.close());
  const service = await startEmulator({ transit: 0, latency: 100, pictureSize: 32 });
  test.after(() => service.close());
  const profile = await browser.newContext();
  test.after(() => profile.close());
  const open = async () => {
    const watched = await watchedPage(profile);
    await watched.page.goto(`${site.url}/?service=${encodeURIComponent(service.url)}`);
    await watched.page.waitForFunction('window.isReady');
    return watched;
  };
  const first = await open();
  const second = await open();

  const { error: noFolder } = await second.page.evaluate("run({ out: 'pictures' })");
  assert.match(noFolder, /TypeError: .*`out`.*`journal`/);

  await first.page.evaluate('void run()');
  await first.page.waitForFunction('told.length >= 3');
  // The first page must still be at work on the journal when the second asks for it.
  service.emulator.configure({ latency: 600_000 });
  const { error } = await second.page.evaluate('run()');
  assert.match(error, /another page works on the journal `boats`/);
  await first.page.close();
  service.emulator.configure({ latency: 20 });
  const summary = await second.page.evaluate('run()');
  assert.equal(summary.error, undefined);
  assert.deepEqual([summary.done, summary.failed, summary.resumable], [ITEMS, 0, false]);
  const { totals } = service.emulator.ledger();
  const items = await second.page.evaluate('told');
  assert.ok(items.filter(({ restored }) => restored).length >= 3);
  assert.ok(items.every(({ width, files }) => width === 32 && files.length === 1));
  const twice = items.filter(({ possiblyPaidTwice }) => possiblyPaidTwice).length;
  assert.ok(totals.requests - ITEMS <= twice, `${totals.requests} were sent, ${twice} twice`);
  assert.ok(twice > 0 && twice <= 2);
  assert.ok(summary.cost + summary.possibleCost >= totals.billed - 1e-6);

  // All of it is there, and nothing is asked for again.
  const third = await open();
  assert.equal((await third.page.evaluate('run()')).done, ITEMS);
  assert.equal(
    (await third.page.evaluate('told')).filter(({ restored }) => restored).length,
    ITEMS,
  );
  assert.equal(service.emulator.ledger().totals.requests, totals.requests);
  assert.deepEqual([...second.errors, ...third.errors], []);
});
