/** The pages for readers: the README and `docs/`, and the blocks of code in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url));

/** A page, by its path in the repository. */
export interface Page {
  name: string;
  text: string;
}

/** A fenced block, and the line of its page on which it opens. */
export interface Block {
  language: string;
  line: number;
  code: string;
}

/** The README first, then `docs/` by name. */
export function pages(): Page[] {
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  const names = ['README.md', ...docs.sort().map((name) => `docs/${name}`)];
  return names.map((name) => ({ name, text: readFileSync(join(ROOT, name), 'utf8') }));
}

/** The fenced blocks of a page. */
export function blocks({ text }: Page): Block[] {
  const fences = text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm);
  return Array.from(fences, ({ index, 1: language = '', 2: code = '' }) => {
    return { language, line: text.slice(0, index).split('\n').length, code };
  });
}
