/** The fusion rules of specialization, by operator, tried in order for every node. */

import { cutPadding } from './convolution.ts';
import { spelledGelu } from './gelu.ts';
import { decidedWhere, neutral, neutralRight, single, unchanged } from './identity.ts';
import { asReshape, emptyPad, simplerTranspose, throughMergedAxes, wholeSlice } from './movement.ts';
import { intoScale, intoShift, spelledLayerNormalization } from './normalization.ts';
import { oneScale } from './scale.ts';
import { needlessGuard } from './softmax.ts';
import type { Simplifications } from '../graph/rewriter.ts';

/** Every rule's result equals the node's up to rounding. */
export const simplifications: Simplifications = {
  Identity: [unchanged],
  Cast: [unchanged],
  CastLike: [unchanged],
  Dropout: [unchanged],
  Expand: [unchanged],
  Tile: [unchanged],
  Concat: [single],
  Sum: [single],
  Mean: [single],
  Min: [single],
  Max: [single],
  Add: [neutral(0), intoShift],
  Sub: [neutralRight(0)],
  Mul: [neutral(1), spelledGelu, intoScale],
  Div: [neutralRight(1), spelledGelu, spelledLayerNormalization],
  Pow: [neutralRight(1)],
  And: [neutral(1)],
  Or: [neutral(0)],
  MatMul: [oneScale],
  Where: [decidedWhere, needlessGuard],
  Slice: [wholeSlice, cutPadding],
  Pad: [emptyPad],
  Reshape: [asReshape, throughMergedAxes],
  Squeeze: [asReshape],
  Unsqueeze: [asReshape],
  Flatten: [asReshape],
  Transpose: [simplerTranspose],
};
