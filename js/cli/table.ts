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
