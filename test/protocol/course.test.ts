/** The curves of a run in few rows: nothing that a chart shows is lost by the thinning. */

import { describe, expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import {
  appendToCourse,
  curveOf,
  newCourse,
  packCourse,
  unpackCourse,
  type Course,
  type CoursePoint,
} from '../../src/protocol/course.ts';

const random = Random.seeded(5);
const points = Array.from({ length: 77 }, (_, at): CoursePoint => {
  const numbers = { sparsity: at / 77, sparsityTarget: 0.5, learningRate: 1e-4, gradientNorm: 1, secondsPerStep: 2 };
  const loss = random.uniform();
  return { ...numbers, step: at + 1, time: 1000 * at, loss, ctcLoss: loss, audioSecondsPerSecond: 30 };
});

function courseOf(steps: number, capacity: number): Course {
  const course = newCourse(capacity);
  for (const point of points.slice(0, steps)) appendToCourse(course, point);
  return course;
}

describe('a course of few rows', () => {
  test('a short run keeps every step', () => {
    const course = courseOf(8, 8);
    expect([course.count, course.span]).toEqual([8, 1]);
    const { mean, low, high } = curveOf(course, 'loss');
    for (const [at, { loss }] of points.slice(0, 8).entries())
      expect([mean[at], low[at], high[at]]).toEqual([loss, loss, loss].map(Math.fround));
  });

  test.each([1, 2, 9, 16, 17, 31, 64, 65, 77])(
    'after %i steps, every row has the mean and the extremes of its steps',
    (steps) => {
      const course = courseOf(steps, 8);
      let first = 0;
      for (let row = 0; row < course.count; row++) {
        const own = points.slice(first, Math.min(steps, first + course.span));
        first += own.length;
        const losses = own.map(({ loss }) => loss);
        expect(course.steps[row]).toBe(own.at(-1)?.step);
        expect(course.times[row]).toBe(own.at(-1)?.time);
        expect(curveOf(course, 'loss').mean[row]).toBeCloseTo(losses.reduce((a, b) => a + b) / losses.length, 6);
        expect(curveOf(course, 'loss').low[row]).toBe(Math.fround(Math.min(...losses)));
        expect(curveOf(course, 'loss').high[row]).toBe(Math.fround(Math.max(...losses)));
      }
      expect(first).toBe(steps);
      expect(course.began).toBe(0);
    },
  );
});

test.each([0, 5, 8, 30])('a course of %i steps that was packed and unpacked goes on alike', (steps) => {
  const course = courseOf(steps, 8);
  const packed = packCourse(course);
  expect(packed.times).toHaveLength(course.count);
  const unpacked = unpackCourse(packed);
  for (const point of points.slice(steps)) for (const one of [course, unpacked]) appendToCourse(one, point);
  expect(unpacked).toEqual(course);
});
