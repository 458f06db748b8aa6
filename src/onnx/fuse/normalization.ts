/** Fuses normalizations written as arithmetic, and moves a following scale and shift into a normalization. */

import type { Operand, Value } from '../graph/value.ts';
import { float, int, intAttribute } from '../graph/graph.ts';
import { product } from '../infer/common.ts';
import { reducedAxes } from '../infer/reduction.ts';
import type { Rewriter, Simplification } from '../graph/rewriter.ts';
import { float32 } from '../graph/tensor.ts';
import { sameDims } from './identity.ts';

/** (x − mean) / √(mean((x − mean)²) + ε) over the last axes is LayerNormalization with a scale of ones. */
export const spelledLayerNormalization: Simplification = (r, draft) => {
  const [centred, deviation] = draft.inputs;
  const centre = centreOf(r, centred);
  const sum = r.producer(r.producer(deviation, 'Sqrt')?.inputs[0], 'Add');
  if (!centre || !sum || centre.x.type !== 'float32') return undefined;
  const { x, axes } = centre;
  for (const [variance, small] of [sum.inputs, sum.inputs.toReversed()]) {
    const epsilon = r.uniform(small);
    const squared = meanOf(r, variance);
    const base = squared && squareOf(r, squared.x);
    const about = centreOf(r, base);
    if (epsilon === undefined || !squared || about?.x !== x) continue;
    if (!sameDims(axes, squared.axes) || !sameDims(axes, about.axes)) continue;
    const scale = r.b.constant(ones(x.dims.slice(-axes.length)), 'ones');
    return r.op('LayerNormalization', [x, scale], { axis: int(-axes.length), epsilon: float(epsilon) }, draft.options);
  }
  return undefined;
};

/** normalized · scale, if the normalization's own scale is one and it has no shift. */
export const intoScale: Simplification = (r, { inputs, options }) => {
  for (const [normalized, scale] of [inputs, inputs.toReversed()]) {
    const layer = r.producer(normalized, 'LayerNormalization');
    const [x, own, shift] = layer?.inputs ?? [];
    if (layer && x && scale && r.uniform(own) === 1 && !shift && sameDims(scale.dims, own?.dims ?? [])) {
      return r.op('LayerNormalization', [x, scale], layer.node.attributes, options);
    }
    const instance = r.producer(normalized, 'InstanceNormalization');
    const [y, ownScale, ownShift] = instance?.inputs ?? [];
    if (instance && y && r.uniform(ownScale) === 1 && r.uniform(ownShift) === 0 && isPerChannel(scale, y)) {
      const inputs = [y, flat(r, scale), ownShift];
      return r.op('InstanceNormalization', inputs, instance.node.attributes, options);
    }
  }
  return undefined;
};

/** normalized + shift, if the normalization has none of its own. */
export const intoShift: Simplification = (r, { inputs, options }) => {
  for (const [normalized, shift] of [inputs, inputs.toReversed()]) {
    const layer = r.producer(normalized, 'LayerNormalization');
    const [x, scale, own] = layer?.inputs ?? [];
    if (layer && x && shift && !own && sameDims(shift.dims, scale?.dims ?? [])) {
      return r.op('LayerNormalization', [x, scale, shift], layer.node.attributes, options);
    }
    const instance = r.producer(normalized, 'InstanceNormalization');
    const [y, ownScale, ownShift] = instance?.inputs ?? [];
    if (instance && y && r.uniform(ownShift) === 0 && isPerChannel(shift, y)) {
      return r.op('InstanceNormalization', [y, ownScale, flat(r, shift)], instance.node.attributes, options);
    }
  }
  return undefined;
};

interface Mean {
  readonly x: Value;
  readonly axes: readonly number[];
}

/** value = ReduceMean(x) over the last axes, which stay as 1. */
function meanOf(r: Rewriter, value: Operand): Mean | undefined {
  const found = r.producer(value, 'ReduceMean');
  const [x] = found?.inputs ?? [];
  if (!found || !x || intAttribute(found.node, 'keepdims', 1) === 0) return undefined;
  const axes = reducedAxes(found.node, found.inputs);
  const first = x.dims.length - axes.length;
  return axes.length > 0 && axes.every((axis, i) => axis === first + i) ? { x, axes } : undefined;
}

/** value = x − ReduceMean(x). */
function centreOf(r: Rewriter, value: Operand): Mean | undefined {
  const [x, mean] = r.producer(value, 'Sub')?.inputs ?? [];
  const found = meanOf(r, mean);
  return found && found.x === x ? found : undefined;
}

/** The x of value = x² or x · x. */
function squareOf(r: Rewriter, value: Operand): Operand {
  const power = r.producer(value, 'Pow');
  if (power && r.uniform(power.inputs[1]) === 2) return power.inputs[0];
  const [a, b] = r.producer(value, 'Mul')?.inputs ?? [];
  return a === b ? a : undefined;
}

/** Whether a value has one element for every channel (axis 1) of x, and broadcasts along that axis. */
function isPerChannel(value: Operand, x: Value): value is Value {
  const channels = x.dims[1] ?? 1;
  const dims = [1, channels, ...x.dims.slice(2).map(() => 1)];
  return (
    value !== undefined &&
    channels > 1 &&
    sameDims(value.dims, dims.slice(dims.length - value.dims.length)) &&
    product(value.dims) === channels
  );
}

function flat(r: Rewriter, value: Value): Value {
  return r.op('Reshape', [value, r.b.ints([product(value.dims)])]);
}

function ones(dims: readonly number[]) {
  return float32(new Float32Array(product(dims)).fill(1), dims);
}
