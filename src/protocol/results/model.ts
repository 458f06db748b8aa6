/** What is counted in a model: parameters, zeros and bytes. */

import * as v from 'valibot';
import { count, fraction, text, type Shape } from '../schema.ts';

const totals = {
  parameters: count,
  nonZeroParameters: count,
  /** Weights that were taken out with units and heads, by the file's own record; null without one, as in earlier versions. */
  removed: v.optional(v.nullable(count), null),
  /** Fraction of the parameters that are zero; removed ones count as zero. */
  sparsity: fraction,
};

export const parameterTotals = v.object({
  ...totals,
  /** Over the gated weights: by the choice of the run that wrote the checkpoint, or by the default. */
  gated: v.object({ by: v.picklist(['run', 'default']), ...totals }),
});
export type ParameterTotals = Shape<typeof parameterTotals>;

export const fileSize = v.object({
  /** The ONNX file and its external data. */
  bytes: count,
  /** At gzip's default level, file by file: where zeros pay at once. */
  gzippedBytes: count,
  /**
   * Half the width of the 95 % interval in bytes, if only a sample was compressed; null if everything was, as earlier versions did
   * without saying so.
   */
  gzippedError: v.optional(v.nullable(count), null),
});
export type FileSize = Shape<typeof fileSize>;

export const countedModel = v.object({
  /** The ONNX file. */
  model: text,
  ...fileSize.entries,
  ...parameterTotals.entries,
});
export type CountedModel = Shape<typeof countedModel>;
