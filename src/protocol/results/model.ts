/** Counts of a model: parameters, zeros and bytes. */

import * as v from 'valibot';
import { count, fraction, text, type Shape } from '../schema.ts';

const totals = {
  parameters: count,
  nonZeroParameters: count,
  /** Weights removed with units and heads, according to the file's record; null without one, as in earlier versions. */
  removed: v.optional(v.nullable(count), null),
  /** Fraction of the parameters that are zero; removed ones count as zero. */
  sparsity: fraction,
};

export const parameterTotals = v.object({
  ...totals,
  /** Over the gated weights: chosen by the run that wrote the checkpoint, or by default. */
  gated: v.object({ by: v.picklist(['run', 'default']), ...totals }),
});
export type ParameterTotals = Shape<typeof parameterTotals>;

export const fileSize = v.object({
  /** The ONNX file and its external data. */
  bytes: count,
  /** At gzip's default level, file by file. It shows the benefit of zeros. */
  gzippedBytes: count,
  /** Half the width of the 95 % interval in bytes, if only a sample was compressed; null if everything was, as in earlier versions. */
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
