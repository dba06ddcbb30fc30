/** A log as records: one line each, or several where they belong together. */

/** The most lines and characters of a record; what is longer is cut, and read as two. */
const MOST_LINES = 200;
const MOST_CHARACTERS = 64 * 1024;

/** Lines that belong to the error before them and are not indented: Google's list, Java's causes. */
const GOES_ON = /^(?:\s+\S|\* |Please retry in |Caused by: |Suppressed: )/;
/** Lines that Python prints between two tracebacks of one error. */
const CHAINS = /^(?:During handling of the above|The above exception was the direct cause)/;
const TRACES = /^\s*(?:Traceback \(most recent call last\)|\+ Exception Group Traceback)/;

/**
 * Joins lines to records: an indented line goes on with the one before it, and what is between
 * brackets belongs together, as in a JSON body that is spread over lines. A traceback ends with the
 * line that names its exception, which is not indented.
 */
export async function* records(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let record: string[] = [];
  let [open, length, blank] = [0, 0, 0];
  // Whether the line that names the exception is still to come; whether another traceback is.
  let [traced, chained] = [false, false];
  for await (const line of lines) {
    if (line.trim() === '' && open === 0) {
      blank += 1;
      continue;
    }
    const traces = TRACES.test(line);
    const chains = CHAINS.test(line);
    const goesOn =
      open > 0 || chains || (chained && traces) || (blank === 0 && (traced || GOES_ON.test(line)));
    const full = record.length >= MOST_LINES || length + line.length > MOST_CHARACTERS;
    if (record.length > 0 && (!goesOn || full)) {
      yield record.join('\n');
      [record, length, open, traced, chained] = [[], 0, 0, false, false];
    }
    record.push(line);
    blank = 0;
    length += line.length;
    open = Math.max(0, open + balance(line));
    traced = traces || (traced && /^\s/.test(line));
    chained = chains || (chained && !traces);
  }
  if (record.length > 0) yield record.join('\n');
}

/** Texts in quotes; an apostrophe in a word begins none. */
const STRINGS = /"(?:[^"\\]|\\.)*"|(?<!\w)'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g;

/** The brackets that a line opens and does not close, but for those in its strings. */
function balance(line: string): number {
  const bare = line.slice(0, MOST_CHARACTERS).replace(STRINGS, '');
  let open = 0;
  for (const character of bare) {
    if (character === '{' || character === '[') open += 1;
    if (character === '}' || character === ']') open -= 1;
  }
  return open;
}

/** The moment that a record names first, in ISO 8601 or as common log formats write it. */
export function momentOf(record: string): Date | undefined {
  const text = record.slice(0, 2000);
  const [iso] =
    /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/.exec(text) ?? [];
  if (iso === undefined) return undefined;
  const at = new Date(iso.replace(',', '.'));
  return Number.isNaN(at.getTime()) ? undefined : at;
}
