/** What `pinch export` prints. */

import * as v from 'valibot';
import { count, text, type Shape } from '../schema.ts';
import { countedModel } from './model.ts';

/** What a model can be exported for. */
export const exportTargets = ['onnx', 'huggingface', 'transformers.js'] as const;
export type ExportTarget = (typeof exportTargets)[number];

const amount = v.object({ tensors: count, weights: count });

export const exportedModel = v.object({
  for: v.picklist(exportTargets),
  /** The folder that was written to. */
  folder: text,
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
  /** The second model of a folder for transformers.js, with weights of 8 bits; null if there is none. */
  quantized: v.nullable(countedModel),
  /** What else is to be known of what was written: one sentence each. */
  notes: v.array(text),
});
export type ExportedModel = Shape<typeof exportedModel>;
