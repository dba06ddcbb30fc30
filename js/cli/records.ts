/** A log as records: one line each, or several where they belong together. */

/** The most lines and characters of a record; what is longer is cut, and read as two. */
const MOST_LINES = 200;
const MOST_CHARACTERS = 64 * 1024;

/**
 * Joins lines to records: an indented line goes on with the one before it, and what is between
 * brackets belongs together, as in a JSON body that is spread over lines.
 */
export async function* records(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let record: string[] = [];
  let open = 0;
  let length = 0;
  for await (const line of lines) {
    const goesOn = open > 0 || /^\s+\S/.test(line);
    const full = record.length >= MOST_LINES || length + line.length > MOST_CHARACTERS;
    if (record.length > 0 && (!goesOn || full)) {
      yield record.join('\n');
      record = [];
      length = 0;
      open = 0;
    }
    record.push(line);
    length += line.length;
    open = Math.max(0, open + balance(line));
  }
  if (record.length > 0) yield record.join('\n');
}

/** The brackets that a line opens and does not close, but for those in its strings. */
function balance(line: string): number {
  const bare = line.slice(0, MOST_CHARACTERS).replace(/"(?:[^"\\]|\\.)*"/g, '');
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
