/** A `fetch` that answers by itself, with real `Response` objects, and the request that is sent. */
export const MODEL = 'gemini-3.1-flash-image';
export const KEY = 'no-key-of-anybody';
export const REQUEST = {
  model: MODEL,
  contents: 'A lighthouse at dusk, in watercolours',
  config: { responseModalities: ['IMAGE'], imageConfig: { imageSize: '1K' } },
};

/** The body that goes over the wire for it. */
const BODY = {
  contents: [{ role: 'user', parts: [{ text: REQUEST.contents }] }],
  generationConfig: REQUEST.config,
};
const URL = `https://generativelanguage.googleapis.com/v1beta/models/${MODEL}:generateContent`;
const JSON_TYPE = { 'content-type': 'application/json; charset=UTF-8' };
const CHUNK = 64 * 1024;

/** An answer with a picture of so many bytes of base64. */
export function answer(bytes = 1024) {
  const inlineData = { mimeType: 'image/png', data: 'iVBORw0KGgoA'.repeat(Math.ceil(bytes / 12)) };
  return JSON.stringify({
    candidates: [
      { content: { role: 'model', parts: [{ inlineData }] }, finishReason: 'STOP', index: 0 },
    ],
    usageMetadata: {
      promptTokenCount: 9,
      candidatesTokenCount: 1120,
      totalTokenCount: 1129,
      candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1120 }],
    },
    modelVersion: MODEL,
    responseId: 'a-response',
  });
}

const SMALL = answer();
const OVERLOADED = JSON.stringify({
  error: { code: 503, message: 'The model is overloaded. Try again later.', status: 'UNAVAILABLE' },
});

export const ok = () => new Response(SMALL, { status: 200, headers: JSON_TYPE });
export const overloaded = () => new Response(OVERLOADED, { status: 503, headers: JSON_TYPE });

/** A large answer as a socket brings it: in pieces. */
export function inPieces(bytes) {
  let sent = 0;
  const body = new ReadableStream({
    type: 'bytes',
    pull(controller) {
      // A copy, since the reader takes the piece away.
      controller.enqueue(bytes.slice(sent, sent + CHUNK));
      sent += CHUNK;
      if (sent >= bytes.length) controller.close();
    },
  });
  return new Response(body, { status: 200, headers: JSON_TYPE });
}

/** Puts a transport in the place of the global one. */
export function install(transport) {
  globalThis.fetch = transport;
}

/** The call with nothing around it. */
export async function bare() {
  const response = await fetch(URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': KEY },
    body: JSON.stringify(BODY),
  });
  if (!response.ok) throw Object.assign(new Error('the call failed'), { status: response.status });
  return response.json();
}

/** Throws unless what a contestant sends is what the others send: the race must be fair. */
export async function checkSame(name, call) {
  const before = globalThis.fetch;
  let sent;
  globalThis.fetch = async (_, init) => {
    sent = JSON.parse(init.body);
    return ok();
  };
  await call();
  globalThis.fetch = before;
  const sorted = (value) => JSON.stringify(value, (_, item) => (plain(item) ? order(item) : item));
  if (sorted(sent) !== sorted(BODY)) {
    throw new Error(`${name} sends another request: ${JSON.stringify(sent)}`);
  }
}

const plain = (item) => typeof item === 'object' && item !== null && !Array.isArray(item);
const order = (item) =>
  Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
