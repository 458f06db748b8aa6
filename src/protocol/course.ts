/** The curves of a run, thinned to the resolution of a chart without losing their extremes: the host makes them from the whole file, the page goes on by the same rule. */

import type { StepPoint } from './series.ts';

export const courseNumbers = [
  ...(['loss', 'ctcLoss', 'sparsity', 'sparsityTarget', 'learningRate', 'gradientNorm'] as const),
  ...(['secondsPerStep', 'audioSecondsPerSecond'] as const),
] as const;
export type CourseNumber = (typeof courseNumbers)[number];

/** What a step adds. */
export type CoursePoint = Pick<StepPoint, CourseNumber | 'step' | 'time'>;

/** By row: the mean of its steps, and the least and the greatest of them. */
export interface Curve {
  readonly mean: Float32Array;
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** Each row is `span` steps of the run, the last one as many as are there. The arrays hold `capacity` rows, of which the first `count` are filled. */
export interface Course {
  readonly capacity: number;
  count: number;
  /** Steps in a row. */
  span: number;
  /** Steps appended so far. */
  total: number;
  /** When the first step ended, in milliseconds since 1970; NaN before it. */
  began: number;
  /** The last step of each row, and when it ended. */
  readonly steps: Float64Array;
  readonly times: Float64Array;
  /** In the order of `courseNumbers`. */
  readonly curves: readonly Curve[];
}

export function curveOf({ curves }: Course, name: CourseNumber): Curve {
  const curve = curves[courseNumbers.indexOf(name)];
  if (!curve) throw new RangeError(`A course has no ${name}.`);
  return curve;
}

/** Maximum number of rows: more than a chart has columns of pixels on most screens. */
export const longestCourse = 1000;

/** @param capacity even, at least 2. */
export function newCourse(capacity = longestCourse): Course {
  const curve = (): Curve => ({
    mean: new Float32Array(capacity),
    low: new Float32Array(capacity),
    high: new Float32Array(capacity),
  });
  return {
    capacity,
    count: 0,
    span: 1,
    total: 0,
    began: NaN,
    steps: new Float64Array(capacity),
    times: new Float64Array(capacity),
    curves: courseNumbers.map(curve),
  };
}

/** A copy to be sent: no room behind the last row. */
export function packCourse(course: Course): Course {
  const { count, steps, times, curves } = course;
  return {
    ...course,
    steps: steps.slice(0, count),
    times: times.slice(0, count),
    curves: curves.map(({ mean, low, high }) => ({
      mean: mean.slice(0, count),
      low: low.slice(0, count),
      high: high.slice(0, count),
    })),
  };
}

/** A packed course with room for what `appendToCourse` adds. */
export function unpackCourse(packed: Course): Course {
  const { capacity, count, span, total, began } = packed;
  const course = Object.assign(newCourse(capacity), { count, span, total, began });
  course.steps.set(packed.steps);
  course.times.set(packed.times);
  for (const [at, curve] of course.curves.entries())
    for (const key of ['mean', 'low', 'high'] as const) curve[key].set(packed.curves[at]?.[key] ?? []);
  return course;
}

/** Adds the next step. When all rows are taken, neighbours become one. */
export function appendToCourse(course: Course, point: CoursePoint): void {
  const inRow = course.total % course.span;
  if (inRow === 0) {
    if (course.count === course.capacity) mergeNeighbours(course);
    course.count += 1;
  }
  const row = course.count - 1;
  if (course.total === 0) course.began = point.time;
  course.steps[row] = point.step;
  course.times[row] = point.time;
  // By hand and not in a loop over their names: a hundred thousand steps are opened at once.
  const { curves } = course;
  addTo(curves[0], row, inRow, point.loss);
  addTo(curves[1], row, inRow, point.ctcLoss);
  addTo(curves[2], row, inRow, point.sparsity);
  addTo(curves[3], row, inRow, point.sparsityTarget);
  addTo(curves[4], row, inRow, point.learningRate);
  addTo(curves[5], row, inRow, point.gradientNorm);
  addTo(curves[6], row, inRow, point.secondsPerStep);
  addTo(curves[7], row, inRow, point.audioSecondsPerSecond);
  course.total += 1;
}

function addTo(curve: Curve | undefined, row: number, before: number, value: number): void {
  if (!curve) return;
  const { mean, low, high } = curve;
  if (before === 0) {
    mean[row] = low[row] = high[row] = value;
    return;
  }
  const average = mean[row] ?? NaN;
  mean[row] = average + (value - average) / (before + 1);
  low[row] = Math.min(low[row] ?? NaN, value);
  high[row] = Math.max(high[row] ?? NaN, value);
}

/** All rows are full here, so that the mean of two is that of their steps. */
function mergeNeighbours(course: Course): void {
  const { steps, times, curves } = course;
  course.count = course.capacity / 2;
  course.span *= 2;
  for (let row = 0; row < course.count; row++) {
    const [one, other] = [2 * row, 2 * row + 1];
    steps[row] = steps[other] ?? NaN;
    times[row] = times[other] ?? NaN;
    for (const { mean, low, high } of curves) {
      mean[row] = ((mean[one] ?? NaN) + (mean[other] ?? NaN)) / 2;
      low[row] = Math.min(low[one] ?? NaN, low[other] ?? NaN);
      high[row] = Math.max(high[one] ?? NaN, high[other] ?? NaN);
    }
  }
}
