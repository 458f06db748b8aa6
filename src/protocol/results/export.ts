/** The output of `pinch export`. */

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
  /** The second model of a folder for transformers.js, with weights of 8 bits; null if there is none. */
  quantized: v.nullable(countedModel),
  /** What else is to be known of what was written: one sentence each. */
  notes: v.array(text),
});
export type ExportedModel = Shape<typeof exportedModel>;
