/**
 * Makes a picture. With GEMINI_API_KEY or GOOGLE_API_KEY in the environment Google makes it;
 * without, a fake service in a storm does, so that the retries can be watched. Builds the package
 * first where it is not there yet.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { main, Problem } from './shell.mjs';

const HELP = `Usage: npm start -- ["a prompt"] [-o out.png] [--model ID]

  -o, --out FILE   where the picture goes (default: out.png, or what its type asks for)
  --model ID       the model to ask first (default with a key: the cheapest; without: the chain)
  -h, --help       this text

With GEMINI_API_KEY or GOOGLE_API_KEY set, the picture comes from Google's API and costs what is
printed first. Without a key a fake service on this machine makes it, in the middle of a storm.`;

const EXTENSIONS = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' };

function read(args) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        out: { type: 'string', short: 'o' },
        model: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const prompt = positionals.join(' ') || 'a lighthouse on a cliff at dusk, watercolour';
    return { ...values, prompt };
  } catch (error) {
    throw new Problem(`${error.message}\n\n${HELP}`);
  }
}

function request({ prompt, model }) {
  const config = { responseModalities: ['IMAGE'], imageConfig: { imageSize: '1K' } };
  return model === undefined ? { contents: prompt, config } : { model, contents: prompt, config };
}

/** Google's own API: the model and its price are said before anything is sent. */
async function google(options) {
  const { use } = await import('../pkg/module/load.js');
  const { core } = use();
  options.model ??= core.cheapestModel();
  const usd = core.priceOf(options.model);
  const price = usd === undefined ? 'price not known' : `about $${usd} a picture`;
  process.stdout.write(`model: ${options.model}, ${price}\n`);
  // One model and no chain: what is paid is what was said.
  return { client: { models: [options.model] }, note: '', close: async () => {} };
}

/** The fake service: the first model is overloaded, the second is over its minute. */
async function storm() {
  const { startEmulator } = await import('../pkg/emulator/index.js');
  const server = await startEmulator({
    latency: { median: 1_200, sigma: 0.2 },
    pictureSize: 512,
    script: [
      { fault: '503', model: 'gemini-3-pro-image' },
      { fault: '429-detailed', model: 'gemini-nano-banana-2.1', retryDelay: '3.4s', limit: 10 },
      { fault: '429-detailed', model: 'gemini-nano-banana-2.1', retryDelay: '2.2s', limit: 10 },
    ],
  });
  process.stdout.write(
    'no GEMINI_API_KEY or GOOGLE_API_KEY is set: a fake service on this machine makes the picture, in a storm\n',
  );
  return {
    client: { baseUrl: server.url, apiKey: 'emulator' },
    note: ' (a pattern made from the prompt; with a key it is a picture)',
    close: () => server.close(),
  };
}

/** Turns events into lines. */
function narrate(screen) {
  const because = (info) => `${info.status ? `${info.status} ` : ''}${info.summary}`;
  return {
    attempt: ({ attempt, model }) => screen.live(() => `attempt ${attempt}: asking ${model}`),
    retry: ({ attempt, info }) => screen.line(`attempt ${attempt} failed: ${because(info)}`),
    waiting: ({ retryAt }) =>
      screen.live(() => {
        const seconds = Math.max(0, retryAt.getTime() - Date.now()) / 1000;
        return `waiting ${seconds.toFixed(1)} s, until ${retryAt.toLocaleTimeString()}`;
      }),
    fallback: ({ from, model, info }) => {
      screen.line(`${from} failed: ${because(info)}`);
      screen.line(`falling back to ${model}`);
    },
  };
}

/** Lines, and on a terminal one line at the bottom that counts. */
class Screen {
  #out;
  #text;
  #timer;

  constructor(out) {
    this.#out = out;
  }

  /** A line that stays. */
  line(text) {
    this.done();
    this.#out.write(`${text}\n`);
  }

  /** A line that changes until the next one; without a terminal it is said once. */
  live(text) {
    this.done();
    if (!this.#out.isTTY) {
      this.#out.write(`${text()}\n`);
      return;
    }
    this.#text = text;
    const draw = () => this.#out.write(`\r\u001b[K${text()}`);
    draw();
    this.#timer = setInterval(draw, 100);
  }

  /** Ends the line that changes, and leaves what it said last. */
  done() {
    if (this.#text === undefined) return;
    clearInterval(this.#timer);
    this.#out.write(`\r\u001b[K${this.#text()}\n`);
    this.#text = undefined;
  }
}

function save(result, out, screen, { note }) {
  const [image] = result.images;
  const file = out ?? `out.${EXTENSIONS[image.mimeType] ?? 'png'}`;
  try {
    writeFileSync(file, image.bytes());
  } catch (error) {
    throw new Problem(`the picture was made, but could not be saved: ${error.message}`);
  }
  const cost = result.cost === undefined ? 'not known' : `$${result.cost.toFixed(4)}`;
  screen.line(`model: ${result.model}`);
  screen.line(`attempts: ${result.attempts.length}, waited ${(result.waited / 1000).toFixed(1)} s`);
  screen.line(`cost: ${cost}${note === '' ? '' : ', had it been real'}`);
  screen.line(`saved: ${file}, ${image.mimeType}${note}`);
}

await main(import.meta, async (args) => {
  const options = read(args);
  if (options.help) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  await build();
  const { createClient } = await import('../pkg/index.js');
  const key = process.env.GOOGLE_API_KEY || process.env.GEMINI_API_KEY;
  const stage = key ? await google(options) : await storm();
  const screen = new Screen(process.stdout);
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort(new Problem('stopped; nothing was saved')));
  const client = createClient({ ...stage.client, on: narrate(screen) });
  try {
    screen.line(`prompt: ${options.prompt}`);
    const result = await client.generate(request(options), { signal: abort.signal });
    screen.done();
    save(result, options.out, screen, stage);
  } catch (error) {
    screen.done();
    throw error instanceof Problem ? error : new Problem(error.message);
  } finally {
    await stage.close();
  }
});
