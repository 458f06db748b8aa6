/** The shared time axis, smoothing, and the rows of a carpet that stand in the columns of a screen. */

import { describe, expect, test } from 'vitest';
import { appendToCourse, newCourse } from '../../../src/protocol/course.ts';
import { appendPoint, newSeries, type StepPoint } from '../../../src/protocol/series.ts';
import { axisOf } from '../../../webview/run/axis.ts';
import { paintCarpet, rowsOfColumns } from '../../../webview/run/carpet/carpetPaint.ts';
import { carpetRows } from '../../../webview/run/carpet/carpetRows.ts';
import { smoothed } from '../../../webview/run/smooth.ts';

const point = (step: number, hour: number): StepPoint => ({
  ...{ step, time: 3_600_000 * hour, loss: 1, ctcLoss: 1, gradientNorm: 1, learningRate: 1 },
  ...{ sparsity: 0.5, sparsityTarget: 0.5, secondsPerStep: 1, audioSecondsPerSecond: 1 },
  thresholds: Float32Array.of(0, 0),
  sparsities: Float32Array.of(step / 10, 1),
});

/** Steps 1 to 5; a rest of eight hours before step 4. */
const hours = [10, 11, 12, 20, 21];
const course = newCourse();
const series = newSeries(['layers.1.q', 'layers.0.q']);
for (const [at, hour] of hours.entries()) {
  appendToCourse(course, point(at + 1, hour));
  appendPoint(series, point(at + 1, hour));
}

describe('the axis', () => {
  test.each([
    ['step', 3, 3],
    ['epoch', 3, 1.5],
    ['hours', 3, 2],
    ['hours', 4, 10],
    ['hours', 3.5, 6],
  ] as const)('in %ss has step %s at %s, and back', (kind, step, x) => {
    const axis = axisOf(kind, course, 2);
    expect(axis.of(step)).toBe(x);
    expect(axis.stepAt(x)).toBe(step);
  });

  test('of epochs is one of steps where the epoch is not known', () =>
    expect(axisOf('epoch', course, null).kind).toBe('step'));

  test.each(['step', 'epoch', 'hours'] as const)('of an empty run in %ss is a number', (kind) => {
    const axis = axisOf(kind, newCourse(2), 2);
    expect([axis.first, axis.last].every((end) => end === 0 || Number.isNaN(end))).toBe(true);
  });
});

describe('smoothing', () => {
  test('leaves a constant as it is, from the first row on', () =>
    expect(Array.from(smoothed([2, 2, 2], 3))).toEqual([2, 2, 2]));
  test('passes over what is not known', () => expect(Array.from(smoothed([NaN, 4, NaN], 3))).toEqual([NaN, 4, 4]));
});

describe('a carpet', () => {
  test('shows in each column the last row that is not after it', () => {
    expect(Array.from(rowsOfColumns(series, 6, (column) => column))).toEqual([-1, 0, 1, 2, 3, 4]);
    expect(Array.from(rowsOfColumns(series, 3, (column) => 2 * column + 1))).toEqual([0, 2, 4]);
  });

  test('shows nothing where the run has ended, beside longer ones', () => {
    const last = series.steps[series.count - 1] ?? 0;
    expect(rowsOfColumns(series, 1, () => last + 0.5)[0]).toBe(series.count - 1);
    expect(rowsOfColumns(series, 1, () => last + 1)[0]).toBe(-1);
  });

  test('has its layers block by block, and their colours', () => {
    const { layers, blocks } = carpetRows(series.layers);
    expect(layers).toEqual([1, 0]);
    expect(blocks.map(({ label }) => label)).toEqual(['0', '1']);
    const ink = Uint32Array.from({ length: 102 }, (_, percent) => percent);
    const pixels = new Uint32Array(6);
    paintCarpet(pixels, series, layers, Int32Array.of(-1, 0, 4), ink);
    expect(Array.from(pixels)).toEqual([101, 100, 100, 101, 10, 50]);
  });
});
