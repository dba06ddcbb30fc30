/** Bodies of answers, good and bad, in each protocol, before anybody damages them. */
import type { Protocol } from '../../../pkg/index.js';
import type { Dice } from './dice.ts';
import * as odd from './odd.ts';

/** Secrets that no output may contain. */
export const KEY = 'AIzaSyPlanted-0123456789abcdefghijklmnop';
export const TOKEN = 'ya29.planted-token-0123456789';
// Of five words each: three in a row are known again, also where a cut has damaged one at the edge.
const HEAD = 'ZEBRA-7741-VIOLET-3308-PEPPER';
const TAIL = 'OMEGA-5519-INDIGO-2046-WALNUT';
export const PROMPT = `${HEAD}: a paper boat on a calm lake, ${TAIL}`;
export const WORDS: readonly string[] = [HEAD, TAIL];

const said = (dice: Dice): string =>
  dice.pick([
    () => `Refused for key ${KEY} and prompt ${PROMPT}.`,
    () => `Please retry in ${odd.duration(dice)}.`,
    () => `Quota exceeded for metric: x, limit: ${odd.number(dice)}, model: gemini-3-pro-image`,
    () => JSON.stringify({ error: { code: odd.number(dice), message: PROMPT } }),
    () => odd.text(dice),
  ])();

const type = (name: string): string => `type.googleapis.com/google.rpc.${name}`;

const detail = (dice: Dice): unknown =>
  dice.pick([
    () => ({ '@type': type('RetryInfo'), retryDelay: odd.duration(dice) }),
    () => ({ '@type': type('ErrorInfo'), reason: odd.text(dice), metadata: { key: KEY } }),
    () => ({
      '@type': type('QuotaFailure'),
      violations: dice.list(3, () => ({
        quotaMetric: 'generativelanguage.googleapis.com/generate_requests',
        quotaId: dice.pick(['PerMinutePerProject', 'PerDayPerProject', 'Tokens', odd.text(dice)]),
        quotaDimensions: { model: dice.pick(['gemini-3-pro-image', odd.text(dice)]) },
        quotaValue: odd.number(dice),
      })),
    }),
  ])();

/** A refusal, as Google, OpenAI and relays write them. */
export const refusal = (dice: Dice, status: number): unknown =>
  dice.pick([
    () => ({
      error: {
        code: dice.chance(0.8) ? status : odd.number(dice),
        message: said(dice),
        status: odd.statusText(dice),
        details: dice.list(3, () => detail(dice)),
      },
    }),
    () => ({
      error: { message: said(dice), type: odd.text(dice), code: odd.text(dice), param: KEY },
    }),
    () => [{ error: { code: status, message: said(dice), status: odd.statusText(dice) } }],
    () => ({ message: said(dice), code: odd.number(dice) }),
    () => odd.value(dice),
  ])();

const usage = (dice: Dice): unknown => ({
  promptTokenCount: odd.number(dice),
  candidatesTokenCount: odd.number(dice),
  thoughtsTokenCount: odd.number(dice),
  totalTokenCount: odd.number(dice),
  candidatesTokensDetails: dice.list(3, () => ({
    modality: dice.pick(['IMAGE', 'TEXT', odd.text(dice)]),
    tokenCount: odd.number(dice),
  })),
});

const part = (dice: Dice): unknown =>
  dice.pick([
    () => ({ inlineData: { mimeType: 'image/png', data: odd.picture(dice) } }),
    () => ({ inlineData: { mimeType: odd.mime(dice), data: odd.picture(dice) } }),
    () => ({ inlineData: { mimeType: 'image/png', data: odd.value(dice) } }),
    () => ({ text: `${KEY} ${PROMPT}`, thought: dice.chance(0.5) }),
  ])();

const gemini = (dice: Dice): unknown => ({
  candidates: dice.list(2, () => ({
    content: { role: 'model', parts: dice.list(3, () => part(dice)) },
    finishReason: dice.pick(['STOP', 'NO_IMAGE', 'IMAGE_SAFETY', 'MAX_TOKENS', odd.text(dice)]),
    finishMessage: dice.pick([undefined, `${KEY} ${PROMPT}`]),
    index: odd.number(dice),
  })),
  promptFeedback: dice.pick([undefined, { blockReason: 'OTHER', blockReasonMessage: PROMPT }]),
  usageMetadata: dice.chance(0.7) ? usage(dice) : odd.value(dice),
  modelVersion: dice.pick(['gemini-3-pro-image', odd.text(dice)]),
  responseId: odd.value(dice),
  error: dice.chance(0.1) ? { code: 429, message: said(dice) } : undefined,
});

/** An address of a picture; a request to it gets another odd answer. */
const link = (dice: Dice): string =>
  dice.pick([
    ...[
      'https://cdn.test/a.png',
      'http://cdn.test/b.png?sig=z',
      'https://user:pass@cdn.test/c.png',
    ],
    ...['HTTPS://CDN.TEST/d.PNG', 'ftp://cdn.test/e.png', 'file:///etc/passwd', '//cdn.test/f.png'],
    ...['http://[::1', 'https://', 'http://127.0.0.1:1/g.png', 'javascript:alert(1)'],
    ...[
      'data:image/png;base64,iVBORw0KGgo=',
      'data:image/svg+xml,<svg/>',
      'data:,',
      'data:image/;base64,',
    ],
    `https://cdn.test/${'x'.repeat(9_000)}.png`,
  ]);

const imagen = (dice: Dice): unknown => ({
  predictions: dice.list(2, () =>
    dice.pick([
      () => ({ bytesBase64Encoded: odd.picture(dice), mimeType: odd.mime(dice) }),
      () => ({ raiFilteredReason: `${KEY} ${PROMPT}` }),
      () => odd.value(dice),
    ])(),
  ),
});

const counts = (dice: Dice): unknown => ({
  prompt_tokens: odd.number(dice),
  input_tokens: odd.number(dice),
  completion_tokens: odd.number(dice),
  total_tokens: odd.number(dice),
  completion_tokens_details: { image_tokens: odd.number(dice), reasoning_tokens: odd.number(dice) },
});

const images = (dice: Dice): unknown => ({
  created: odd.number(dice),
  data: dice.list(2, () => dice.pick([{ b64_json: odd.picture(dice) }, { url: link(dice) }])),
  usage: dice.chance(0.7) ? counts(dice) : odd.value(dice),
});

const chat = (dice: Dice): unknown => ({
  id: odd.value(dice),
  model: dice.pick(['gemini-3-pro-image', TOKEN]),
  choices: dice.list(2, () => ({
    message: {
      content: dice.pick([
        () => `Here: ![${PROMPT}](${link(dice)}) and ${link(dice)}`,
        () => [{ type: 'image_url', image_url: { url: link(dice) } }, { text: KEY }],
        () => odd.value(dice),
      ])(),
      refusal: dice.pick([null, undefined, PROMPT]),
      images: dice.list(2, () => ({ image_url: { url: link(dice) } })),
    },
    finish_reason: dice.pick(['stop', 'content_filter', odd.text(dice)]),
    error: dice.chance(0.1) ? { code: odd.number(dice), message: said(dice) } : undefined,
  })),
  usage: dice.chance(0.7) ? counts(dice) : odd.value(dice),
});

const ANSWERS: Record<Protocol, (dice: Dice) => unknown> = {
  gemini,
  vertex: gemini,
  imagen,
  'openai-images': images,
  'openai-chat': chat,
};

/** An answer of this protocol to a request that succeeded. */
export const answer = (dice: Dice, protocol: Protocol): unknown => ANSWERS[protocol](dice);

const PICTURE = 'iVBORw0KGgo=';

/** A picture, in the words of each protocol. */
export const GOOD: Record<Protocol, unknown> = {
  gemini: {
    candidates: [
      { content: { parts: [{ inlineData: { mimeType: 'image/png', data: PICTURE } }] } },
    ],
  },
  vertex: {
    candidates: [
      { content: { parts: [{ inlineData: { mimeType: 'image/png', data: PICTURE } }] } },
    ],
  },
  imagen: { predictions: [{ bytesBase64Encoded: PICTURE, mimeType: 'image/png' }] },
  'openai-images': { data: [{ b64_json: PICTURE }] },
  'openai-chat': {
    choices: [
      { message: { images: [{ image_url: { url: `data:image/png;base64,${PICTURE}` } }] } },
    ],
  },
};
