/** Quantizes weights to 8-bit integers with one scale for each channel, and back. */

import { elementsOf } from '../graph/elements.ts';
import { float32, type Tensor } from '../graph/tensor.ts';

export interface QuantizedTensor {
  /** int8, in the shape of the quantized tensor. */
  readonly values: Tensor;
  /** float32, one number for each channel: a weight is its integer times the scale of its channel. */
  readonly scale: Tensor;
}

/** Without −128, so that a weight and its negative have the same magnitude, and zero stays zero. */
export const largestStored = 127;

/**
 * Largest integer for factors of integer products. x86 processors without VNNI add two 8-bit products in 16 bits, which overflows with larger factors
 * (onnxruntime's documentation of quantization calls this reducing the range). Measured on such a processor with w2v2-digits: the root-mean-square
 * error of the logits was 0.100 with 127 and 0.071 with 63; without the overflow, 127 gives 0.065.
 */
export const largestFactor = 63;

/**
 * The nearest of evenly spaced numbers between the largest weight of a channel and its negative (ONNX operators, DequantizeLinear, with a
 * zero point of 0).
 * @param axis of the channels.
 * @param largest of the integers.
 * @param name in the message.
 * @throws Error if a weight is infinite or NaN.
 */
export function quantizeTensor(tensor: Tensor, axis: number, largest: number, name: string): QuantizedTensor {
  const weights = elementsOf(tensor);
  const { channels, stride } = layout(tensor.dims, axis);
  const most = new Float32Array(channels);
  for (let i = 0; i < weights.length; i++) {
    const channel = Math.floor(i / stride) % channels;
    most[channel] = Math.max(most[channel] ?? 0, Math.abs(weights[i] ?? 0));
  }
  if (!most.every(Number.isFinite)) {
    throw new Error(`some weights of "${name}" are infinite or no numbers, so they cannot be quantized`);
  }
  // A channel of zeros needs a scale other than 0, which is a divisor.
  const scale = most.map((value) => value / largest || 1);
  const values = new Int8Array(weights.length);
  for (let i = 0; i < weights.length; i++) {
    const nearest = Math.round((weights[i] ?? 0) / (scale[Math.floor(i / stride) % channels] ?? 1));
    values[i] = Math.max(-largest, Math.min(largest, nearest));
  }
  return { values: { type: 'int8', dims: tensor.dims, data: values }, scale: float32(scale) };
}

/**
 * @param scale one number, or one for each channel.
 * @param zeroPoint the same, in the values' own type; 0 if omitted.
 * @param axis of the channels.
 */
export function dequantizeTensor(values: Tensor, scale: Tensor, zeroPoint: Tensor | undefined, axis: number): Tensor {
  const integers = elementsOf(values);
  const scales = elementsOf(scale);
  const zeros = zeroPoint ? elementsOf(zeroPoint) : new Int8Array(1);
  const { channels, stride } = layout(values.dims, axis);
  const weights = new Float32Array(integers.length);
  for (let i = 0; i < integers.length; i++) {
    const channel = Math.floor(i / stride) % channels;
    const zero = zeros[zeros.length === 1 ? 0 : channel] ?? 0;
    weights[i] = ((integers[i] ?? 0) - zero) * (scales[scales.length === 1 ? 0 : channel] ?? 1);
  }
  return float32(weights, values.dims);
}

/** The number of channels, and the number of elements between one and the next. */
function layout(dims: readonly number[], axis: number): { channels: number; stride: number } {
  return {
    channels: dims.at(axis) ?? 1,
    stride: dims.slice(axis < 0 ? dims.length + axis + 1 : axis + 1).reduce((size, dim) => size * dim, 1),
  };
}
