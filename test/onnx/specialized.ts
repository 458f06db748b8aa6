/** Runs a model as it is and specialized, side by side in onnxruntime. */

import * as ort from 'onnxruntime-node';
import { Builder } from '../../src/onnx/graph/builder.ts';
import type { Value } from '../../src/onnx/graph/value.ts';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import type { Attributes, Graph, Model, Node } from '../../src/onnx/graph/graph.ts';
import { trainingOpset } from '../../src/onnx/opset/opset.ts';
import { specialize } from '../../src/onnx/passes/specialize.ts';
import { float32, sizeOf, type Tensor, type TensorData } from '../../src/onnx/graph/tensor.ts';

/** A node as "y z = Op(a, b)"; a name left out is an optional input that is not there. */
export function node(text: string, attributes: Attributes = {}, more: Partial<Node> = {}): Node {
  const [, left = '', opType = '', right = ''] = /^(.*?) = (\w+)\((.*)\)$/.exec(text) ?? [];
  const inputs = right === '' ? [] : right.split(',').map((name) => name.trim());
  return { opType, domain: '', name: `${opType}/${left}`, inputs, outputs: left.split(' '), attributes, ...more };
}

export interface Written {
  readonly opset?: number;
  readonly nodes: readonly Node[];
  /** Inputs with what is fed. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly initializers?: Readonly<Record<string, Tensor>>;
  /** Initializers that stay inputs of the specialized graph. */
  readonly parameters?: readonly string[];
  readonly outputs?: readonly string[];
}

export function modelOf({ opset = 17, nodes, inputs, initializers = {}, outputs = ['y'] }: Written): Model {
  const graph: Graph = {
    name: 'written',
    nodes,
    inputs: Object.entries(inputs).map(([name, { type, dims }]) => ({ name, type, dims: dims.map(() => undefined) })),
    outputs: outputs.map((name) => ({ name, type: 'float32', dims: undefined })),
    initializers: new Map(Object.entries(initializers)),
  };
  return {
    graph,
    opsets: new Map([
      ['', opset],
      ['com.microsoft', 1],
    ]),
  };
}

export function specialized(written: Written): { readonly b: Builder; readonly outputs: Map<string, Value> } {
  const b = new Builder();
  const inputs = Object.fromEntries(
    Object.entries(written.inputs).map(([name, { type, dims }]) => [name, b.input(name, type, dims)]),
  );
  const parameters = new Map(
    (written.parameters ?? []).map((name) => {
      const { type, dims } = written.initializers![name]!;
      return [name, b.input(`weight/${name}`, type, dims)];
    }),
  );
  const outputs = specialize(modelOf(written), b, { inputs, parameters, outputs: written.outputs ?? ['y'] });
  return { b, outputs };
}

/** The specialized graph's operators, and the largest difference of its first output from the original's. */
export async function compare(written: Written): Promise<{ operators: string[]; difference: number }> {
  const { b, outputs } = specialized(written);
  const [name = 'y'] = written.outputs ?? [];
  b.output(outputs.get(name)!, 'specialized');
  const feeds = {
    ...written.inputs,
    ...Object.fromEntries((written.parameters ?? []).map((name) => [`weight/${name}`, written.initializers![name]!])),
  };
  const graph = b.graph('specialized');
  const actual = await run({ graph, opsets: new Map([['', trainingOpset]]) }, feeds, 'specialized');
  const expected = await run(modelOf(written), written.inputs, name);
  if (actual.dims.join() !== expected.dims.join())
    throw new Error(`[${actual.dims.join()}] instead of [${expected.dims.join()}]`);
  const difference = Array.from(expected.data as Float32Array).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - Number(actual.data[i]))),
    0,
  );
  const operators = graph.nodes.map(({ opType }) => opType).filter((opType) => opType !== 'Identity');
  return { operators, difference };
}

async function run(model: Model, feeds: Readonly<Record<string, Tensor>>, output: string): Promise<ort.Tensor> {
  const session = await ort.InferenceSession.create(encodeModel(model), { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const OrtTensor = ort.Tensor as unknown as new (
    type: string,
    data: TensorData,
    dims: readonly number[],
  ) => ort.Tensor;
  const wanted = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name));
  const results = await session.run(
    Object.fromEntries(wanted.map(([name, { type, data, dims }]) => [name, new OrtTensor(type, data, dims)])),
  );
  await session.release();
  return results[output]!;
}

/** Floats from −2 to 2 from a seed. */
export function random(seed: number, ...dims: readonly number[]): Tensor {
  let state = seed;
  return float32(
    Array.from({ length: sizeOf(dims) }, () => {
      state = (state * 48271) % 2147483647;
      return (state / 2147483647) * 4 - 2;
    }),
    dims,
  );
}
