/** Bodies of answers. */

/** The start of a body as text, of about `most` bytes: it may never end. */
export async function startOf(response: Response, most: number): Promise<string> {
  const reader = response.body?.getReader?.();
  if (reader === undefined) return response.text();
  const decoder = new TextDecoder();
  let text = '';
  for (let read = 0; read < most; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    read += value.length;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}
