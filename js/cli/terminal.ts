/** Texts on a terminal: words of others are shown, and give it no commands. */
import { randomUUID } from 'node:crypto';
import picocolors from 'picocolors';

/** Control characters but for tab and line feed, and those that turn the direction of writing. */
const COMMANDS = /[^\P{Cc}\t\n]|\p{Bidi_Control}/gu;

/** Stands for one, as wide as a letter. */
const HIDDEN = '\ufffd';

const ESCAPE = '\u001b';

/** Stands for the escape of our own colors until the text is written; nobody else can know it. */
const MARK = `\ue000${randomUUID()}\ue000`;

const NAMES = ['bold', 'dim', 'green', 'red', 'yellow'] as const;

/** Functions that give a text a color, or leave it as it is. */
export type Colors = Readonly<Record<(typeof NAMES)[number], (text: string) => string>>;

/** Colors that `write` lets through. */
export function colors(isColored: boolean): Colors {
  const plain = picocolors.createColors(isColored);
  const marked = NAMES.map((name) => [
    name,
    (text: string) => plain[name](harmless(text)).replaceAll(ESCAPE, MARK),
  ]);
  return Object.fromEntries(marked);
}

/** A text as it may be shown. All that this program says in words passes here. */
export function shown(text: string): string {
  return harmless(text).replaceAll(MARK, ESCAPE);
}

/** JSON that shows as itself: what `JSON.stringify` leaves as it is becomes an escape too. */
export function shownJson(value: unknown): string {
  const escaped = (character: string) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(COMMANDS, escaped);
}

function harmless(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(COMMANDS, HIDDEN);
}
