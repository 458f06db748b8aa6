/** A tensor's elements as numbers for comparison and arithmetic, for any element type. */

import { fromHalf, toHalf } from './half.ts';
import { float32, type DataType, type Tensor } from './tensor.ts';

/** An array of ordinary numbers. For float32 and most others it is the tensor's own, so do not write to it. */
export type Elements = Exclude<Tensor['data'], BigInt64Array | BigUint64Array>;

/** float16 and bfloat16 become float32, which holds them exactly; 64-bit integers become float64, which is exact up to 2⁵³. */
export function elementsOf({ type, data }: Tensor): Elements {
  if (type === 'float16') return fromHalf(data as Uint16Array);
  if (type === 'bfloat16') return fromBfloat(data as Uint16Array);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  return data;
}

/** Floats in the type of a model's input: 32 bits unchanged, 16 bits rounded. */
export function floatsAs(type: DataType, values: Float32Array, dims: readonly number[]): Tensor {
  return type === 'float16' ? { type, dims, data: toHalf(values) } : float32(values, dims);
}

/** The upper half of a float32. */
function fromBfloat(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bits.length);
  // By index: from() would keep a list of all numbers, and take thirty times as long.
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i] as number) << 16;
  return new Float32Array(words.buffer);
}
