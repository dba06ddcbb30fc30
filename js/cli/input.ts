/** Texts from stdin and files. */

/** The most that is read as one text, in characters: a prompt or an error is much shorter. */
const MOST = 1_000_000;

/** All of a stream as text. */
export async function readInput(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    text += chunk;
    if (text.length > MOST) break;
  }
  return text.slice(0, MOST);
}
