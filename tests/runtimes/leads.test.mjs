/** A service that leads elsewhere, in each host: no key and no prompt goes along. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  buildWorker,
  execute,
  host,
  launchChromium,
  project,
  serve,
  startWorkerd,
  watchedPage,
} from './host.mjs';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk', 'base64');
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-allow-methods': '*',
};
const inlineData = { mimeType: null, data: PNG.toString('base64') };
const picture = (filler) => ({ candidates: [{ content: { parts: [{ inlineData }] } }], filler });
const row = JSON.stringify({ key: 'a', response: picture('') });
const done = {
  name: 'batches/done',
  done: true,
  metadata: { state: 'BATCH_STATE_SUCCEEDED' },
  response: { responsesFile: 'files/r' },
};

let home;
let other;
let seen;

function open(handle) {
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
      request.resume().on('end', () => {
        if (request.method === 'OPTIONS') response.writeHead(204).end();
        else handle(request, response);
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const url = `http://127.0.0.1:${server.address().port}`;
      resolve({ url, close: () => server.close() });
    });
  });
}

before(async () => {
  other = await open(({ method, url, headers }, response) => {
    seen.push({ method, url, headers });
    response.end(url.startsWith('/file') ? `${row}\n` : PNG);
  });
  home = await open(({ url }, response) => {
    const leads = (to) => response.writeHead(307, { location: `${other.url}${to}` }).end();
    const json = (body) => response.end(JSON.stringify(body));
    if (url.startsWith('/moved') || url.endsWith('batches/moved')) return leads('/secret-path');
    if (url.includes('download')) return leads('/file');
    if (url.startsWith('/jobs')) return json(done);
    if (url.startsWith('/link')) return json({ data: [{ url: `${home.url}/picture` }] });
    if (url.startsWith('/picture')) return leads('/picture');
    if (url.startsWith('/svg')) return json({ data: [{ url: `${home.url}/drawing` }] });
    if (url.startsWith('/drawing')) {
      return response.writeHead(200, { 'content-type': 'image/png' }).end('<svg/>');
    }
    const body = JSON.stringify(picture('x'.repeat(url.startsWith('/fits') ? 30_000 : 300_000)));
    if (url.startsWith('/large')) return response.end(body);
    const packed = gzipSync(body);
    const length = packed.length;
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': length }).end(packed);
  });
});
after(() => {
  home?.close();
  other?.close();
});
beforeEach(() => {
  seen = [];
});

/** The checks for every host; a page is not told where a redirect leads. */
function verify(told, isPage) {
  const place = isPage ? 'where a page cannot know' : `${other.url};`;
  for (const name of ['gemini', 'imagen', 'vertex', 'images', 'chat', 'get']) {
    assert.ok(told[name].startsWith('unknown: '), `${name}: ${told[name]}`);
    assert.ok(told[name].includes(`\`baseUrl\` redirects to ${place}`), `${name}: ${told[name]}`);
    assert.doesNotMatch(told[name], /secret-path/);
  }
  assert.equal(told.link, 'image/png');
  assert.match(told.svg, /^no_image: /);
  for (const name of ['large', 'packed']) assert.match(told[name], /^too_large: /, name);
  assert.equal(told.fits, 'image/png');
  if (isPage) assert.match(told.results, /where a page cannot know.*for a server to read/);
  else assert.equal(told.results, 'a');
  const paths = seen.map(({ method, url }) => `${method} ${url}`);
  assert.deepEqual(paths, isPage ? ['GET /picture'] : ['GET /picture', 'GET /file']);
  for (const { headers } of seen) {
    assert.equal(headers['x-goog-api-key'] ?? headers.authorization, undefined);
  }
}

const PROGRAMS = {
  node20: [],
  node22: [],
  node24: [],
  deno: ['run', '--allow-all', '--no-remote', '--node-modules-dir=manual'],
  bun: ['run'],
};
for (const [name, args] of Object.entries(PROGRAMS)) {
  it(name, async (test) => {
    const { folder, remove } = await project('deno', { type: 'module' });
    test.after(remove);
    const said = await execute(host(name), [...args, 'leads-main.mjs', home.url], folder);
    verify(JSON.parse(said), false);
  });
}

it('workerd', async (test) => {
  const { folder, remove } = await project('workerd', { type: 'module' });
  test.after(remove);
  await buildWorker(folder);
  const worker = await startWorkerd(folder);
  test.after(() => worker.stop());
  const answer = await fetch(`${worker.url}/?leads=${encodeURIComponent(home.url)}`);
  verify(JSON.parse(await answer.text()), false);
});

it('Chromium', async (test) => {
  const { folder, remove } = await project('page', {});
  test.after(remove);
  const site = await serve(folder);
  test.after(() => site.close());
  const browser = await launchChromium();
  test.after(() => browser.close());
  const { page, errors } = await watchedPage(browser);
  await page.goto(`${site.url}/?leads=${encodeURIComponent(home.url)}`);
  await page.waitForFunction('document.getElementById("result").textContent !== ""');
  verify(JSON.parse(await page.textContent('#result')), true);
  assert.deepEqual(errors, []);
});
