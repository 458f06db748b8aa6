/** How many parameters a model has, and how many of them are not zero. */

import type { Model } from '../graph/graph.ts';
import type { Parameter } from '../model/parameters.ts';
import { piecesOf } from './pieces.ts';
import { bytesPerElement, sizeOf, type DataType, type Tensor, type TensorData } from '../graph/tensor.ts';

export interface ParameterCount {
  readonly parameters: number;
  readonly nonZero: number;
  /** As they are stored, zeros too. */
  readonly bytes: number;
}

/** Counts per layer, in the order of the parameters, and over all. Reads every parameter's elements. */
export function countParameters(
  model: Model,
  parameters: readonly Parameter[],
): { readonly layers: ReadonlyMap<string, ParameterCount>; readonly total: ParameterCount } {
  const layers = new Map<string, ParameterCount>();
  let total = nothing;
  for (const { layer, initializer } of parameters) {
    const tensor = model.graph.initializers.get(initializer);
    if (!tensor) throw new Error(`the model has no initializer "${initializer}"`);
    const count: ParameterCount = {
      parameters: sizeOf(tensor.dims),
      nonZero: countNonZero(tensor),
      bytes: sizeOf(tensor.dims) * bytesPerElement(tensor.type),
    };
    layers.set(layer, sum(layers.get(layer) ?? nothing, count));
    total = sum(total, count);
  }
  return { layers, total };
}

/** The number of elements that are not zero. Minus zero is zero, NaN is not. */
export function countNonZero(tensor: Tensor): number {
  let count = 0;
  for (const piece of piecesOf(tensor)) count += nonZeroIn(tensor.type, piece);
  return count;
}

function nonZeroIn(type: DataType, data: TensorData): number {
  let count = 0;
  if (type === 'float32') {
    const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
    // Without the sign, and without a branch, which a processor guesses wrong every other time where zeros are scattered: any other
    // bit carries into the highest.
    for (let i = 0; i < bits.length; i++) count += (((bits[i] as number) & 0x7fffffff) + 0x7fffffff) >>> 31;
  } else if (type === 'float16' || type === 'bfloat16') {
    // Held as bits, of which the highest is the sign.
    const bits = data as Uint16Array;
    for (let i = 0; i < bits.length; i++) if (((bits[i] ?? 0) & 0x7fff) !== 0) count++;
  } else if (data instanceof Float32Array) {
    for (let i = 0; i < data.length; i++) if (data[i] !== 0) count++;
  } else if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (const value of data) if (value !== 0n) count++;
  } else {
    for (let i = 0; i < data.length; i++) if (data[i] !== 0) count++;
  }
  return count;
}

const nothing: ParameterCount = { parameters: 0, nonZero: 0, bytes: 0 };

function sum(a: ParameterCount, b: ParameterCount): ParameterCount {
  return { parameters: a.parameters + b.parameters, nonZero: a.nonZero + b.nonZero, bytes: a.bytes + b.bytes };
}
