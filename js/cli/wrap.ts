/** Sentences on a terminal, whose own lines end in the middle of a word. */
import { stripVTControlCharacters } from 'node:util';

/** A text whose lines are at most so wide, as far as its words are; the rest of a line keeps its indent. */
export function wrapped(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => (lengthOf(line) <= width ? line : wrappedLine(line, width)))
    .join('\n');
}

function wrappedLine(line: string, width: number): string {
  const indent = /^(?:- )? */.exec(line)?.[0].length ?? 0;
  const lines: string[] = [];
  let last = '';
  for (const word of line.slice(indent).split(' ')) {
    const room = width - indent;
    if (last !== '' && lengthOf(last) + 1 + lengthOf(word) > room) {
      lines.push(last);
      last = word;
    } else {
      last = last === '' ? word : `${last} ${word}`;
    }
  }
  return line.slice(0, indent) + [...lines, last].join(`\n${' '.repeat(indent)}`);
}

function lengthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
