/** Draws a chart with axes, title and legend with any pen: as a picture it needs all that stands around it on a page. */

import type { ChartTable } from './chartTable.ts';

export type Point = readonly [x: number, y: number];

export interface Pen {
  readonly area: (points: readonly Point[], colour: string, opacity: number) => void;
  readonly line: (points: readonly Point[], colour: string, thickness: number, dashed: boolean) => void;
  readonly dot: (at: Point, colour: string) => void;
  readonly text: (
    at: Point,
    text: string,
    look: { readonly colour: string; readonly size: number; readonly anchor: 'start' | 'middle' | 'end' },
  ) => void;
}

export interface Paper {
  readonly width: number;
  readonly height: number;
  readonly paper: string;
  readonly ink: string;
  readonly colourOf: (variable: string) => string;
}

const margin = { left: 68, right: 36, top: 58, bottom: 44 };

export function drawChart(pen: Pen, table: ChartTable, { width, height, paper, ink, colourOf }: Paper): void {
  const { x, lines } = table;
  const all: Point[] = [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ];
  pen.area(all, paper, 1);
  pen.text([margin.left, 22], table.title, { colour: ink, size: 15, anchor: 'start' });
  const across = extent([x]);
  const up = table.range ?? padded(extent(lines.flatMap(({ values, low, high }) => [values, low ?? [], high ?? []])));
  const placeX = (value: number): number => margin.left + share(value, across) * (width - margin.left - margin.right);
  const placeY = (value: number): number =>
    height - margin.bottom - share(value, up) * (height - margin.top - margin.bottom);

  for (const value of ticks(up)) {
    const y = placeY(value);
    pen.area(
      [
        [margin.left, y],
        [width - margin.right, y],
        [width - margin.right, y + 1],
        [margin.left, y + 1],
      ],
      ink,
      0.15,
    );
    pen.text([margin.left - 8, y + 4], table.format(value), { colour: ink, size: 12, anchor: 'end' });
  }
  for (const value of ticks(across)) {
    pen.text([placeX(value), height - margin.bottom + 18], table.formatX(value), {
      colour: ink,
      size: 12,
      anchor: 'middle',
    });
  }
  pen.text([(margin.left + width) / 2, height - 8], table.xLabel, { colour: ink, size: 12, anchor: 'middle' });

  let legend = margin.left;
  for (const { label, colour, dashed = false, dots = false, values, low, high } of lines) {
    const shown = colourOf(colour);
    const points = known(x, values).map(([at, value]): Point => [placeX(at), placeY(value)]);
    if (low && high) {
      const above = known(x, high).map(([at, value]): Point => [placeX(at), placeY(value)]);
      const below = known(x, low).map(([at, value]): Point => [placeX(at), placeY(value)]);
      if (above.length > 0) pen.area([...above, ...below.reverse()], shown, 0.25);
    }
    if (points.length > 0) pen.line(points, shown, 1.75, dashed);
    if (dots) for (const point of points) pen.dot(point, shown);
    pen.line(
      [
        [legend, 42],
        [legend + 20, 42],
      ],
      shown,
      2,
      dashed,
    );
    pen.text([legend + 26, 46], label, { colour: ink, size: 12, anchor: 'start' });
    legend += 26 + 8 * label.length + 18;
  }
}

function known(x: ArrayLike<number>, values: ArrayLike<number>): Point[] {
  return Array.from(x, (at, row): Point => [at, values[row] ?? NaN]).filter(([, value]) => Number.isFinite(value));
}

function extent(lists: readonly ArrayLike<number>[]): readonly [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const list of lists) {
    for (let at = 0; at < list.length; at++) {
      const value = list[at] ?? NaN;
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  return least <= most ? [least, most] : [0, 1];
}

function padded([low, high]: readonly [number, number]): readonly [number, number] {
  const room = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

function share(value: number, [low, high]: readonly [number, number]): number {
  return high > low ? (value - low) / (high - low) : 0.5;
}

/** Four to eight round numbers. */
export function ticks([low, high]: readonly [number, number]): number[] {
  const rough = (high - low) / 5;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}
