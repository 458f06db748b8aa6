/** The time axis that all charts of a run share: steps, epochs, or hours since the first step. */

import { count as countText, significant } from '../../src/base/format.ts';
import type { Course } from '../../src/protocol/course.ts';

export const axisKinds = ['step', 'epoch', 'hours'] as const;
export type AxisKind = (typeof axisKinds)[number];

export interface Axis {
  readonly kind: AxisKind;
  readonly label: string;
  /** The place of a step. */
  readonly of: (step: number) => number;
  /** The step at a place, not rounded. */
  readonly stepAt: (x: number) => number;
  readonly format: (x: number) => string;
  /** Places of the first and the last row. */
  readonly first: number;
  readonly last: number;
}

/** @param stepsPerEpoch null if it is not known; steps are then shown in place of epochs. */
export function axisOf(kind: AxisKind, course: Course, stepsPerEpoch: number | null): Axis {
  const first = course.steps[0] ?? 0;
  const last = course.steps[Math.max(0, course.count - 1)] ?? first;
  const ends = (of: (step: number) => number) => ({ of, first: of(first), last: of(last) });
  if (kind === 'epoch' && stepsPerEpoch !== null && stepsPerEpoch > 0) {
    const stepAt = (x: number): number => x * stepsPerEpoch;
    return { kind, label: 'Epoch', stepAt, format: decimal, ...ends((step) => step / stepsPerEpoch) };
  }
  if (kind === 'hours') {
    const { steps, times, began, count } = course;
    const hours = (row: number): number => ((times[row] ?? NaN) - began) / 3_600_000;
    return {
      kind,
      label: 'Hours',
      stepAt: (x) => between(count, hours, (row) => steps[row] ?? NaN, x),
      format: (x) => (x < 0.1 ? significant(x) : decimal(x)),
      ...ends((step) => between(count, (row) => steps[row] ?? NaN, hours, step)),
    };
  }
  const same = (x: number): number => x;
  return { kind: 'step', label: 'Step', stepAt: same, format: (x) => countText(Math.round(x)), ...ends(same) };
}

function decimal(x: number): string {
  return String(Number(x.toFixed(2)));
}

/** The value at a key, on the line between the two rows around it. Keys rise; outside them the nearest row counts. */
function between(count: number, key: (row: number) => number, value: (row: number) => number, at: number): number {
  let [low, high] = [0, Math.max(0, count - 1)];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (key(middle) <= at) low = middle;
    else high = middle;
  }
  const [from, to] = [key(low), key(high)];
  const share = to > from ? Math.min(1, Math.max(0, (at - from) / (to - from))) : at >= to ? 1 : 0;
  return value(low) + share * (value(high) - value(low));
}
