/** The catalogue's facts on requests and on prices at each tier, held against the service. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { createEmulator, type Emulator, type EmulatorConfig } from '../../pkg/emulator/index.js';
import {
  type ClientOptions,
  createClient,
  type GenerateRequest,
  models,
  type Target,
} from '../../pkg/index.js';
import { openScene } from './support/scene.ts';

const KEY = 'a-key-of-nobody-0123456789';
const PROMPT = 'a paper boat';
const PRO = 'gemini-3-pro-image';
const NEXT = 'gemini-nano-banana-2.1';
const LITE = 'gemini-3.1-flash-lite-image';
const OLD = 'gemini-2.5-flash-image';

interface Sent {
  url: string;
  headers: Headers;
  body: Record<string, unknown>;
}

let emulator: Emulator;
let sent: Sent[];
let warnings: string[];

async function open(config: EmulatorConfig = {}): Promise<void> {
  emulator?.close();
  emulator = await createEmulator({ transit: 0, latency: 0, clockOffset: 0, ...config });
}

beforeEach(async () => {
  await open();
  sent = [];
  warnings = [];
  mock.method(console, 'warn', (text: string) => warnings.push(text));
});
afterEach(() => {
  emulator.close();
  mock.restoreAll();
});

/** A client of Google's addresses, which the fake service answers. */
function client(options: ClientOptions = {}) {
  return createClient({
    apiKey: KEY,
    retry: { maxAttempts: 2, baseDelay: 1, jitter: 0 },
    ...options,
    fetch: (input, init) => {
      const text = String(init?.body);
      sent.push({
        url: String(input),
        headers: new Headers(init?.headers),
        body: JSON.parse(text) as Record<string, unknown>,
      });
      return emulator.fetch(input, init);
    },
  });
}

const asked = () => sent.map(({ url }) => /models\/([^:]+)/.exec(url)?.[1]);
const billed = () => emulator.ledger().requests.reduce((sum, { billed }) => sum + billed, 0);
const near = (found: number | undefined, usd: number) =>
  assert.ok(found !== undefined && Math.abs(found - usd) < 1e-6, `${found} and not ${usd}`);
const seeded: GenerateRequest = { contents: PROMPT, config: { seed: 7, temperature: 0.5 } };

describe('a parameter that a model refuses', () => {
  it('is left out for that model alone, with one warning', async () => {
    emulator.script([{ fault: '429-limit-zero' }, { fault: '429-limit-zero' }]);
    const own = client();
    const served = await own.generate(seeded);
    assert.equal(served.model, LITE);
    assert.deepEqual(asked(), [PRO, NEXT, LITE]);
    const configs = sent.map(({ body }) => body['generationConfig']);
    assert.deepEqual(configs, [
      { seed: 7, temperature: 0.5 },
      undefined,
      { seed: 7, temperature: 0.5 },
    ]);
    assert.equal((await own.generate(seeded)).model, LITE);
    assert.equal(warnings.length, 1, warnings.join('\n'));
    assert.match(warnings[0] ?? '', /`temperature, seed` is not for `gemini-nano-banana-2.1`/);
  });

  it('of the older model is the thinking level', async () => {
    const config = { thinkingConfig: { thinkingLevel: 'high' } };
    const served = await client({ models: [OLD] }).generate({ contents: PROMPT, config });
    assert.equal(served.model, OLD);
    assert.match(warnings[0] ?? '', /`thinkingConfig` is not for `gemini-2.5-flash-image`/);
  });

  it('costs no item of a batch', async () => {
    await open({ limits: { [PRO]: { rpd: 4 } } });
    const own = client();
    const config = { seed: 7 };
    const requests = Array.from({ length: 12 }, (_, index) => ({
      contents: `${PROMPT} ${index}`,
      config,
    }));
    const failed: unknown[] = [];
    let count = 0;
    for await (const item of own.batch(requests)) {
      count += 1;
      if (item.error !== undefined) failed.push(item.error);
    }
    assert.deepEqual([count, failed], [12, []]);
  });

  it('that the catalogue does not know of is refused once, and the next target is asked', async () => {
    // A model that nobody knows yet, and that refuses what the newest does.
    await open({ models: { 'gemini-9-image': NEXT } });
    const own = client({ models: ['gemini-9-image', PRO] });
    const served = await own.generate(seeded);
    assert.equal(served.model, PRO);
    assert.deepEqual(asked(), ['gemini-9-image', PRO]);
    assert.equal(served.switches[0]?.kind, 'invalid_request');
  });

  it('ends the call where the value is what is wrong, or there is no other target', async () => {
    const hot = { contents: PROMPT, config: { temperature: 'hot' as never } };
    await assert.rejects(client({ models: [PRO, LITE] }).generate(hot), /invalid|TYPE_FLOAT/i);
    await open({ models: { 'gemini-9-image': NEXT } });
    await assert.rejects(client({ models: ['gemini-9-image'] }).generate(seeded), {
      kind: 'invalid_request',
    });
    assert.deepEqual(asked(), [PRO, 'gemini-9-image']);
  });

  it("is what a row of the caller's says", async () => {
    const catalog = [
      { id: PRO, refuses: ['seed'] },
      { id: NEXT, refuses: [] },
    ];
    await client({ models: [PRO], catalog }).generate(seeded);
    assert.deepEqual(sent[0]?.body['generationConfig'], { temperature: 0.5 });
    await assert.rejects(client({ models: [NEXT], catalog }).generate(seeded), {
      kind: 'invalid_request',
    });
    const wrong = [{ id: PRO, refuses: ['sed'] }];
    assert.throws(() => client({ catalog: wrong }), /a list of these: temperature, topP/);
  });

  it('goes in `extraBody`, as that is sent as it is', async () => {
    const httpOptions = { extraBody: { generationConfig: { seed: 7 } } };
    await assert.rejects(
      client({ models: [NEXT] }).generate({ contents: PROMPT, config: { httpOptions } }),
      { kind: 'invalid_request' },
    );
  });

  it('is told by models()', async () => {
    const rows = await models();
    const of = (id: string) => rows.find((row) => row.id === id);
    assert.deepEqual(of(NEXT)?.refuses, ['temperature', 'topP', 'seed']);
    assert.deepEqual(of(OLD)?.refuses, ['thinkingConfig']);
    assert.equal(of(PRO)?.refuses, undefined);
  });
});

describe('the config of a target', () => {
  it('is merged over that of the request, deeply', async () => {
    const target: Target = {
      model: PRO,
      config: {
        imageConfig: { imageSize: '4K' },
        thinkingConfig: { includeThoughts: true },
        seed: 1,
      },
    };
    const request = { contents: PROMPT, config: { imageConfig: { aspectRatio: '16:9' }, seed: 7 } };
    const served = await client({ models: [target] }).generate(request);
    assert.deepEqual(sent[0]?.body['generationConfig'], {
      imageConfig: { aspectRatio: '16:9', imageSize: '4K' },
      seed: 1,
      thinkingConfig: { includeThoughts: true },
    });
    assert.equal(served.size, '4K');
    near(served.cost, billed());
    assert.ok((served.cost ?? 0) > 0.24);
  });

  it('goes with a prompt alone, and decides what the target can do', async () => {
    const large = { config: { imageConfig: { imageSize: '4K' } } };
    const own = client({
      models: [
        { model: LITE, ...large },
        { model: PRO, ...large },
      ],
    });
    const served = await own.generate(PROMPT);
    assert.equal(served.model, PRO);
    assert.deepEqual(
      served.skipped.map(({ model, lacks }) => [model, lacks]),
      [[LITE, 'size']],
    );
    assert.deepEqual(sent[0]?.body['generationConfig'], {
      responseModalities: ['IMAGE'],
      imageConfig: { imageSize: '4K' },
    });
  });

  it('is checked before any request', async () => {
    const wrong: [Target['config'], RegExp][] = [
      [{ sede: 1 } as never, /unknown key `sede` in `config`/],
      [{ serviceTier: 'flexible' }, /`serviceTier` must be 'flex', 'standard' or 'priority'/],
      [{ httpOptions: {} } as never, /`httpOptions` is not for the `config` of a target/],
      [{ imageConfig: { size: '4K' } } as never, /it is called `imageSize`/],
    ];
    for (const [config, told] of wrong) {
      const own = client({ models: [LITE, { model: PRO, config }] });
      await assert.rejects(own.generate(PROMPT), told);
    }
    assert.deepEqual(sent, []);
  });
});

describe('the tier of service', () => {
  it('is reserved as asked and counted as served', async () => {
    for (const [serviceTier, share] of [
      ['flex', 0.5],
      ['standard', 1],
      ['priority', 1.8],
    ] as const) {
      await open();
      const own = client({ models: [PRO], budget: { total: 1 } });
      const served = await own.generate({ contents: PROMPT, config: { serviceTier } });
      near(served.cost, billed());
      assert.ok(Math.abs((served.cost ?? 0) / (0.14 * share) - 1) < 0.1, `${served.cost}`);
      near((await own.costs()).spent, billed());
    }
  });

  it('never lets a budget be overspent', async () => {
    const own = client({ models: [PRO], budget: { total: 1 } });
    const config = { serviceTier: 'priority' };
    const work = Array.from({ length: 8 }, (_, index) =>
      own.generate({ contents: `${PROMPT} ${index}`, config }),
    );
    await Promise.allSettled(work);
    assert.ok(billed() <= 1 && billed() > 0.5, `${billed()}`);
  });

  it('that has served counts, by the answer or its header', async () => {
    await open({ servedTier: 'standard' });
    const config = { serviceTier: 'priority' };
    const served = await client({ models: [PRO] }).generate({ contents: PROMPT, config });
    near(served.cost, billed());
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const answer = await emulator.fetch(String(input), init ?? {});
      const body = (await answer.json()) as { usageMetadata: Record<string, unknown> };
      delete body.usageMetadata['serviceTier'];
      return Response.json(body, { headers: { 'x-gemini-service-tier': 'standard' } });
    };
    const own = createClient({ apiKey: KEY, models: [PRO], fetch });
    const told = (await own.generate({ contents: PROMPT, config })).cost ?? 0;
    assert.ok(told > 0.13 && told < 0.15, `${told}`);
  });

  it('is a ladder of one model', async () => {
    const scene = await openScene();
    try {
      scene.emulator.script(['503', '503']);
      const ladder = ['flex', 'standard', 'priority'].map((serviceTier) => ({
        model: PRO,
        config: { serviceTier },
      }));
      const tiers: unknown[] = [];
      const own = scene.client({
        models: ladder,
        retry: { maxAttempts: 1 },
        fetch: (input, init) => {
          tiers.push(JSON.parse(String(init?.body)).serviceTier);
          return scene.emulator.fetch(input, init);
        },
      });
      const served = await scene.run(own.generate(PROMPT));
      assert.deepEqual(tiers, ['flex', 'standard', 'priority']);
      assert.deepEqual(warnings, []);
      near(
        served.cost,
        scene.requests().reduce((sum, { billed }) => sum + billed, 0),
      );
    } finally {
      scene.close();
    }
  });

  it('that is misspelled, or that no model of the chain has, is told before any request', async () => {
    const ask = (models: string[], serviceTier: string) =>
      client({ models }).generate({ contents: PROMPT, config: { serviceTier } });
    await assert.rejects(ask([PRO], 'flexible'), /`serviceTier` must be 'flex'/);
    await assert.rejects(ask([NEXT, LITE], 'flex'), /has no `serviceTier: 'flex'`/);
    await assert.rejects(
      client({ models: [{ model: NEXT, config: { serviceTier: 'flex' } }] }).generate(PROMPT),
      /`gemini-nano-banana-2.1` has no `serviceTier: 'flex'`/,
    );
    assert.deepEqual(sent, []);
  });

  it('is left out for a model of the chain that has none', async () => {
    emulator.script([{ fault: '429-limit-zero' }]);
    const served = await client().generate({ contents: PROMPT, config: { serviceTier: 'flex' } });
    assert.equal(served.model, NEXT);
    assert.deepEqual(
      sent.map(({ body }) => body['serviceTier']),
      ['flex', undefined],
    );
    assert.match(warnings[0] ?? '', /`serviceTier` is not for `gemini-nano-banana-2.1`/);
    near(served.cost, billed());
  });

  it('`flex` gets fifteen minutes, unless a time is given', async () => {
    const config = { serviceTier: 'flex' };
    await client({ models: [PRO] }).generate({ contents: PROMPT, config });
    await client({ models: [PRO] }).generate({ contents: PROMPT, config }, { timeout: 60_000 });
    await client({ models: [PRO] }).generate(PROMPT);
    assert.deepEqual(
      sent.map(({ headers }) => headers.get('x-server-timeout')),
      ['900', '60', '180'],
    );
  });

  it('on Vertex is a header, and `flex` is there at the global address alone', async () => {
    const vertex = (model: string, location?: string): Target => ({
      model,
      protocol: 'vertex',
      project: 'a-project',
      accessToken: () => 'ya29.good',
      ...(location === undefined ? {} : { location }),
    });
    const ask = (target: Target, serviceTier: string) =>
      client({ models: [target] }).generate({ contents: PROMPT, config: { serviceTier } });
    const served = await ask(vertex(PRO), 'flex');
    near(served.cost, billed());
    near((await ask(vertex(NEXT, 'us-east5'), 'priority')).cost, billed() - (served.cost ?? 0));
    assert.deepEqual(
      sent.map(({ headers, body }) => [
        headers.get('x-vertex-ai-llm-shared-request-type'),
        headers.get('authorization'),
        'serviceTier' in body,
      ]),
      [
        ['flex', 'Bearer ya29.good', false],
        ['priority', 'Bearer ya29.good', false],
      ],
    );
    await assert.rejects(ask(vertex(PRO, 'us-east5'), 'flex'), /has no `serviceTier: 'flex'`/);
  });

  it('is in models() where a model has it', async () => {
    const rows = await models();
    const of = (id: string) => rows.find((row) => row.id === id);
    assert.deepEqual(of(PRO)?.tiers, ['flex', 'standard', 'priority']);
    assert.deepEqual(
      [of(NEXT)?.tiers, of(NEXT)?.vertexTiers],
      [['standard'], ['standard', 'priority']],
    );
    assert.deepEqual(
      [of(PRO)?.sizes[0]?.flexPrice, of(PRO)?.sizes[0]?.priorityPrice],
      [0.067, 0.2412],
    );
    assert.equal(of(LITE)?.sizes[0]?.flexPrice, undefined);
  });
});

describe('a search of the web', () => {
  it('is reserved and counted', async () => {
    const request = { contents: PROMPT, config: { tools: [{ googleSearch: {} }] } };
    const served = await client({ models: [PRO] }).generate(request);
    near(served.cost, billed());
    await assert.rejects(client({ models: [PRO] }).generate(request, { maxCost: 0.15 }), {
      kind: 'over_budget',
    });
    await client({ models: [PRO] }).generate(PROMPT, { maxCost: 0.15 });
  });
});

describe('the name of a model', () => {
  it('may be that of its resource, or a nickname', async () => {
    const own = client({ models: ['publishers/google/models/gemini-3-pro-image', LITE] });
    await own.generate(PROMPT);
    await own.generate({ model: `models/${LITE}`, contents: PROMPT });
    await own.generate({
      model: 'projects/p/locations/global/publishers/google/models/gemini-nano-banana-2.1',
      contents: PROMPT,
    });
    assert.deepEqual(warnings, []);
    await own.generate({ model: 'nano-banana-pro', contents: PROMPT });
    assert.deepEqual(asked(), [PRO, LITE, NEXT, PRO]);
    assert.match(
      warnings[0] ?? '',
      /`nano-banana-pro` is .* a nickname; asking for `gemini-3-pro-image`/,
    );
  });

  it('with a slip of the pen is told with what may have been meant', async () => {
    const own = client({ models: ['gemini-3-pro-imgae'] });
    await assert.rejects(own.generate(PROMPT), {
      kind: 'model_not_found',
      advice: /Did you mean `gemini-3-pro-image`\?/,
    });
  });
});

describe('what an answer says of its model', () => {
  /** A client whose answers are changed. */
  function changed(change: Record<string, unknown>, options: ClientOptions = {}) {
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const answer = await emulator.fetch(String(input), init ?? {});
      return Response.json({ ...((await answer.json()) as object), ...change });
    };
    return createClient({ apiKey: KEY, fetch, ...options });
  }

  it('reaches `modelRetired`', async () => {
    const heard: unknown[] = [];
    const modelStatus = {
      modelStage: 'DEPRECATED',
      retirementTime: '2027-03-01T00:00:00Z',
      message: 'It ends.',
    };
    const own = changed({ modelStatus }, { on: { modelRetired: (told) => heard.push(told) } });
    await own.generate(PROMPT);
    await own.generate(PROMPT);
    const { retirementTime: endsAt, message } = modelStatus;
    assert.deepEqual(heard, [{ endsAt, message, model: PRO, status: 'deprecated' }]);
  });

  it('as another model decides the cost', async () => {
    const heard: unknown[] = [];
    const own = changed(
      { modelVersion: NEXT },
      { on: { modelRetired: (told) => heard.push(told) } },
    );
    const served = await own.generate(PROMPT);
    assert.equal(served.model, NEXT);
    assert.equal(served.requestedModel, PRO);
    assert.ok((served.cost ?? 0) < 0.05, `${served.cost}`);
    near((await own.costs()).spent, served.cost ?? 0);
    assert.deepEqual(heard, [{ successor: NEXT, model: PRO, status: 'retired' }]);
  });
});

describe('the signature of a thought', () => {
  it('of another API is replaced, and the request sent once more', async () => {
    const vertex: Target = {
      model: PRO,
      protocol: 'vertex',
      project: 'a-project',
      accessToken: () => 'ya29.good',
    };
    const first = await client({ models: [PRO] }).generate(PROMPT);
    const [answer] = first.response.candidates ?? [];
    const contents = [
      { role: 'user', parts: [{ text: PROMPT }] },
      { role: 'model', parts: answer?.content?.parts ?? [] },
      { role: 'user', parts: [{ text: 'with a flag' }] },
    ];
    const same = await client({ models: [PRO] }).generate({ contents });
    assert.equal(same.attempts.length, 1);
    assert.equal(sent.length, 2);
    const crossed = await client({ models: [vertex] }).generate({ contents });
    assert.equal(crossed.attempts.length, 1);
    assert.equal(sent.length, 4);
    const crossing = sent[3]?.body['contents'] as { parts: Record<string, unknown>[] }[];
    const parts = crossing?.[1]?.parts;
    assert.equal(parts?.at(-1)?.['thoughtSignature'], 'skip_thought_signature_validator');
  });
});

describe('what only Vertex knows', () => {
  const config = {
    labels: { team: 'boats' },
    imageConfig: { outputMimeType: 'image/png', outputCompressionQuality: 80 },
  } as never;
  const vertex: Target = {
    model: PRO,
    protocol: 'vertex',
    project: 'a-project',
    accessToken: () => 'ya29.good',
  };

  it('goes there as the SDK sends it, with the headers of the request', async () => {
    const headers = { 'x-team': 'boats' };
    const request = {
      contents: PROMPT,
      config: { ...(config as object), httpOptions: { headers } },
    };
    await client({ models: [vertex] }).generate(request);
    assert.deepEqual(sent[0]?.body['labels'], { team: 'boats' });
    assert.deepEqual(sent[0]?.body['generationConfig'], {
      imageConfig: { imageOutputOptions: { mimeType: 'image/png', compressionQuality: 80 } },
    });
    assert.equal(sent[0]?.headers.get('x-team'), 'boats');
    assert.deepEqual(warnings, []);
  });

  it('is left out elsewhere, by name', async () => {
    await client({ models: [PRO] }).generate({ contents: PROMPT, config });
    assert.deepEqual(Object.keys(sent[0]?.body ?? {}), ['contents']);
    assert.match(
      warnings[0] ?? '',
      /`labels, outputMimeType, outputCompressionQuality` cannot be said/,
    );
  });

  it('and is about safety skips other targets', async () => {
    const armed = { contents: PROMPT, config: { modelArmorConfig: { promptTemplateName: 'a' } } };
    const served = await client({ models: [PRO, vertex] }).generate(armed);
    assert.deepEqual(
      served.skipped.map(({ lacks }) => lacks),
      ['modelArmorConfig'],
    );
    await assert.rejects(client({ models: [PRO] }).generate(armed), /modelArmorConfig/);
  });
});
