/** One call of the package against a service that answers oddly. */
import type FakeTimers from '@sinonjs/fake-timers';
import {
  type Client,
  type ClientOptions,
  createClient,
  type GenerateOptions,
  type Protocol,
  type Target,
} from '../../../pkg/index.js';
import { GOOD, KEY, PROMPT, TOKEN, WORDS } from './bodies.ts';
import { Dice } from './dice.ts';
import * as foreign from './foreign.ts';
import { download, type Step, step } from './service.ts';

type Timer = ReturnType<FakeTimers.Clock['setTimeout']>;

const DAY = 86_400_000;
const MODELS = ['gemini-3-pro-image', 'gemini-nano-banana-2.1', 'gemini-3.1-flash-lite-image'];
const WAYS = [
  'generate',
  'generate',
  'generateWithRetry',
  'generateWithFallback',
  'batchGenerate',
  'retry',
] as const;

/** How each protocol is known by the address that is asked. */
const PATHS: Record<Protocol, RegExp> = {
  imagen: /:predict$/,
  'openai-images': /\/images\/generations$/,
  'openai-chat': /\/chat\/completions$/,
  vertex: /\/projects\//,
  gemini: /:generateContent$/,
};
const PROTOCOLS = Object.keys(PATHS) as Protocol[];

/** A call, and what became of it. */
export interface Trial {
  readonly seed: number;
  readonly what: string;
  readonly way: (typeof WAYS)[number];
  readonly client: Client;
  readonly options: GenerateOptions;
  budget: number | undefined;
  readonly began: number;
  /** Texts that no output may contain: a key or token that was sent, and the prompt. */
  readonly secrets: readonly string[];
  /** The events that listeners and callbacks were given. */
  readonly events: object[];
  /** Fulfilled once it has ended, however it did. */
  done: Promise<void>;
  ended?: { at: number; failed: boolean; value: unknown };
  aborted?: { at: number; reason: Error };
  /** From here on every request is given a picture. */
  recover(): void;
  /** Lets go of what the service was still to do. */
  end(): void;
}

function target(dice: Dice, protocol: Protocol): Target {
  const vertex = { accessToken: () => TOKEN, project: 'my-project' };
  return {
    model: protocol === 'imagen' ? 'imagen-4.0-fast-generate-001' : dice.pick(MODELS),
    protocol,
    baseUrl: 'https://service.test/v1',
    ...(protocol === 'vertex' ? vertex : { apiKey: KEY }),
    ...(dice.chance(0.1) ? { price: 0.01 } : {}),
  };
}

type Options = Omit<ClientOptions, 'models'> & { models: Target[] };

function clientOptions(dice: Dice, protocol: Protocol): Options {
  const others = dice.list(2, () => target(dice, dice.pick(PROTOCOLS)));
  const options: Options = { models: [target(dice, protocol), ...others] };
  if (dice.chance(0.4)) options.limits = dice.pick(['none', 'tier1', 'tier3'] as const);
  // Without limits nobody counts the money either.
  if (dice.chance(0.3) && options.limits !== 'none') {
    options.budget = { total: dice.pick([0.05, 0.3, 1, 100]) };
  }
  if (dice.chance(0.2)) options.maxServerDelay = dice.pick([0, 1_000, DAY]);
  if (dice.chance(0.2)) options.onDailyLimit = dice.pick(['fail', 'fallback', 'wait'] as const);
  if (dice.chance(0.2)) options.degrade = { to: ['2K', '1K'] };
  if (dice.chance(0.3)) {
    options.retry = { maxAttempts: 1 + dice.below(6), baseDelay: dice.pick([0, 1, 5_000]) };
  }
  return options;
}

const DECISIONS: readonly unknown[] = [
  ...[undefined, true, false, null, 7, 'yes', {}, { delay: 0 }, { delay: -1 }, { delay: 1e300 }],
  ...[{ delay: Number.NaN }, { delay: '5' }, { delay: Number.POSITIVE_INFINITY }],
];

function callOptions(dice: Dice, tell: (event: object) => void): GenerateOptions {
  const options: GenerateOptions = { timeout: dice.pick([1_000, 60_000, 180_000]) };
  const fails = (): never => {
    throw foreign.thrown(dice, 'of the caller');
  };
  const decides = (): never => dice.pick(DECISIONS) as never;
  if (dice.chance(0.3)) options.onRetry = dice.pick([tell, fails, async () => fails()]);
  if (dice.chance(0.1)) {
    options.fallbackOn = dice.pick([decides, async () => decides(), fails, async () => fails()]);
  }
  if (dice.chance(0.6)) {
    options.deadline = dice.pick([1, 1_000, 60_000, 3_600_000, 2 * DAY]);
    // A wait without end is granted to a caller that asks for it, hence the deadline.
    if (dice.chance(0.1)) options.maxServerDelay = 1e300;
    if (dice.chance(0.2)) {
      options.shouldRetry = dice.pick([decides, async () => decides(), fails, async () => fails()]);
    }
  }
  return options;
}

const EVENTS = [
  ...['attempt', 'retry', 'waiting', 'fallback', 'failure', 'limitLearned', 'quotaExhausted'],
  ...['circuitOpened', 'circuitClosed', 'modelRetired', 'budgetAlert'],
];

type Answer = (signal: AbortSignal | null | undefined) => Promise<unknown>;

/** A service, by the `fetch` that reaches it: apart, since that lives as long as its client. */
function serve(dice: Dice, protocol: Protocol, clock: FakeTimers.Clock) {
  const timers = new Set<Timer>();
  const later = (ms: number, what: () => void): void => {
    timers.add(clock.setTimeout(what, ms));
  };
  const steps: Step[] = dice.list(6, () => step(dice, protocol));
  const isPolite = dice.chance(0.7);
  const answer: Answer = async (signal) => {
    const next = steps.shift();
    if (next === undefined) return Response.json(GOOD[protocol]);
    await new Promise<void>((resolve, reject) => {
      if (next.wait === 0) resolve();
      else later(next.wait, resolve);
      if (isPolite) signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    return next.give();
  };
  const fetch = (url: unknown, init?: RequestInit): unknown => {
    if (init?.method !== 'POST') return download(dice);
    if (steps.length > 0) return answer(init.signal);
    const spoken = PROTOCOLS.find((one) => PATHS[one].test(String(url))) ?? protocol;
    return Response.json(GOOD[spoken]);
  };
  const end = (): void => {
    for (const timer of timers) clock.clearTimeout(timer);
  };
  return { steps, answer, later, end, fetch: fetch as typeof globalThis.fetch };
}

/** Begins the call that a seed describes. */
export function begin(seed: number, clock: FakeTimers.Clock): Trial {
  const dice = new Dice(seed);
  const protocol = dice.pick(PROTOCOLS);
  const way = dice.pick(WAYS);
  const { steps, answer, fetch, later, end } = serve(dice, protocol, clock);
  const events: object[] = [];
  const tell = (event: object): void => void events.push(event);
  const throws = (): never => {
    throw foreign.thrown(dice, 'of a listener');
  };
  const listener = dice.chance(0.2) ? throws : tell;
  const given = clientOptions(dice, protocol);
  const on = Object.fromEntries(EVENTS.map((name) => [name, listener]));
  const client = createClient({ ...given, fetch, on });
  const options = callOptions(dice, tell);
  const controller = new AbortController();
  const abortAfter = dice.chance(0.2) ? dice.pick([0, 1, 420, 5_000, 100_000, DAY]) : undefined;
  if (abortAfter !== undefined) options.signal = controller.signal;
  // A chain with both may send only the key or only the token, depending on the models that it reaches.
  const keyed = given.models.filter(({ apiKey }) => apiKey !== undefined).length;
  const sent = keyed === given.models.length ? [KEY] : keyed === 0 ? [TOKEN] : [];
  const trial: Trial = {
    secrets: [...sent, ...WORDS],
    done: Promise.resolve(),
    ...{ seed, way, client, options, events, began: clock.now, budget: given.budget?.total },
    what: `${way} over ${protocol}, ${steps.map(({ what, wait }) => `${what} after ${wait} ms`)}`,
    recover: () => void steps.splice(0),
    end,
  };
  trial.done = call(trial, dice, answer).then(
    (value) => {
      trial.ended = { at: clock.now, failed: false, value };
    },
    (value: unknown) => {
      trial.ended = { at: clock.now, failed: true, value };
    },
  );
  const abort = (): void => {
    if (trial.ended !== undefined) return;
    trial.aborted = { at: clock.now, reason: new Error('enough') };
    controller.abort(trial.aborted.reason);
  };
  // A micro-task lets a call that is refused at once end before the abort.
  if (abortAfter === 0) queueMicrotask(abort);
  else if (abortAfter !== undefined) later(abortAfter, abort);
  return trial;
}

function call({ way, client, options }: Trial, dice: Dice, answer: Answer): Promise<unknown> {
  const imageSize = dice.pick([undefined, '1K', '4K']);
  const request =
    imageSize === undefined ? PROMPT : { contents: PROMPT, config: { imageConfig: { imageSize } } };
  const { fallbackOn, ...drop } = options;
  switch (way) {
    case 'generate':
      return client.generate(request, options);
    case 'generateWithRetry':
      return client.generateWithRetry(request, drop);
    case 'generateWithFallback':
      return client.generateWithFallback(request, options);
    case 'batchGenerate':
      return client.batchGenerate([request, PROMPT], { ...drop, delay: dice.pick([0, 1_000]) });
    case 'retry':
      return client.retry(({ signal }) => answer(signal).then(read), {
        ...drop,
        model: dice.pick([undefined, MODELS[0]]),
      });
  }
}

/** Reads an answer as a program does that calls the API by itself. */
async function read(answer: unknown): Promise<unknown> {
  if (!(answer instanceof Response)) return answer;
  if (answer.ok) return answer.json();
  const { status, headers } = answer;
  throw Object.assign(new Error(await answer.text()), { status, headers });
}
