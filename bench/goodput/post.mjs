/** The call that the peers make, as small as it can be: one request, an error where it fails. */
const BASE = 'https://generativelanguage.googleapis.com/v1beta/models';
export const KEY = 'no-key-of-anybody';

export async function post(fetch, model, prompt) {
  const response = await fetch(`${BASE}/${model}:generateContent`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': KEY },
    body: JSON.stringify({
      contents: [{ role: 'user', parts: [{ text: prompt }] }],
      generationConfig: { responseModalities: ['IMAGE'] },
    }),
  });
  const body = await response.text();
  // As the SDK throws it: the status, and the body as the message.
  if (!response.ok) throw Object.assign(new Error(body), { status: response.status });
  const { candidates } = JSON.parse(body);
  return candidates[0].content.parts.some(({ inlineData }) => inlineData !== undefined);
}
