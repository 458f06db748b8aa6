/** The algebra of axes: what reshapes split, what operators hold side by side, and what may not be taken apart. */

import { expect, test } from 'vitest';
import { Axes, type Axis } from '../../../src/prune/channels/axes.ts';

const sizes = (axes: Axes, axis: Axis | undefined): number[] => axes.factors(axis ?? []).map(({ size }) => size);

test('a reshape splits an axis wherever it stands, and back again nothing is lost', () => {
  const axes = new Axes();
  const [batch, channels] = [axes.fresh(3), axes.fresh(64)];
  const [, heads, width] = axes.reshape([batch, channels], [3, 4, 16], 'r');
  expect(sizes(axes, channels)).toEqual([4, 16]);
  const [joined] = axes.reshape([heads ?? [], width ?? []], [64], 'r');
  expect(axes.factors(joined ?? [])).toEqual(axes.factors(channels));
});

test('equal axes are split together, and share their reasons', () => {
  const axes = new Axes();
  const [a, b] = [axes.fresh(12), axes.fresh(12)];
  axes.reshape([a], [3, 4], 'r');
  axes.reshape([b], [2, 6], 'r');
  axes.equate(a, b);
  // 12 as 3·4 and as 2·6: no factors of whole numbers are common to both.
  expect(axes.factors(a).every((factor) => axes.reason(factor) !== undefined)).toBe(true);

  const [c, d] = [axes.fresh(12), axes.fresh(12)];
  axes.equate(c, d);
  const [outer = []] = axes.reshape([c], [2, 6], 'r');
  axes.reshape([d], [2, 3, 2], 'r');
  expect(sizes(axes, c)).toEqual([2, 3, 2]);
  expect(axes.factors(c)).toEqual(axes.factors(d));
  axes.keep(outer, 'why');
  expect(axes.factors(d).map((factor) => axes.reason(factor))).toEqual(['why', undefined, undefined]);
});

test('the first reason stays, also after a split', () => {
  const axes = new Axes();
  const axis = axes.fresh(6);
  axes.keep(axis, 'first');
  axes.keep(axis, 'second');
  axes.reshape([axis], [2, 3], 'r');
  expect(axes.factors(axis).map((factor) => axes.reason(factor))).toEqual(['first', 'first']);
});

test('a reshape that mixes two axes leaves a third alone', () => {
  const axes = new Axes();
  const [heads, frames, places] = [axes.fresh(4), axes.fresh(7), axes.fresh(13)];
  const [same] = axes.reshape([heads, frames, places], [4, 13, 7], 'Reshape "shift"');
  expect(axes.factors(same ?? [])).toEqual(axes.factors(heads));
  expect(axes.factors(heads).map((factor) => axes.reason(factor))).toEqual([undefined]);
  expect(axes.factors(frames).map((factor) => axes.reason(factor))).toEqual([
    'are mixed with others by Reshape "shift"',
  ]);
});

test('runs of an axis are one and the same set of channels', () => {
  const axes = new Axes();
  const axis = axes.fresh(48);
  const half = axes.runs(axis, 2, 'Split "s"');
  expect(axes.factors(axes.runs(axis, 2, 'Slice "t"'))).toEqual(axes.factors(half));
  expect(axes.factors(axis).map((factor) => axes.reason(factor))).toEqual(['are taken apart by Split "s"', undefined]);
});

test('axes of size 1 have no factors, and equate with anything', () => {
  const axes = new Axes();
  const axis = axes.fresh(5);
  expect(axes.fresh(1)).toEqual([]);
  axes.equate(axes.fresh(1), axis);
  expect(axes.reshape([axis], [1, 5, 1], 'r').map((part) => part.length)).toEqual([0, 1, 0]);
});
