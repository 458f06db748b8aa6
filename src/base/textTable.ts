/** Plain tables for terminals and logs. */

/**
 * Formats rows as lines with columns two spaces apart. The first column and those named in `left` are aligned left, the others right, for numbers.
 * Missing cells are empty.
 */
export function textTable(rows: readonly (readonly string[])[], left: readonly number[] = []): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return column === 0 || left.includes(column) ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}
