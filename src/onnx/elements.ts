/** A tensor's elements as numbers that can be compared and reckoned with, whatever they are stored as. */

import type { Tensor } from './tensor.ts';

/** An array of ordinary numbers. For float32 and most others the tensor's own, so do not write to it. */
export type Elements = Exclude<Tensor['data'], BigInt64Array | BigUint64Array>;

/** float16 and bfloat16 become float32, which holds them exactly; 64-bit integers become float64, which holds them up to 2⁵³. */
export function elementsOf({ type, data }: Tensor): Elements {
  if (type === 'float16') return Float32Array.from(data as Uint16Array, fromHalf);
  if (type === 'bfloat16') return fromBfloat(data as Uint16Array);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  return data;
}

/** IEEE 754 binary16: a sign, five bits of exponent, ten of fraction. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a float32. */
function fromBfloat(bits: Uint16Array): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint32Array.from(bits, (value) => value << 16).buffer);
}
