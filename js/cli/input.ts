/** Texts from stdin and files. */
import type { Screen } from './screen.js';

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

/** Says on a terminal that stdin is read: nobody would know otherwise what is waited for. */
export function tellStdin(screen: Screen): void {
  const end = process.platform === 'win32' ? 'Ctrl-Z and Enter end it' : 'Ctrl-D ends it';
  if (process.stdin.isTTY) screen.note(`reading stdin; ${end}`);
}
