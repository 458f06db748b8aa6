/** What `pinch export` prints. */

import * as v from 'valibot';
import { count, text, type Shape } from '../schema.ts';
import { countedModel } from './model.ts';

const amount = v.object({ tensors: count, weights: count });

export const exportedModel = v.object({
  /** What was counted in the files read and written. */
  from: countedModel,
  to: countedModel,
  /** The layers that lost groups; null if it was not asked for. */
  shrunk: v.nullable(
    v.array(
      v.object({
        name: text,
        kind: v.picklist(['units', 'heads']),
        groups: count,
        /** How many groups are left. 0 only if the layer is gone, with its operators. */
        kept: count,
        /** Whether one group stayed, all zeros, because the graph cannot do without any. */
        held: v.boolean(),
      }),
    ),
  ),
  /** Weights of matrix products computed in 8 bits, and others only stored so; null if the weights stayed as they were. */
  int8: v.nullable(v.object({ products: amount, stored: amount })),
});
export type ExportedModel = Shape<typeof exportedModel>;
