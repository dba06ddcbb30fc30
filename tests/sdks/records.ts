/** Errors of the clients that are not live in each run: written of our own service's answers, and replayed. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { FAULTS, type Fault, type Reading } from './faults.ts';
import { heldOf, type Judged, judged, type Outcome } from './judge.ts';
import type { Seen } from './seen.ts';

/** A client, and what it makes of each fault. */
export interface Entry {
  name: string;
  version: string;
  /** The switch of its own retries. */
  retries?: string | undefined;
  /** Its own behaviour where its retries were left at their defaults. */
  seen?: Record<string, Seen>;
  faults: Record<string, Met>;
}

/** The outcome of a call with a fault. */
export interface Met {
  /** It threw nothing. */
  isSwallowed?: true;
  /** The reading of the error that it threw, since a file cannot hold the error. */
  thrown?: Reading;
  /** Which traces of the answer were found in the whole error. */
  held?: string[];
  /** The error as it is printed. */
  texts?: Record<string, string>;
}

/** Longer texts are left out. */
const LONGEST = 16_000;

/** Of what is printed in full the most says nothing new. */
const LONGEST_DEEP = 4_000;

const FOLDER = new URL('./records/', import.meta.url);

const longest = (form: string): number => (form === 'inspect deep' ? LONGEST_DEEP : LONGEST);

/** The part of an outcome that a file can hold. */
export function metOf(outcome: Outcome, fault: Fault): Met {
  if (outcome.forms === undefined) return { isSwallowed: true };
  const { thrown, ...printed } = outcome.forms;
  const texts = Object.entries(printed).map(([form, { value }]) => [form, tidy(String(value))]);
  return {
    ...(thrown === undefined ? {} : { thrown: thrown.reading }),
    held: heldOf(outcome.thrown, fault),
    texts: Object.fromEntries(
      texts.filter(([form = '', text = '']) => text.length <= longest(form)),
    ),
  };
}

/** Without what differs from run to run, and without the code of others: no frames of a stack. */
export function tidy(text: string): string {
  return text
    .replace(/\n\s+at [^\n]*/g, '')
    .replace(/(?:\\+n\s+at (?:(?!\\+n)[^"\n])*)+/g, '')
    .replace(/\n *for call at(?=\n|$)/g, '')
    .replace(/\\+nfor call at/g, '')
    .replace(/\n {2}File "[^\n]*(?:\n {4}[^\n]*)*/g, '')
    .replace(/127\.0\.0\.1(:|%3A)\d+/g, '127.0.0.1$18080')
    .replace(
      /((?:google|openai|openrouter)\/)?\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT/g,
      'Tue, 24 Nov 2026 12:00:00 GMT',
    )
    .replace(/\/([a-l])([/.])[a-j]+([/.])(google|openai|openrouter)\b/g, '/$1$2nobody$3$4')
    .replace(/0x[0-9a-f]{8,}/g, '0x0')
    .replace(
      /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
      '00000000-0000-4000-8000-000000000000',
    );
}

const fileOf = (name: string): string =>
  `${name.replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '')}.json`;

export function writeRecord(entry: Entry): void {
  writeFileSync(new URL(fileOf(entry.name), FOLDER), `${JSON.stringify(entry, null, 2)}\n`);
}

export function readRecords(): Entry[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return files.sort().map((file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')));
}

/** The forms of a record, read now. */
export function replayed(met: Met, fault: Fault): Record<string, Judged> {
  const texts = Object.entries(met.texts ?? {});
  return Object.fromEntries(texts.map(([form, text]) => [form, judged(text, fault)]));
}

export const faultOf = (name: string): Fault => {
  const fault = FAULTS.find((one) => one.name === name);
  if (fault === undefined) throw new Error(`no such fault: ${name}`);
  return fault;
};
