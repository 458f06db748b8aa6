/** The numbers of a chart with what is said of them, and as CSV for other programs. */

export interface ChartTable {
  readonly title: string;
  readonly xLabel: string;
  readonly x: ArrayLike<number>;
  readonly range?: readonly [number, number] | undefined;
  readonly formatX: (x: number) => string;
  readonly format: (value: number) => string;
  readonly lines: readonly ChartTableLine[];
}

export interface ChartTableLine {
  readonly label: string;
  /** A theme variable. */
  readonly colour: string;
  readonly dashed?: boolean;
  readonly dots?: boolean;
  readonly values: ArrayLike<number>;
  /** What was smoothed. */
  readonly mean?: ArrayLike<number>;
  readonly low?: ArrayLike<number>;
  readonly high?: ArrayLike<number>;
}

/** One row for each place of the axis; unknown numbers are empty. */
export function chartCsv({ xLabel, x, lines }: ChartTable): string {
  const columns = lines.flatMap(({ label, values, mean, low, high }) => [
    { name: label, values: mean ?? values },
    ...(mean ? [{ name: `${label} (smoothed)`, values }] : []),
    ...(low && high
      ? [
          { name: `${label} (least)`, values: low },
          { name: `${label} (greatest)`, values: high },
        ]
      : []),
  ]);
  const rows = Array.from(x, (place, row) =>
    [place, ...columns.map(({ values }) => values[row] ?? NaN)].map((value) => (Number.isFinite(value) ? value : '')),
  );
  return [[xLabel, ...columns.map(({ name }) => name)].map(quoted), ...rows]
    .map((row) => `${row.join(',')}\n`)
    .join('');
}

function quoted(text: string): string {
  return /[",\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
