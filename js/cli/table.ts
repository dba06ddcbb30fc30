/** Tables of plain text. */

/** Rows in columns; columns of numbers stand to the right, and empty ones are left out. */
export function table(names: readonly string[], cells: readonly (readonly string[])[]): string {
  const used = names.map((_, column) => cells.some((row) => (row[column] ?? '') !== ''));
  const [head = [], ...rows] = [names, ...cells].map((row) => row.filter((_, at) => used[at]));
  const all = [head, ...rows];
  const widths = head.map((_, column) =>
    Math.max(...all.map((row) => [...(row[column] ?? '')].length)),
  );
  const numeric = head.map((_, column) =>
    rows.every((row) => /^[-$~]?[\d.,]*(?: ?(?:s|min|h|d|%))?$|^–$/.test(row[column] ?? '')),
  );
  return all
    .map((row) =>
      widths
        .map((width, column) => {
          const cell = row[column] ?? '';
          const gap = ' '.repeat(width - [...cell].length);
          return numeric[column] ? gap + cell : cell + gap;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/**
 * The table in so many columns of a terminal: without those columns that can be spared, one after the
 * other, until it fits.
 */
export function fittingTable(
  width: number,
  names: readonly string[],
  cells: readonly (readonly string[])[],
  spared: readonly string[],
): string {
  const text = table(names, cells);
  const [first, ...others] = spared;
  const isFitting = text.split('\n').every((line) => [...line].length <= width);
  if (isFitting || first === undefined) return text;
  const kept = (_: string, at: number) => names[at] !== first;
  return fittingTable(
    width,
    names.filter(kept),
    cells.map((row) => row.filter(kept)),
    others,
  );
}
