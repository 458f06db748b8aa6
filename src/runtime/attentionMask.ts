/** The mask that a model with an `attention_mask` input takes beside audio. */

import { allocate, type DataType, type Tensor } from '../onnx/graph/tensor.ts';

/**
 * 1 for the samples of each row, 0 for the padding behind them.
 * @param type of the model's input.
 * @param lengths samples of each row; without it no row is padded. Rows that it does not reach are padding.
 * @returns [rows, samples]
 */
export function attentionMask(
  type: DataType,
  rows: number,
  samples: number,
  lengths: Iterable<number> = Array<number>(rows).fill(samples),
): Tensor {
  const data = allocate(type, rows * samples);
  let start = 0;
  for (const length of lengths) {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(1n, start, start + length);
    else data.fill(1, start, start + length);
    start += samples;
  }
  return { type, dims: [rows, samples], data };
}
