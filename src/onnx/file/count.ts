/** Counts the non-zero elements of a tensor. */

import { piecesOf } from './pieces.ts';
import { bitsOf, type DataType, type Tensor, type TensorData } from '../graph/tensor.ts';

/** The number of non-zero elements. Minus zero is zero, NaN is not. */
export function countNonZero(tensor: Tensor): number {
  let count = 0;
  for (const piece of piecesOf(tensor)) count += nonZeroIn(tensor.type, piece);
  return count;
}

function nonZeroIn(type: DataType, data: TensorData): number {
  let count = 0;
  if (type === 'float32') {
    const bits = bitsOf(data);
    // Without the sign, and without a branch, which a processor mispredicts every other time where zeros are scattered: any other bit carries
    // into the highest.
    for (let i = 0; i < bits.length; i++) count += (((bits[i] as number) & 0x7fffffff) + 0x7fffffff) >>> 31;
  } else if (type === 'float16' || type === 'bfloat16') {
    // Stored as bits, of which the highest is the sign.
    const bits = data as Uint16Array;
    for (let i = 0; i < bits.length; i++) if (((bits[i] ?? 0) & 0x7fff) !== 0) count++;
  } else if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (const value of data) if (value !== 0n) count++;
  } else {
    for (let i = 0; i < data.length; i++) if (data[i] !== 0) count++;
  }
  return count;
}
