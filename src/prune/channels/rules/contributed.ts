/** Operators of onnxruntime's own domain com.microsoft, which its optimizer leaves in files. Their definitions: src/onnx/opset/contributed.ts. */

import { intAttribute } from '../../../onnx/graph/graph.ts';
import { keptFresh, type ChannelRule } from './common.ts';
import { elementwise, layerNormalization } from './elementwise.ts';
import { convolution, gemm, matMul } from './products.ts';

/** A matrix product whose inputs may be transposed first: transBatch moves an input's first axis behind the other batch axes, trans swaps the last two. */
const fusedMatMul: ChannelRule = (visit) => {
  const { node } = visit;
  const orders = visit.inputs.map((layout, i) => {
    const side = i === 0 ? 'A' : 'B';
    const axes = layout?.map((_, axis) => axis) ?? [];
    const moved =
      intAttribute(node, `transBatch${side}`, 0) === 0 ? axes : [...axes.slice(1, -1), 0, ...axes.slice(-1)];
    return intAttribute(node, `trans${side}`, 0) === 0
      ? moved
      : [...moved.slice(0, -2), ...moved.slice(-2).toReversed()];
  });
  const axisOf = (input: number, axis: number): number => orders[input]?.[axis] ?? axis;
  return matMul({
    ...visit,
    inputs: visit.inputs.map((layout, i) => layout && orders[i]?.map((axis) => layout[axis] ?? [])),
    contract: (a, axisOfA, b, axisOfB) => visit.contract(a, axisOf(a, axisOfA), b, axisOf(b, axisOfB)),
  });
};

/** A convolution, to which input 3 is added. */
const fusedConvolution: ChannelRule = (visit) => {
  const [result] = convolution(visit) ?? [];
  return result && elementwise({ ...visit, inputs: [result, visit.inputs[3]] });
};

/** Normalization of input + skip (+ bias). The statistics are outputs 1 and 2, the sum is output 3. */
const skipNormalization: ChannelRule = (visit) => {
  const { inputs, outputs } = visit;
  const [x, skip, ...vectors] = inputs;
  const [sum] = elementwise({ ...visit, inputs: [x, skip], outputs: outputs.slice(0, 1) }) ?? [];
  if (!sum) return undefined;
  const normalized = layerNormalization({ ...visit, inputs: [sum, ...vectors], outputs: outputs.slice(0, 1) });
  return outputs.map((dims, i) => (i === 0 ? (normalized?.[0] ?? sum) : i === 3 ? sum : keptFresh(visit, dims)));
};

export const contributedRules: Readonly<Record<string, ChannelRule>> = {
  Gelu: elementwise,
  BiasGelu: elementwise,
  FastGelu: elementwise,
  QuickGelu: elementwise,
  FusedMatMul: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  FusedGemm: gemm,
  FusedConv: fusedConvolution,
  LayerNormalization: layerNormalization,
  SimplifiedLayerNormalization: layerNormalization,
  SkipLayerNormalization: skipNormalization,
  SkipSimplifiedLayerNormalization: skipNormalization,
};
