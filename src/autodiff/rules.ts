/** The table of gradient rules by operator: everything that Pinch can differentiate. */

import { zero, type RuleTable } from './rule.ts';
import { activation } from './rules/activation.ts';
import { arithmetic } from './rules/arithmetic.ts';
import { convolution } from './rules/convolution.ts';
import { einsum } from './rules/einsum.ts';
import { indexing } from './rules/indexing.ts';
import { matmul } from './rules/matmul.ts';
import { normalization } from './rules/normalization.ts';
import { padRule } from './rules/pad.ts';
import { pooling } from './rules/pooling.ts';
import { reductions } from './rules/reduction.ts';
import { shape } from './rules/shape.ts';
import { softmax } from './rules/softmax.ts';

/** Steps, comparisons, indices and shapes: small changes of the inputs do not change them. */
const constantByNature: RuleTable = {
  And: zero,
  ArgMax: zero,
  ArgMin: zero,
  Ceil: zero,
  ConstantOfShape: zero,
  Equal: zero,
  EyeLike: zero,
  Floor: zero,
  Greater: zero,
  GreaterOrEqual: zero,
  IsInf: zero,
  IsNaN: zero,
  Less: zero,
  LessOrEqual: zero,
  NonZero: zero,
  Not: zero,
  OneHot: zero,
  Or: zero,
  Range: zero,
  Round: zero,
  Shape: zero,
  Sign: zero,
  Size: zero,
  Xor: zero,
};

export const rules: RuleTable = {
  ...activation,
  ...arithmetic,
  ...convolution,
  Einsum: einsum,
  ...indexing,
  ...matmul,
  ...normalization,
  Pad: padRule,
  ...pooling,
  ...reductions,
  ...shape,
  ...softmax,
  ...constantByNature,
};
