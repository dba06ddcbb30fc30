/** The packed package in Chromium: as plain files, and through Vite without any configuration. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { build } from 'vite';
import { launchChromium, overloadedOnce, project, serve, watchedPage } from './host.mjs';

let browser;

before(async () => {
  browser = await launchChromium();
});

after(() => browser?.close());

/** Opens a folder's page against the fake service, and returns what the page says in the end. */
async function open(folder) {
  const site = await serve(folder);
  const service = await overloadedOnce();
  const { page, errors, warnings } = await watchedPage(browser);
  try {
    await page.goto(`${site.url}/?service=${encodeURIComponent(service.url)}`);
    await page.waitForFunction('document.getElementById("result").textContent !== ""');
    return { text: await page.textContent('#result'), errors, warnings };
  } finally {
    await page.close();
    await service.close();
    site.close();
  }
}

it('a plain page without a bundler', async () => {
  const { folder, remove } = await project('page', {});
  const { text, errors, warnings } = await open(folder);
  assert.equal(text, 'all is well');
  assert.deepEqual(errors, []);
  // A key in a page can be read by whoever opens it, so the package says so, once.
  assert.equal(warnings.filter((warning) => /key/.test(warning)).length, 1);
  remove();
});

it('a Vite build', async () => {
  const { folder, remove } = await project('vite', { type: 'module' });
  await build({ root: folder, logLevel: 'error' });
  const files = readdirSync(join(folder, 'dist', 'assets'));
  // The module is inside the script: there is no second file that a deployment could lose.
  assert.deepEqual(
    files.filter((file) => file.endsWith('.wasm')),
    [],
  );
  const { text, errors } = await open(join(folder, 'dist'));
  assert.equal(text, 'all is well');
  assert.deepEqual(errors, []);
  remove();
});
