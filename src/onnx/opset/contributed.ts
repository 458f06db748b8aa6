/** Writes operators of onnxruntime's own domain com.microsoft, which its optimizer leaves in files, with ONNX's operators. */

import type { Value } from '../graph/value.ts';
import { attribute, float, floatAttribute, int, intAttribute, ints, string, stringAttribute } from '../graph/graph.ts';
import { scaledSigmoid } from './attributes.ts';
import { required, same, unsupported, without, type Adaptation, type Adapter, type AdapterTable } from './common.ts';
import { contributedNormalizations } from './normalization.ts';

const gelu =
  (approximate: 'none' | 'tanh'): Adapter =>
  (a) => {
    const bias = a.inputs[1];
    const x = bias ? a.r.op('Add', [required(a, 0), bias]) : required(a, 0);
    return [a.r.op('Gelu', [x], approximate === 'tanh' ? { approximate: string('tanh') } : {}, a.options)];
  };

const quickGelu: Adapter = (a) => [scaledSigmoid(a, required(a, 0), floatAttribute(a.node, 'alpha', 1.702))];

/** alpha · A'·B', where transBatch moves the first axis behind the other batch axes and trans swaps the last two axes after that. */
const fusedMatMul: Adapter = (a) => {
  const { r, node, options } = a;
  const isSet = (flag: string): boolean => intAttribute(node, flag, 0) !== 0;
  const operand = (i: number, side: 'A' | 'B'): Value => {
    const x = required(a, i);
    const axes = x.dims.map((_, axis) => axis);
    const moved = isSet(`transBatch${side}`) ? [...axes.slice(1, -1), 0, ...axes.slice(-1)] : axes;
    const order = isSet(`trans${side}`) ? [...moved.slice(0, -2), ...moved.slice(-2).toReversed()] : moved;
    return r.op('Transpose', [x], { perm: ints(order) });
  };
  const [left, right] = [operand(0, 'A'), operand(1, 'B')];
  const alpha = floatAttribute(node, 'alpha', 1);
  if (alpha === 1) return [r.op('MatMul', [left, right], {}, options)];
  return [r.op('Mul', [r.op('MatMul', [left, right]), r.b.scalar(alpha)], {}, options)];
};

/** Conv, the addition of input 3, and an activation. */
const fusedConv: Adapter = (a) => {
  const { r, node, inputs } = a;
  const convolved = r.op('Conv', inputs.slice(0, 3), without(node.attributes, 'activation', 'activation_params'));
  const sum = inputs[3] ? r.op('Add', [convolved, inputs[3]]) : convolved;
  const settings = attribute(node, 'activation_params', 'floats') ?? [];
  return [activated(a, sum, settings)];
};

const fusedGemm: Adapter = (a) => {
  const own = ['activation', 'activation_alpha', 'activation_beta', 'activation_gamma'];
  const product = a.r.op('Gemm', a.inputs, without(a.node.attributes, ...own));
  const settings = own.slice(1).map((name) => floatAttribute(a.node, name, 0));
  return [activated(a, product, settings)];
};

function activated(a: Adaptation, x: Value, [alpha = 0, beta = 0]: readonly number[]): Value {
  const { r, node, options } = a;
  const activation = stringAttribute(node, 'activation', '');
  switch (activation) {
    case '':
      return r.op('Identity', [x], {}, options);
    case 'Relu':
    case 'Tanh':
    case 'Sigmoid':
      return r.op(activation, [x], {}, options);
    case 'LeakyRelu':
      return r.op(activation, [x], { alpha: float(alpha) }, options);
    case 'HardSigmoid':
      return r.op(activation, [x], { alpha: float(alpha), beta: float(beta) }, options);
    case 'Clip':
      return r.op(activation, [x, r.b.scalar(alpha), r.b.scalar(beta)], {}, options);
    default:
      return unsupported(a, `activation ${activation}`);
  }
}

/** onnxruntime's own operator before ONNX adopted it in opset 17. */
const layerNormalization: Adapter = (a) =>
  same(a, {
    attributes: {
      axis: int(intAttribute(a.node, 'axis', -1)),
      epsilon: float(floatAttribute(a.node, 'epsilon', 1e-5)),
    },
  });

export const contributedAdapters: AdapterTable = {
  Gelu: gelu('none'),
  BiasGelu: gelu('none'),
  FastGelu: gelu('tanh'),
  QuickGelu: quickGelu,
  FusedMatMul: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  FusedConv: fusedConv,
  FusedGemm: fusedGemm,
  LayerNormalization: layerNormalization,
  ...contributedNormalizations,
};
