/**
 * The contestants, with their default settings: five requests for the loop and the drop-in, ten
 * retries for p-retry, two for the AI SDK. Only `generate`, which goes on for longer where it may, is
 * given a deadline: the time that somebody waits for the picture.
 *
 * A maker loads what it needs before time stands still, and gives what makes one picture in a scene.
 */
import { unexhausted } from '../goodput/packages.mjs';
import { KEY } from '../goodput/post.mjs';
import { MODEL } from '../goodput/situations.mjs';
import { handRolled } from '../loop.mjs';
import { ai, aiGoogle, genai, pRetry } from '../packages.mjs';

const PROMPT = 'a lighthouse at dusk';
const DEADLINE = 300_000;

async function client(options) {
  const { createClient, ready } = await unexhausted();
  await ready();
  return async ({ fetch, closing }) => {
    const ours = createClient({ apiKey: KEY, fetch, ...options });
    closing.push(ours);
    const { images } = await ours.generate(PROMPT, { deadline: DEADLINE });
    return images.length > 0;
  };
}

async function dropIn() {
  const { configure, generateWithRetry, ready } = await unexhausted();
  await ready();
  return async ({ fetch }) => {
    configure({ apiKey: KEY, fetch });
    return hasPicture(await generateWithRetry(PROMPT));
  };
}

/** The SDK's call, with something around it that tries again. */
async function sdk(around) {
  const { GoogleGenAI } = await genai();
  return async ({ fetch }) => {
    const { models } = new GoogleGenAI({ apiKey: KEY, httpOptions: { fetch } });
    const request = {
      model: MODEL,
      contents: PROMPT,
      config: { responseModalities: ['IMAGE'] },
    };
    return hasPicture(await around(() => models.generateContent(request)));
  };
}

async function aiSdk() {
  const [{ generateImage }, { createGoogle }] = await Promise.all([ai(), aiGoogle()]);
  return async ({ fetch }) => {
    const model = createGoogle({ apiKey: KEY, fetch }).image(MODEL);
    const { images } = await generateImage({ model, prompt: PROMPT });
    return images.length > 0;
  };
}

const hasPicture = ({ candidates }) =>
  candidates[0].content.parts.some(({ inlineData }) => inlineData !== undefined);

/** `head` is the name in the head of a column. */
export const CONTESTANTS = [
  { name: 'unexhausted generate()', head: '`generate`', make: () => client() },
  {
    name: 'unexhausted generate(), one model',
    head: '`generate`, one model',
    make: () => client({ models: [MODEL] }),
  },
  { name: 'unexhausted generateWithRetry()', head: '`generateWithRetry`', make: dropIn },
  {
    name: 'hand-rolled loop over @google/genai',
    head: 'the loop',
    make: () => sdk(handRolled),
  },
  { name: 'p-retry over @google/genai', head: 'p-retry', make: async () => sdk(await pRetry()) },
  { name: 'AI SDK generateImage()', head: 'AI SDK', make: aiSdk },
];
