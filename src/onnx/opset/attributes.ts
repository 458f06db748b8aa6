/** Operators whose attributes became inputs, or whose defaults changed, between operator sets. */

import type { Operand } from '../graph/value.ts';
import {
  attribute,
  float,
  floatAttribute,
  int,
  intAttribute,
  intsAttribute,
  stringAttribute,
  string,
} from '../graph/graph.ts';
import { evaluate } from '../folding/evaluate.ts';
import { inferTypes } from '../infer/infer.ts';
import { product } from '../infer/common.ts';
import { float32 } from '../graph/tensor.ts';
import { required, same, unsupported, without, type Adaptation, type Adapter, type AdapterTable } from './common.ts';

/** Reduce (before 18; ReduceSum before 13), Squeeze and Unsqueeze (before 13): axes have become an input. */
const axesToInput: Adapter = (a) => {
  const axes = intsAttribute(a.node, 'axes');
  if (!axes) return same(a);
  return same(a, { inputs: [a.inputs[0], a.r.b.ints(axes)], attributes: without(a.node.attributes, 'axes') });
};

/** Always writes the lengths of the pieces: the meaning of an equal split without them changed in 13 and 18. */
const split: Adapter = (a) => {
  const { node, inputs, r } = a;
  const [x] = inputs;
  const types = inferTypes(node, inputs);
  const wanted = intAttribute(node, 'axis', 0);
  const axis = wanted < 0 ? wanted + (x?.dims.length ?? 0) : wanted;
  const lengths = types.map(({ dims }) => dims[axis] ?? 0);
  return same(a, { inputs: [x, r.b.ints(lengths)], attributes: { axis: int(axis) } });
};

/** Before 13, the input was flattened to a matrix at the axis. */
const softmax: Adapter = (a) => {
  const { node, r, version, options } = a;
  if (version >= 13) return same(a);
  const x = required(a, 0);
  const wanted = intAttribute(node, 'axis', 1);
  const axis = wanted < 0 ? wanted + x.dims.length : wanted;
  const last = x.dims.length - 1;
  if (axis === last) return same(a, { attributes: { axis: int(-1) } });
  const flat = r.op('Reshape', [x, r.b.ints([product(x.dims.slice(0, axis)), product(x.dims.slice(axis))])]);
  const done = r.op(node.opType, [flat], { axis: int(-1) });
  return [r.op('Reshape', [done, r.b.ints(x.dims)], {}, options)];
};

/** Before 11 the bounds were attributes. */
const clip: Adapter = (a) => {
  const { node, r, version } = a;
  if (version >= 11) return same(a);
  const bound = (name: string): Operand =>
    node.attributes[name] ? r.b.scalar(floatAttribute(node, name, 0)) : undefined;
  return same(a, { inputs: [a.inputs[0], bound('min'), bound('max')], attributes: {} });
};

/** Before 11 pads and value were attributes. */
const pad: Adapter = (a) => {
  const { node, r, version } = a;
  if (version >= 11) return same(a);
  const mode = stringAttribute(node, 'mode', 'constant');
  const value = mode === 'constant' ? r.b.scalar(floatAttribute(node, 'value', 0)) : undefined;
  const pads = r.b.ints(intsAttribute(node, 'pads') ?? []);
  return same(a, { inputs: [a.inputs[0], pads, value], attributes: { mode: string(mode) } });
};

/** Before 10 starts, ends and axes were attributes. */
const slice: Adapter = (a) => {
  const { node, r, version } = a;
  if (version >= 10) return same(a);
  const list = (name: string): Operand => {
    const values = intsAttribute(node, name);
    return values && r.b.ints(values);
  };
  return same(a, { inputs: [a.inputs[0], list('starts'), list('ends'), list('axes')], attributes: {} });
};

const topK: Adapter = (a) => {
  const count = intAttribute(a.node, 'k');
  if (count === undefined) return same(a);
  return same(a, { inputs: [a.inputs[0], a.r.b.ints([count])], attributes: without(a.node.attributes, 'k') });
};

/** In a trained model Dropout is off, as at inference. */
const dropout: Adapter = (a) => {
  if (a.node.outputs[1]) return unsupported(a, 'the mask of Dropout');
  return [required(a, 0)];
};

/** Uses the model's statistics; training mode would take the batch's. */
const batchNormalization: Adapter = (a) => {
  if (intAttribute(a.node, 'training_mode', 0) !== 0) return unsupported(a, 'training_mode');
  const epsilon = floatAttribute(a.node, 'epsilon', 1e-5);
  return [a.r.op('BatchNormalization', a.inputs, { epsilon: float(epsilon) }, a.options)];
};

/** Before 11 there was no region of interest, and only one way to place samples. Before 10 the operator was named Upsample. */
const resize: Adapter = (a) => {
  const { node, r, inputs, version, options } = a;
  if (version >= 11) return same(a);
  const factors = attribute(node, 'scales', 'floats');
  const scales = factors ? r.b.constant(float32(factors), 'scales') : inputs[1];
  const attributes = {
    mode: string(stringAttribute(node, 'mode', 'nearest')),
    coordinate_transformation_mode: string('asymmetric'),
    nearest_mode: string('floor'),
  };
  return [r.op('Resize', [inputs[0], undefined, scales], attributes, options)];
};

/** A constant of any size needs no node. */
const constant: Adapter = ({ r, node }) => {
  const [tensor] = evaluate(node, [], inferTypes(node, [])) ?? [];
  return [tensor && r.b.constant(tensor, node.outputs[0])];
};

const renamed =
  (opType: string): Adapter =>
  (a) =>
    same(a, { opType });

/** Opset 24's Swish: x · sigmoid(alpha · x). */
const swish: Adapter = (a) => {
  const x = required(a, 0);
  const alpha = floatAttribute(a.node, 'alpha', 1);
  return [scaledSigmoid(a, x, alpha)];
};

export function scaledSigmoid({ r, options }: Adaptation, x: ReturnType<typeof required>, alpha: number) {
  const gate = r.op('Sigmoid', [alpha === 1 ? x : r.op('Mul', [x, r.b.scalar(alpha)])]);
  return r.op('Mul', [x, gate], {}, options);
}

const reductions = ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare', 'LogSum', 'LogSumExp'];

export const attributeAdapters: AdapterTable = {
  ...Object.fromEntries(reductions.map((name) => [`Reduce${name}`, axesToInput])),
  Squeeze: axesToInput,
  Unsqueeze: axesToInput,
  Split: split,
  Softmax: softmax,
  LogSoftmax: softmax,
  Hardmax: softmax,
  Clip: clip,
  Pad: pad,
  Slice: slice,
  TopK: topK,
  Dropout: dropout,
  BatchNormalization: batchNormalization,
  Resize: resize,
  Upsample: resize,
  Constant: constant,
  Scatter: renamed('ScatterElements'),
  Swish: swish,
};
