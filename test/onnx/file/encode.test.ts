import { fromBinary, toBinary } from '@bufbuild/protobuf';
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { ModelProtoSchema } from 'onnx-buf';
import { encodeModel } from '../../../src/onnx/file/encode.ts';
import { float, int, ints, type Graph, type Model, type Node } from '../../../src/onnx/graph/graph.ts';
import { float32, int64, type Tensor } from '../../../src/onnx/graph/tensor.ts';

const node = (opType: string, inputs: string[], outputs: string[], attributes: Node['attributes'] = {}): Node => ({
  opType,
  domain: '',
  name: `${opType}_${outputs.join()}`,
  inputs,
  outputs,
  attributes,
});

const opsets = new Map([['', 18]]);

async function run(model: Model, feeds: Record<string, Tensor>) {
  const session = await ort.InferenceSession.create(encodeModel(model));
  const result = await session.run(
    Object.fromEntries(
      Object.entries(feeds).map(([name, { data, dims }]) => [name, new ort.Tensor(data as Float32Array, dims)]),
    ),
  );
  return Object.fromEntries(Object.entries(result).map(([name, { data }]) => [name, Array.from(data as Float32Array)]));
}

test('onnxruntime runs an encoded graph with initializers and attributes', async () => {
  const graph: Graph = {
    name: 'g',
    inputs: [{ name: 'x', type: 'float32', dims: ['batch', 2] }],
    outputs: [{ name: 'y', type: 'float32', dims: [undefined, 3] }],
    initializers: new Map([
      ['w', float32([1, 2, 3, 4, 5, 6], [2, 3])],
      ['axes', int64([1])],
    ]),
    nodes: [
      node('Gemm', ['x', 'w'], ['z'], { alpha: float(2), transA: int(0) }),
      node('ReduceMean', ['z', 'axes'], ['m'], { keepdims: int(1) }),
      node('Sub', ['z', 'm'], ['t']),
      node('Transpose', ['t'], ['u'], { perm: ints([0, 1]) }),
      node('Identity', ['u'], ['y']),
    ],
  };
  const { y } = await run({ graph, opsets }, { x: float32([1, 0, 0, 1], [2, 2]) });
  expect(y).toEqual([-2, 0, 2, -2, 0, 2]);
});

test('a Scan body is encoded as a graph attribute and may read the outer graph', async () => {
  const body: Graph = {
    name: 'body',
    inputs: [
      { name: 'sum', type: 'float32', dims: [] },
      { name: 'slice', type: 'float32', dims: [] },
    ],
    outputs: [
      { name: 'next', type: 'float32', dims: [] },
      { name: 'out', type: 'float32', dims: [] },
    ],
    initializers: new Map(),
    nodes: [
      node('Mul', ['slice', 'two'], ['double']),
      node('Add', ['sum', 'double'], ['next']),
      node('Identity', ['next'], ['out']),
    ],
  };
  const graph: Graph = {
    name: 'g',
    inputs: [{ name: 'x', type: 'float32', dims: [3] }],
    outputs: [
      { name: 'last', type: 'float32', dims: [] },
      { name: 'all', type: 'float32', dims: [3] },
    ],
    initializers: new Map([
      ['zero', { ...float32([0]), dims: [] }],
      ['two', { ...float32([2]), dims: [] }],
    ]),
    nodes: [
      node('Scan', ['zero', 'x'], ['last', 'all'], { num_scan_inputs: int(1), body: { type: 'graph', value: body } }),
    ],
  };
  expect(await run({ graph, opsets }, { x: float32([1, 2, 3]) })).toEqual({ last: [12], all: [2, 6, 12] });
});

test('the pieces are the bytes that protobuf writes itself, for large tensors too', () => {
  const large = float32(
    Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i)),
    [50, 100],
  );
  const graph: Graph = {
    name: 'g',
    inputs: [{ name: 'x', type: 'float32', dims: [1, 50] }],
    outputs: [{ name: 'y', type: 'float32', dims: undefined }],
    initializers: new Map([
      ['large', large],
      ['small', float32([1])],
    ]),
    nodes: [
      { ...node('MatMul', ['x', 'large'], ['y']), metadata: { 'pkg.torch.onnx.name_scopes': "['', 'lm_head']" } },
    ],
  };
  const bytes = encodeModel({ graph, opsets });
  const proto = fromBinary(ModelProtoSchema, bytes);
  expect(Buffer.from(toBinary(ModelProtoSchema, proto)).equals(bytes)).toBe(true);
  expect(proto.graph?.node[0]?.metadataProps[0]).toMatchObject({ value: "['', 'lm_head']" });
  expect(Buffer.from(proto.graph!.initializer[0]!.rawData).equals(Buffer.from(large.data.buffer))).toBe(true);
});

test('"to the end" survives as the largest integer', () => {
  const graph: Graph = {
    name: 'g',
    inputs: [],
    outputs: [],
    initializers: new Map(),
    nodes: [node('Slice', ['x'], ['y'], { ends: ints([2 ** 63, -(2 ** 63)]) })],
  };
  const proto = fromBinary(ModelProtoSchema, encodeModel({ graph, opsets }));
  expect(proto.graph?.node[0]?.attribute[0]?.ints).toEqual([2n ** 63n - 1n, -(2n ** 63n)]);
});
