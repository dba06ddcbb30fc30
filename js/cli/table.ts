/** Tables of plain text. */

/** Rows in columns; columns of numbers stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
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
