/** Convolutions and pools: groups, strides, dilations and every kind of padding. */

import { int, ints, string, type Attributes } from '../../src/onnx/graph/graph.ts';
import type { Row } from './gradientCheck.ts';
import { row as anyRow } from './row.ts';

/** Only MaxPool has a double kernel, and needs it: in single precision a step changes which element is the largest. */
const row = (op: string, title: string, shapes: string, attributes: Attributes = {}): Row =>
  anyRow(op, title, shapes, attributes, { precision: op === 'MaxPool' ? 'float64' : 'float32' });

export const windowRows: readonly Row[] = [
  row('Conv', 'sound, with bias', '2x4x9 3x4x3 3'),
  row('Conv', 'strided, inputs left over', '2x4x12 3x4x3 3', { strides: ints([3]), pads: ints([1, 0]) }),
  row('Conv', 'positional: padded, grouped, long kernel', '2x4x9 6x2x4', {
    group: int(2),
    pads: ints([2, 2]),
  }),
  row('Conv', 'few samples, larger kernel', '1x6x3 6x3x5', { group: int(2), pads: ints([4, 3]) }),
  row('Conv', 'depthwise', '2x3x8 3x1x3 3', { group: int(3), pads: ints([1, 1]) }),
  row('Conv', 'first layer: one channel, stride 5', '2x1x32 4x1x10', { strides: ints([5]) }),
  row('Conv', 'dilated', '2x3x11 4x3x3', { dilations: ints([2]), pads: ints([1, 3]) }),
  row('Conv', 'dilated and strided, one group of many taps', '2x2x17 4x2x4', {
    dilations: ints([2]),
    strides: ints([3]),
    pads: ints([2, 1]),
  }),
  row('Conv', 'more padding than kernel', '1x2x4 2x2x2', { pads: ints([3, 2]) }),
  row('Conv', 'SAME_UPPER', '1x2x8 2x2x4', { auto_pad: string('SAME_UPPER'), strides: ints([2]) }),
  row('Conv', 'SAME_LOWER', '1x2x7 2x2x4', { auto_pad: string('SAME_LOWER') }),
  row('Conv', 'VALID', '1x2x7 2x2x4', { auto_pad: string('VALID') }),
  row('Conv', 'one tap', '2x4x5 3x4x1 3'),
  row('Conv', 'images', '2x3x6x7 4x3x3x2 4', { pads: ints([1, 0, 1, 1]) }),
  row('Conv', 'images, strided, many channels', '2x6x6x7 4x6x3x2', { strides: ints([2, 3]) }),
  row('Conv', 'images, grouped, dilated, strided', '2x4x8x9 6x2x3x3 6', {
    group: int(2),
    dilations: ints([2, 1]),
    strides: ints([1, 2]),
    pads: ints([2, 1, 1, 0]),
  }),
  row('ConvTranspose', 'sound, strided, with bias', '2x4x5 4x3x4 3', {
    strides: ints([2]),
    pads: ints([1, 1]),
  }),
  row('ConvTranspose', 'grouped with output padding', '2x4x5 4x2x3', {
    group: int(2),
    strides: ints([2]),
    output_padding: ints([1]),
  }),
  row('ConvTranspose', 'dilated', '1x2x5 2x3x3', { dilations: ints([2]) }),
  row('ConvTranspose', 'images', '2x4x3x4 4x2x2x3 2', {
    strides: ints([2, 1]),
    pads: ints([0, 1, 1, 0]),
  }),
  row('ConvTranspose', 'given output shape', '1x2x4 2x2x3', { strides: ints([2]), output_shape: ints([8]) }),
  row('AveragePool', 'sound, padded', '2x3x9', { kernel_shape: ints([3]), strides: ints([2]), pads: ints([1, 1]) }),
  row('AveragePool', 'padding counts', '2x3x8', {
    kernel_shape: ints([3]),
    strides: ints([2]),
    pads: ints([1, 1]),
    count_include_pad: int(1),
  }),
  row('AveragePool', 'rounded up', '1x2x8', { kernel_shape: ints([3]), strides: ints([2]), ceil_mode: int(1) }),
  row('AveragePool', 'rounded up, padding counts', '1x2x9', {
    kernel_shape: ints([3]),
    strides: ints([3]),
    pads: ints([1, 1]),
    ceil_mode: int(1),
    count_include_pad: int(1),
  }),
  row('AveragePool', 'images', '2x2x5x6', { kernel_shape: ints([2, 3]), strides: ints([1, 2]) }),
  row('MaxPool', 'overlapping windows', '2x3x9', {
    kernel_shape: ints([3]),
    strides: ints([2]),
    pads: ints([1, 1]),
  }),
  row('MaxPool', 'images', '2x2x4x6', { kernel_shape: ints([2, 3]), strides: ints([2, 2]) }),
  row('GlobalAveragePool', 'images', '2x3x4x5'),
];
