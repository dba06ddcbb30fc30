/** Every protocol in Chromium, from a page of another origin, wrong answers included. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium, project, serve, watchedPage } from './host.mjs';

const PRO = 'gemini-3-pro-image';
const IMAGEN = 'imagen-4.0-fast-generate-001';

let browser;
let made;
let site;
let service;
let watched;

before(async () => {
  const { startEmulator } = await import('unexhausted/emulator');
  browser = await launchChromium();
  made = await project('protocols', {});
  site = await serve(made.folder);
  service = await startEmulator({});
  watched = await watchedPage(browser);
  await watched.page.goto(site.url);
  await watched.page.waitForFunction('window.isReady');
});

after(async () => {
  await browser?.close();
  await service?.close();
  site?.close();
  made?.remove();
});

beforeEach(() => configure());

function configure(config = {}) {
  service.emulator.reset();
  service.emulator.configure({
    ...{ transit: 0, latency: 0, clockOffset: 0, models: { [IMAGEN]: PRO } },
    ...{ tokens: null, pictureAs: null, script: null },
    ...config,
  });
}

const TARGETS = {
  gemini: () => ({ model: PRO, baseUrl: service.url, apiKey: 'any' }),
  vertex: () => ({ model: PRO, baseUrl: service.url, project: 'p' }),
  imagen: () => ({ model: IMAGEN, baseUrl: service.url, apiKey: 'any' }),
  'openai-images': () => ({ model: PRO, baseUrl: `${service.url}/v1`, apiKey: 'any' }),
  'openai-chat': () => ({ model: PRO, baseUrl: `${service.url}/v1`, apiKey: 'any' }),
};

/** Makes the page's client, of one target at 5 cents a picture. */
async function open(protocol, given = protocol === 'vertex' ? ['ya29.good'] : []) {
  const target = { protocol, price: 0.05, ...TARGETS[protocol]() };
  await watched.page.evaluate(([target, given]) => window.prepare(target, given), [target, given]);
}

const ask = () => watched.page.evaluate('ask()');
const kinds = ({ attempts }) => attempts.map(({ kind }) => kind);

function isPicture(answer) {
  assert.equal(answer.mimeType, 'image/png', answer.message);
  assert.equal(answer.head, 'iVBORw0KGgo');
  assert.deepEqual(answer.bytes, [137, 80, 78, 71]);
  assert.equal(answer.cost, 0.05);
}

for (const protocol of Object.keys(TARGETS)) {
  describe(protocol, () => {
    it('makes a picture through an outage', async () => {
      configure({ script: ['503'] });
      await open(protocol);
      const answer = await ask();
      isPicture(answer);
      assert.deepEqual(kinds(answer), ['overloaded', undefined]);
    });

    it('is left where it speaks in HTML', async () => {
      configure({ script: ['html'] });
      await open(protocol);
      const answer = await ask();
      // In a page an answer without CORS headers cannot be told from no answer; these have them.
      assert.equal(answer.kind, 'unknown');
      assert.match(answer.message, /answer is not one of/);
    });
  });
}

for (const protocol of ['openai-images', 'openai-chat']) {
  describe(`${protocol}: a link`, () => {
    it('is fetched', async () => {
      configure({ pictureAs: 'link' });
      await open(protocol);
      isPicture(await ask());
      assert.equal(service.emulator.ledger().requests.at(-1).call, 'picture');
    });

    it('that is dead is a picture that is lost', async () => {
      configure({ script: ['dead-link'] });
      await open(protocol);
      const answer = await ask();
      isPicture(answer);
      assert.deepEqual(kinds(answer), ['no_image', undefined]);
      assert.equal(answer.possibleCost, 0.05);
    });
  });
}

describe('a token', () => {
  it('that ends in the middle is replaced', async () => {
    const end = Date.now() + 400;
    configure({ tokens: { 'ya29.short': end, 'ya29.long': null } });
    await open('vertex', ['ya29.short', 'ya29.long']);
    isPicture(await ask());
    await sleep(end - Date.now() + 5);
    const answer = await ask();
    isPicture(answer);
    assert.deepEqual(kinds(answer), [undefined]);
    assert.equal(answer.tokens.asked, 2);
  });

  it('that nobody takes is an error of the key', async () => {
    configure({ tokens: { other: null } });
    await open('vertex', ['ya29.bad']);
    assert.equal((await ask()).kind, 'unauthenticated');
  });
});

it('nothing reaches the page besides', () => assert.deepEqual(watched.errors, []));
