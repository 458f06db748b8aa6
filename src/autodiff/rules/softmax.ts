/** Gradients of Softmax and LogSoftmax along one axis (opset 13 and later). */

import { int, intAttribute } from '../../onnx/graph/graph.ts';
import type { RuleTable } from '../rule.ts';
import { fromFront, mul, unary } from './common.ts';

export const softmax: RuleTable = {
  // dx = y·(g − Σ g·y), written as g·y − y·Σ g·y to use the product twice
  Softmax: unary((b, g, _x, y, node) => {
    const axis = fromFront(intAttribute(node, 'axis', -1), y.dims.length);
    const product = mul(b, g, y);
    const sum = b.op('ReduceSum', [product, b.ints([axis])], { keepdims: int(1) });
    return b.op('Sub', [product, mul(b, y, sum)]);
  }),
  // dx = g − exp(y)·Σ g
  LogSoftmax: unary((b, g, _x, y, node) => {
    const axis = fromFront(intAttribute(node, 'axis', -1), y.dims.length);
    const sum = b.op('ReduceSum', [g, b.ints([axis])], { keepdims: int(1) });
    return b.op('Sub', [g, mul(b, b.op('Exp', [y]), sum)]);
  }),
};
