/** Plain tables for terminals and logs. */

/**
 * Rows as lines, columns two spaces apart. The first column and those named in `left` are aligned left, the others right, as suits numbers.
 * Cells that a row lacks are empty.
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

/** A fraction in percent with two decimals. */
export const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;

/** A whole number with its thousands parted, as in 1,668,176. */
export const count = (value: number): string => value.toLocaleString('en-US');

/** A number of things: 1 utterance, 2 utterances, 1,000 matrices. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** A small number as people write it: 0.002, but 9.4e-5. */
export const small = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3
    ? value.toExponential(1).replace('.0e', 'e')
    : String(Number(value.toPrecision(2)));

/** Bytes in the decimal unit that fits, as disks and downloads are sold. */
export function byteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power] ?? ''}`;
}
