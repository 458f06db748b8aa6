/** The output of `pinch export`. */

import * as v from 'valibot';
import { count, text, type Shape } from '../schema.ts';
import { countedModel } from './model.ts';

const amount = v.object({ tensors: count, weights: count });

export const exportedModel = v.object({
  /** Counted in the files that were read and written. */
  from: countedModel,
  to: countedModel,
  /** The layers that lost groups; null if not requested. */
  shrunk: v.nullable(
    v.array(
      v.object({
        name: text,
        kind: v.picklist(['units', 'heads']),
        groups: count,
        /** Number of remaining groups. 0 only if the layer was removed, with its operators. */
        kept: count,
        /** Whether one group of zeros stayed, because the graph needs at least one. */
        held: v.boolean(),
      }),
    ),
  ),
  /** Weights of matrix products computed in 8 bits, and weights only stored in 8 bits; null if the weights were not quantized. */
  int8: v.nullable(v.object({ products: amount, stored: amount })),
});
export type ExportedModel = Shape<typeof exportedModel>;
