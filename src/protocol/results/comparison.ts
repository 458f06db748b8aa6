/** The comparison of two systems' word error rates on the same utterances. */

import * as v from 'valibot';
import { count, fraction, real, text, type Shape } from '../schema.ts';

/** The matched-pairs sentence-segment word error test. */
const mapsswe = v.object({
  /** Segments with errors. */
  segments: count,
  /** Mean over segments: the tested system's errors minus the other's. */
  mean: real,
  /** Standard deviation of those differences, with n−1. */
  deviation: real,
  /** Positive when the tested system makes more errors. 0 when the differences do not vary, as in SCTK. */
  z: real,
  /** Two-tailed probability of a `z` at least this far from 0 if both systems are equally good. */
  p: fraction,
});
export type Mapsswe = Shape<typeof mapsswe>;

const bootstrap = v.object({
  replications: count,
  /** The tested system's word error rate minus the other's, a fraction. */
  difference: real,
  /** The middle 95 % of the replications' differences. */
  low: real,
  high: real,
  /** Fraction of the replications in which the tested system makes more errors; ties count half. */
  firstWorse: fraction,
});
export type Bootstrap = Shape<typeof bootstrap>;

export const comparison = v.object({
  /** The verdict on the tested system. `same`: no significant difference. `undecided`: the test does not apply. */
  verdict: v.picklist(['worse', 'same', 'better', 'undecided']),
  /** Reason for the lack of a verdict. Present if it is `undecided`. */
  reason: v.optional(text),
  /** Present with a verdict, like the bootstrap. */
  mapsswe: v.optional(mapsswe),
  bootstrap: v.optional(bootstrap),
});
export type Comparison = Shape<typeof comparison>;
