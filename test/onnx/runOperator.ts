/** Runs one operator in onnxruntime, every input fed from outside so that nothing is computed beforehand. */

import * as ort from 'onnxruntime-node';
import type { Operand, ValueType } from '../../src/onnx/graph/value.ts';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import type { Node } from '../../src/onnx/graph/graph.ts';
import { trainingOpset } from '../../src/onnx/opset/opset.ts';
import type { Tensor, TensorData } from '../../src/onnx/graph/tensor.ts';
import type { OperatorCase } from './operatorCases.ts';

export function nodeOf({ opType, inputs, attributes, outputs }: OperatorCase): Node {
  return {
    opType,
    domain: '',
    name: 'tested',
    inputs: inputs.map((input, i) => (input ? `in${i}` : '')),
    outputs: Array.from({ length: outputs }, (_, i) => `out${i}`),
    attributes,
  };
}

/** The case's inputs as operands, with the elements of some. */
export function operandsOf({ inputs }: OperatorCase, known: (i: number) => boolean): Operand[] {
  return inputs.map((input, i) => {
    if (!input) return undefined;
    const { type, dims } = input;
    return { name: `in${i}`, type, dims, ...(known(i) ? { constant: input } : {}) };
  });
}

/** onnxruntime's outputs. @param types the outputs' element types; onnxruntime refuses a wrong one. */
export async function runInOnnxruntime(tested: OperatorCase, types: readonly ValueType[]): Promise<Tensor[]> {
  const node = nodeOf(tested);
  const present = tested.inputs.flatMap((input, i) => (input ? [{ name: `in${i}`, ...input }] : []));
  const outputs = node.outputs.map((name, i) => ({ name, type: types[i]!.type, dims: undefined }));
  const graph = { name: 'g', nodes: [node], inputs: present, outputs, initializers: new Map<string, Tensor>() };
  const bytes = encodeModel({ graph, opsets: new Map([['', trainingOpset]]) });
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const OrtTensor = ort.Tensor as unknown as new (
    type: string,
    data: TensorData,
    dims: readonly number[],
  ) => ort.Tensor;
  const feeds = Object.fromEntries(
    present.map(({ name, type, data, dims }) => [name, new OrtTensor(type, data, dims)]),
  );
  const results = await session.run(feeds);
  await session.release();
  return node.outputs.map((name) => {
    const { type, dims, data } = results[name]!;
    return { type: type as Tensor['type'], dims, data: data as TensorData };
  });
}
