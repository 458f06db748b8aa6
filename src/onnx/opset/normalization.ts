/** Writes normalizations that the training graph's opset lacks, or that changed later, with its operators. */

import type { Operand, Value } from '../graph/value.ts';
import { float, floatAttribute, int, intAttribute } from '../graph/graph.ts';
import { product } from '../infer/common.ts';
import type { Rewriter } from '../graph/rewriter.ts';
import { float32 } from '../graph/tensor.ts';
import { required, unsupported, type Adaptation, type Adapter, type AdapterTable } from './common.ts';

/**
 * Each group of channels is normalized as one channel by InstanceNormalization, followed by scale and shift. They are per group before opset
 * 21 and per channel since.
 */
const groupNormalization: Adapter = (a) => {
  const { r, node, version, options } = a;
  const x = required(a, 0);
  const channels = x.dims[1] ?? 1;
  const groups = intAttribute(node, 'num_groups', 1);
  if (channels % groups !== 0) return unsupported(a, `${groups} groups of ${channels} channels`);
  const perChannel = (value: Value): Value => {
    const column = [channels, ...x.dims.slice(2).map(() => 1)];
    if (version >= 21) return r.op('Reshape', [value, r.b.ints(column)]);
    const repeated = r.op('Expand', [
      r.op('Reshape', [value, r.b.ints([groups, 1])]),
      r.b.ints([groups, channels / groups]),
    ]);
    return r.op('Reshape', [repeated, r.b.ints(column)]);
  };
  const grouped = r.op('Reshape', [x, r.b.ints([x.dims[0] ?? 1, groups, product(x.dims.slice(1)) / groups])]);
  const epsilon = float(floatAttribute(node, 'epsilon', 1e-5));
  const inputs = [grouped, filled(r, groups, 1), filled(r, groups, 0)];
  const normalized = r.op('Reshape', [r.op('InstanceNormalization', inputs, { epsilon }), r.b.ints(x.dims)]);
  const scaled = r.op('Mul', [normalized, perChannel(required(a, 1))]);
  return [r.op('Add', [scaled, perChannel(required(a, 2))], {}, options)];
};

/** x / √(mean(x²) + ε) · scale over the axes from `axis` on (Zhang and Sennrich, "Root Mean Square Layer Normalization", equation 4). */
const rmsNormalization: Adapter = (a) => {
  const epsilon = floatAttribute(a.node, 'epsilon', 1e-5);
  return [rootMeanSquare(a, required(a, 0), required(a, 1), epsilon)];
};

function rootMeanSquare({ r, node, options }: Adaptation, x: Value, scale: Value, epsilon: number): Value {
  const wanted = intAttribute(node, 'axis', -1);
  const first = wanted < 0 ? wanted + x.dims.length : wanted;
  const axes = x.dims.flatMap((_, i) => (i >= first ? [i] : []));
  const square = r.op('ReduceMean', [r.op('Mul', [x, x]), r.b.ints(axes)], { keepdims: int(1) });
  const deviation = r.op('Sqrt', [r.op('Add', [square, r.b.scalar(epsilon)])]);
  return r.op('Mul', [r.op('Div', [x, deviation]), scale], {}, options);
}

/** onnxruntime's LayerNormalization of a sum: input + skip (+ bias). Output 3 is the sum. */
const skipNormalization =
  (centred: boolean): Adapter =>
  (a) => {
    const { r, node, inputs, options } = a;
    if (node.outputs[1] || node.outputs[2]) return unsupported(a, 'the statistics of a normalization');
    const [gamma, beta, bias] = centred ? [inputs[2], inputs[3], inputs[4]] : [inputs[2], undefined, inputs[3]];
    const pair = r.op('Add', [required(a, 0), required(a, 1)]);
    const sum = bias ? r.op('Add', [pair, bias]) : pair;
    const epsilon = floatAttribute(node, 'epsilon', 1e-12);
    const scale = gamma ?? filled(r, sum.dims.at(-1) ?? 1, 1);
    const names: Operand[] = beta ? [sum, scale, beta] : [sum, scale];
    const normalized = centred
      ? r.op('LayerNormalization', names, { axis: int(-1), epsilon: float(epsilon) }, options)
      : rootMeanSquare(a, sum, scale, epsilon);
    return [normalized, undefined, undefined, sum];
  };

export const normalizationAdapters: AdapterTable = {
  GroupNormalization: groupNormalization,
  RMSNormalization: rmsNormalization,
  SimplifiedLayerNormalization: rmsNormalization,
};

/** onnxruntime's own, domain com.microsoft. */
export const contributedNormalizations: AdapterTable = {
  SimplifiedLayerNormalization: rmsNormalization,
  SkipLayerNormalization: skipNormalization(true),
  SkipSimplifiedLayerNormalization: skipNormalization(false),
};

function filled(r: Rewriter, length: number, value: number): Value {
  return r.b.constant(float32(new Float32Array(length).fill(value)), value === 0 ? 'zeros' : 'ones');
}
