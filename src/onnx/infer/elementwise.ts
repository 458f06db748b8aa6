/** Shapes of operators that work element by element, with broadcasting where ONNX has it. */

import { attribute, intAttribute } from '../graph/graph.ts';
import type { DataType } from '../graph/tensor.ts';
import {
  broadcast,
  elementType,
  like,
  misfit,
  one,
  required,
  sameTypes,
  type Infer,
  type InferTable,
} from './common.ts';

const unary = like(0);

/** Any number of inputs of one type, broadcast together. */
const arithmetic: Infer = (node, inputs) => {
  const type = sameTypes(node, inputs);
  return one(type, broadcast(node, inputs, shapesOf(inputs)));
};

const comparison: Infer = (node, inputs) => {
  sameTypes(node, inputs);
  return one('bool', broadcast(node, inputs, shapesOf(inputs)));
};

/** Pow's exponent and BitShift's distance may have another type than the base, which decides the output's. */
const power: Infer = (node, inputs) => {
  const { type } = required(node, inputs, 0);
  required(node, inputs, 1);
  return one(type, broadcast(node, inputs, shapesOf(inputs)));
};

const test: Infer = (node, inputs) => one('bool', required(node, inputs, 0).dims);

const where: Infer = (node, inputs) => {
  const condition = required(node, inputs, 0);
  const yes = required(node, inputs, 1);
  const no = required(node, inputs, 2);
  if (condition.type !== 'bool') throw misfit(node, inputs, 'the condition is not bool');
  if (yes.type !== no.type) throw misfit(node, inputs, 'the element types differ');
  return one(yes.type, broadcast(node, inputs, shapesOf(inputs)));
};

const cast: Infer = (node, inputs) => {
  const { dims } = required(node, inputs, 0);
  return one(elementType(node, intAttribute(node, 'to')), dims);
};

const castLike: Infer = (node, inputs) => one(required(node, inputs, 1).type, required(node, inputs, 0).dims);

const dropout: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  return [
    { type, dims },
    { type: 'bool', dims },
  ];
};

/** PRelu's slope broadcasts to the input and never the other way. */
const prelu: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const result = broadcast(node, inputs, shapesOf(inputs));
  if (result.length !== dims.length || result.some((dim, i) => dim !== dims[i])) {
    throw misfit(node, inputs, 'the slope does not broadcast to the input');
  }
  return one(type, dims);
};

const quantize: Infer = (node, inputs) => {
  const chosen = attribute(node, 'output_dtype', 'int');
  const type: DataType = chosen ? elementType(node, chosen) : (inputs[2]?.type ?? 'uint8');
  return one(type, required(node, inputs, 0).dims);
};

const dequantize: Infer = (node, inputs) => one(required(node, inputs, 1).type, required(node, inputs, 0).dims);

const named = (infer: Infer, ...operators: readonly string[]): InferTable =>
  Object.fromEntries(operators.map((operator) => [operator, infer]));

export const elementwise: InferTable = {
  ...named(
    unary,
    'Abs',
    'Acos',
    'Acosh',
    'Asin',
    'Asinh',
    'Atan',
    'Atanh',
    'BitwiseNot',
    'Ceil',
    'Celu',
    'Cos',
    'Cosh',
  ),
  ...named(unary, 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish', 'Identity', 'LeakyRelu', 'Log'),
  ...named(
    unary,
    'Mish',
    'Neg',
    'Not',
    'Reciprocal',
    'Relu',
    'Round',
    'Selu',
    'Shrink',
    'Sigmoid',
    'Sign',
    'Sin',
    'Sinh',
  ),
  ...named(unary, 'Softplus', 'Softsign', 'Sqrt', 'Tan', 'Tanh', 'ThresholdedRelu', 'Clip'),
  ...named(arithmetic, 'Add', 'Sub', 'Mul', 'Div', 'Mod', 'Min', 'Max', 'Sum', 'Mean', 'And', 'Or', 'Xor'),
  ...named(arithmetic, 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor'),
  ...named(comparison, 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'),
  ...named(power, 'Pow', 'BitShift'),
  ...named(test, 'IsNaN', 'IsInf'),
  Where: where,
  Cast: cast,
  CastLike: castLike,
  Dropout: dropout,
  PRelu: prelu,
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
};

function shapesOf(inputs: Parameters<Infer>[1]): (readonly number[])[] {
  return inputs.flatMap((input) => (input ? [input.dims] : []));
}
