/** A chart as a file: the SVG is well-formed and has every line, and its ticks are round numbers. */

import { describe, expect, test } from 'vitest';
import { chartCsv } from '../../../../webview/ui/chart/chartTable.ts';
import { drawChart, ticks } from '../../../../webview/ui/chart/drawChart.ts';
import { svgPen } from '../../../../webview/ui/chart/svgPen.ts';

describe('ticks', () => {
  test.each([
    [
      [0, 1],
      [0, 0.2, 0.4, 0.6, 0.8, 1],
    ],
    [
      [3, 24],
      [5, 10, 15, 20],
    ],
    [
      [-0.003, 0.004],
      [-0.002, 0, 0.002, 0.004],
    ],
    [[7, 7], [7]],
  ] as const)('of %j are round', (range, expected) => expect(ticks(range)).toEqual(expected));
});

test('an SVG has the title, the axes and each line, and names of runs cannot become markup', () => {
  const pen = svgPen(720, 400);
  drawChart(
    pen,
    {
      ...{ title: 'a <script> & "b"', xLabel: 'Step', x: [1, 2, 3], formatX: String, format: String },
      lines: [
        { label: 'one', colour: 'red', values: [1, NaN, 3], low: [0, 1, 2], high: [2, 3, 4] },
        { label: 'two', colour: 'blue', dashed: true, dots: true, values: [3, 2, 1] },
      ],
    },
    { width: 720, height: 400, paper: '#fff', ink: '#000', colourOf: (name) => name },
  );
  const svg = pen.end();
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="720"/u);
  expect(svg).toContain('a &lt;script&gt; &amp; &quot;b&quot;');
  expect(svg).not.toContain('<script');
  // Paper, band and grid; two lines and their samples in the legend; three dots.
  expect(svg.match(/<polygon/gu)?.length).toBeGreaterThan(2);
  expect(svg.match(/<circle/gu)).toHaveLength(3);
  expect(svg.match(/stroke="(red|blue)"/gu)).toHaveLength(4);
  expect(svg).not.toContain('NaN');
});

test('a CSV has a row for each place, and nothing where nothing is known', () => {
  const line = { label: 'a, b', colour: 'red', values: [1, NaN], mean: [4, 5], low: [0, 1], high: [2, 3] };
  const table = { title: '', xLabel: 'Step', x: [10, 20], formatX: String, format: String, lines: [line] };
  expect(chartCsv(table)).toBe(
    'Step,"a, b","a, b (smoothed)","a, b (least)","a, b (greatest)"\n10,4,1,0,2\n20,5,,1,3\n',
  );
});
