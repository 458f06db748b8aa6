import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import * as ort from 'onnxruntime-node';
import { ModelProtoSchema, ValueInfoProtoSchema, type ModelProto } from 'onnx-buf';
import { expect, test } from 'vitest';
import { checkModel } from '../../../src/onnx/graph/check.ts';
import { int, ints, string, type Node } from '../../../src/onnx/graph/graph.ts';
import type { ModelFile } from '../../../src/onnx/file/load.ts';
import { exposeParameters, type Parameter } from '../../../src/onnx/model/parameters.ts';
import { saveModel } from '../../../src/onnx/file/save.ts';
import { float32, int64, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { node, openModel, smallModel, temporaryFolder, values } from '../smallFile.ts';

const folder = temporaryFolder();
const width = 4;

const matrix = (seed: number): Tensor => float32(values(width * width, seed), [width, width]);
const vector = (seed: number): Tensor => float32(values(width, seed));
const zeros = float32(new Float32Array(width));
const ones = float32(new Float32Array(width).fill(1));
const scalar = (value: number): Tensor => float32([value], []);

let count = 0;

interface Found {
  readonly parameters: readonly Parameter[];
  readonly file: ModelFile;
  readonly names: readonly string[];
  readonly by: (name: string) => Parameter;
}

/** Exposes a model's parameters, and checks what must hold for every model. */
async function expose(proto: ModelProto, shape: readonly number[] = [2, width]): Promise<Found> {
  const original = await openModel(folder, proto);
  const before = toBinary(ModelProtoSchema, original.proto);
  const { parameters, file } = exposeParameters(original);
  expect(toBinary(ModelProtoSchema, original.proto)).toEqual(before);
  expect(checkModel(file.model)).toEqual([]);
  expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length);
  expect(new Set(parameters.map(({ initializer }) => initializer)).size).toBe(parameters.length);
  for (const { initializer, dims } of parameters)
    expect(file.model.graph.initializers.get(initializer)?.dims).toEqual(dims);
  // It computes the same, and looking again finds the same.
  expect(await compute(file, shape)).toEqual(await compute(original, shape));
  const again = exposeParameters(file);
  expect(again.file).toBe(file);
  expect(again.parameters).toEqual(parameters);
  const by = (name: string) => parameters.find((parameter) => parameter.name === name)!;
  return { parameters, file, names: parameters.map(({ name }) => name), by };
}

async function compute(file: ModelFile, shape: readonly number[]): Promise<unknown> {
  const path = join(folder, `run-${++count}.onnx`);
  await saveModel(file, path);
  const session = await ort.InferenceSession.create(path);
  const length = shape.reduce((product, dim) => product * dim, 1);
  const { y } = await session.run({ x: new ort.Tensor(values(length, 8), shape) });
  return y!.data;
}

/** A linear layer as both exporters write it: the matrix [in, out], the bias added. */
const linear = (
  x: string,
  y: string,
  weight: string,
  bias: string,
  parts: { dynamo?: string; legacy?: string },
): Node[] => {
  const at = (operator: string) =>
    parts.dynamo === undefined ? { name: `/${parts.legacy ?? ''}/${operator}` } : { module: parts.dynamo };
  return [
    node('MatMul', [x, weight], [`${y}_product`], at('MatMul')),
    node('Add', [bias, `${y}_product`], [y], at('Add')),
  ];
};

test('dynamo export: matrices without names, and one initializer of zeros for every bias', async () => {
  const { by, names, file } = await expose(
    smallModel({
      nodes: [
        ...linear('x', 'a', 'val_1', 'm.encoder.layers.0.q.bias', { dynamo: 'm.encoder.layers.0.q' }),
        node('Div', ['a', 'val_3'], ['a2'], { module: 'm.encoder.layers.0.act' }),
        ...linear('a2', 'y', 'val_2', 'm.encoder.layers.0.q.bias', { dynamo: 'head' }),
      ],
      initializers: {
        val_1: matrix(1),
        val_2: matrix(2),
        val_3: scalar(Math.SQRT2),
        'm.encoder.layers.0.q.bias': zeros,
      },
      signature: {
        'm.masked_spec_embed': 'PARAMETER',
        'm.encoder.layers.0.q.weight': 'PARAMETER',
        'm.encoder.layers.0.q.bias': 'PARAMETER',
        'head.weight': 'PARAMETER',
        'head.bias': 'PARAMETER',
      },
    }),
  );
  expect(names).toEqual(['m.encoder.layers.0.q.weight', 'm.encoder.layers.0.q.bias', 'head.weight', 'head.bias']);
  expect(by('m.encoder.layers.0.q.weight')).toEqual({
    initializer: 'val_1',
    name: 'm.encoder.layers.0.q.weight',
    layer: 'encoder.layers.0.q',
    role: 'weight',
    opType: 'MatMul',
    transposed: true,
    dims: [width, width],
  });
  expect(by('head.bias')).toMatchObject({ initializer: 'head.bias', layer: 'head', role: 'bias', transposed: false });
  expect(file.model.graph.initializers.get('head.bias')).toEqual(zeros);
});

test('older export: biases merged through Identity nodes, which go, as nothing needs them any more', async () => {
  const { names, by, file } = await expose(
    smallModel({
      nodes: [
        node('Identity', ['m.encoder.a.bias'], ['head.bias'], { name: 'Identity_1' }),
        ...linear('x', 'a', 'onnx::MatMul_1', 'm.encoder.a.bias', { legacy: 'm/encoder/a' }),
        ...linear('a', 'y', 'onnx::MatMul_2', 'head.bias', { legacy: 'head' }),
      ],
      initializers: { 'onnx::MatMul_1': matrix(1), 'onnx::MatMul_2': matrix(2), 'm.encoder.a.bias': zeros },
    }),
  );
  expect(names).toEqual(['m.encoder.a.weight', 'm.encoder.a.bias', 'head.weight', 'head.bias']);
  expect(by('head.bias').initializer).toBe('head.bias');
  expect(file.model.graph.nodes.map(({ opType }) => opType)).not.toContain('Identity');
});

test('a vector that is no constant, and a matrix, used by two modules are one parameter each', async () => {
  const { names, by } = await expose(
    smallModel({
      nodes: [
        ...linear('x', 'a', 'val_1', 'one.bias', { dynamo: 'one' }),
        ...linear('a', 'y', 'val_1', 'one.bias', { dynamo: 'two' }),
      ],
      initializers: { val_1: matrix(1), 'one.bias': vector(2) },
    }),
  );
  expect(names).toEqual(['one.weight', 'one.bias']);
  expect(by('one.weight').initializer).toBe('val_1');
});

test('a module called twice has its parameters once', async () => {
  const { names } = await expose(
    smallModel({
      nodes: [
        ...linear('x', 'a', 'val_1', 'shared.bias', { dynamo: 'shared' }),
        ...linear('a', 'y', 'val_1', 'shared.bias', { dynamo: 'shared@1' }),
      ],
      initializers: { val_1: matrix(1), 'shared.bias': zeros },
    }),
  );
  expect(names).toEqual(['shared.weight', 'shared.bias']);
});

const groupNorm = (scale: string, offset: string): Node[] => {
  const at = { module: 'm.norm' };
  return [
    node('Reshape', ['x', 'groups'], ['grouped'], at),
    node('InstanceNormalization', ['grouped', scale, offset], ['normalized'], at),
    node('Shape', ['x'], ['shape'], at),
    node('Reshape', ['normalized', 'shape'], ['back'], at),
    node('Mul', ['back', 'val_30'], ['scaled'], at),
    node('Add', ['scaled', 'val_32'], ['n'], at),
  ];
};
const groupNormTensors = {
  groups: int64([0, width, -1]),
  val_30: float32(values(width, 3), [width, 1]),
  val_32: float32(values(width, 4), [width, 1]),
};
const normSignature = {
  'm.norm.weight': 'PARAMETER',
  'm.norm.bias': 'PARAMETER',
  'm.ln.weight': 'PARAMETER',
  'm.ln.bias': 'PARAMETER',
};

test('the ones and zeros that stand for group normalization are constants, the vectors after it are its parameters', async () => {
  const { names, by } = await expose(
    smallModel({
      nodes: [...groupNorm('val_17', 'val_20'), node('Relu', ['n'], ['y'])],
      initializers: { ...groupNormTensors, val_17: ones, val_20: zeros },
      signature: normSignature,
    }),
    [2, width, 5],
  );
  expect(names).toEqual(['m.norm.weight', 'm.norm.bias']);
  expect(by('m.norm.weight')).toMatchObject({ initializer: 'val_30', opType: 'Mul', dims: [width, 1] });
});

test('ones that serve a normalization as parameter and another as constant are separated', async () => {
  const { names, by, file } = await expose(
    smallModel({
      nodes: [
        ...groupNorm('m.ln.weight', 'm.ln.bias'),
        node('Transpose', ['n'], ['t'], { attributes: { perm: ints([0, 2, 1]) } }),
        node('LayerNormalization', ['t', 'm.ln.weight', 'm.ln.bias'], ['y'], { module: 'm.ln' }),
      ],
      initializers: { ...groupNormTensors, 'm.ln.weight': ones, 'm.ln.bias': zeros },
      signature: normSignature,
    }),
    [2, width, 5],
  );
  expect(names).toEqual(['m.norm.weight', 'm.norm.bias', 'm.ln.weight', 'm.ln.bias']);
  expect(by('m.ln.weight').initializer).toBe('m.ln.weight');
  const instance = file.model.graph.nodes.find(({ opType }) => opType === 'InstanceNormalization');
  expect(instance?.inputs).not.toContain('m.ln.weight');
  expect(file.model.graph.initializers.get(instance?.inputs[1] ?? '')).toEqual(ones);
});

const convolution = (weight: Tensor, signature: Readonly<Record<string, string>>) =>
  smallModel({
    nodes: [node('Conv', ['x', 'pos.conv.weight'], ['y'], { module: 'pos.conv' })],
    initializers: { 'pos.conv.weight': weight },
    signature,
  });

test('a bias of zeros that the exporter dropped comes back if PyTorch lists it', async () => {
  const kernel = float32(values(6 * width * 3, 1), [6, width, 3]);
  const listed = { 'pos.conv.weight': 'PARAMETER', 'pos.conv.bias': 'PARAMETER' };
  const { names, by, file } = await expose(convolution(kernel, listed), [2, width, 5]);
  expect(names).toEqual(['pos.conv.weight', 'pos.conv.bias']);
  expect(by('pos.conv.bias')).toMatchObject({ dims: [6], role: 'bias', opType: 'Conv' });
  expect(file.model.graph.nodes[0]?.inputs).toEqual(['x', 'pos.conv.weight', 'pos.conv.bias']);
  const without = await expose(convolution(kernel, { 'pos.conv.weight': 'PARAMETER' }), [2, width, 5]);
  expect(without.names).toEqual(['pos.conv.weight']);
});

test('a matrix in a Constant node becomes an initializer', async () => {
  const weight = matrix(1);
  const { by, file } = await expose(
    smallModel({
      nodes: [
        node('Constant', [], ['/fc/Constant_output_0'], { attributes: { value: { type: 'tensor', value: weight } } }),
        node('MatMul', ['x', '/fc/Constant_output_0'], ['y'], { name: '/fc/MatMul' }),
      ],
    }),
  );
  expect(by('fc.weight').initializer).toBe('/fc/Constant_output_0');
  expect(file.model.graph.initializers.get('/fc/Constant_output_0')).toEqual(weight);
  expect(file.model.graph.nodes).toHaveLength(1);
});

test('[in, out] or [out, in]: MatMul, Gemm with and without transB, and a Transpose before the product', async () => {
  const { by } = await expose(
    smallModel({
      nodes: [
        node('MatMul', ['x', 'w1'], ['a'], { name: '/one/MatMul' }),
        node('Gemm', ['a', 'two.weight', 'two.bias'], ['b'], { name: '/two/Gemm', attributes: { transB: int(1) } }),
        node('Gemm', ['b', 'w3'], ['c'], { name: '/three/Gemm' }),
        node('Transpose', ['four.weight'], ['turned'], { name: '/four/Transpose', attributes: { perm: ints([1, 0]) } }),
        node('MatMul', ['c', 'turned'], ['y'], { name: '/four/MatMul' }),
      ],
      initializers: {
        w1: matrix(1),
        'two.weight': matrix(2),
        'two.bias': vector(5),
        w3: matrix(3),
        'four.weight': matrix(4),
      },
    }),
  );
  const transposed = ['one', 'two', 'three', 'four'].map((name) => by(`${name}.weight`).transposed);
  expect(transposed).toEqual([true, false, true, false]);
  expect(by('two.bias')).toMatchObject({ role: 'bias', opType: 'Gemm', transposed: false });
});

test('weight normalization in the graph: its two parts are the parameters', async () => {
  const [g, v] = ['original0', 'original1'].map((part) => `enc.conv.parametrizations.weight.${part}`) as [
    string,
    string,
  ];
  const { by, names } = await expose(
    smallModel({
      nodes: [
        node('ReduceL2', [v, 'axes'], ['norm'], { module: 'enc.conv' }),
        node('Div', [v, 'norm'], ['direction'], { module: 'enc.conv' }),
        node('Mul', ['direction', g], ['weight'], { module: 'enc.conv' }),
        node('Conv', ['x', 'weight', 'enc.conv.bias'], ['y'], { module: 'enc.conv' }),
      ],
      initializers: {
        [g]: float32(values(3, 1), [1, 1, 3]),
        [v]: float32(values(6 * width * 3, 2), [6, width, 3]),
        axes: int64([0, 1]),
        'enc.conv.bias': float32(values(6, 3)),
      },
    }),
    [2, width, 5],
  );
  expect([...names].sort()).toEqual(['enc.conv.bias', g, v]);
  expect(by(g)).toMatchObject({ layer: 'enc.conv', role: 'weight', opType: 'Conv' });
});

test('embedded positions are a parameter, positions computed from lengths and constant tables are not', async () => {
  const { names } = await expose(
    smallModel({
      nodes: [
        node('Shape', ['x'], ['shape']),
        node('Gather', ['shape', 'second'], ['length']),
        node('Range', ['zero', 'length', 'one'], ['positions']),
        node('Gather', ['enc.positions.weight', 'positions'], ['rows'], { name: '/enc/positions/Gather' }),
        node('Cast', ['positions'], ['floats'], { attributes: { to: int(1) } }),
        node('Unsqueeze', ['floats', 'last'], ['column']),
        node('Mul', ['column', 'enc.rotary.inv_freq'], ['angles'], { name: '/enc/rotary/Mul' }),
        node('Cos', ['angles'], ['cosine']),
        node('Add', ['x', 'rows'], ['a'], { name: '/enc/Add' }),
        node('Mul', ['a', 'cosine'], ['b'], { name: '/enc/rotary/Mul_1' }),
        node('Add', ['b', 'table'], ['y'], { name: '/enc/Add_1' }),
      ],
      initializers: {
        'enc.positions.weight': float32(values(9 * width, 1), [9, width]),
        'enc.rotary.inv_freq': vector(2),
        table: float32(values(3 * width, 3), [3, width]),
        second: int64([1], []),
        zero: int64([0], []),
        one: int64([1], []),
        last: int64([-1]),
      },
    }),
    [2, 3, width],
  );
  expect(names).toEqual(['enc.positions.weight']);
});

test('a buffer that PyTorch lists as one is not a parameter, whatever reads it', async () => {
  const { names } = await expose(
    smallModel({
      nodes: [
        node('Einsum', ['x', 'front.filters'], ['a'], {
          module: 'front',
          attributes: { equation: string('ij,jk->ik') },
        }),
        node('Mul', ['a', 'front.scale'], ['b'], { module: 'front' }),
        node('Add', ['b', 'front.offset'], ['y'], { module: 'front' }),
      ],
      initializers: { 'front.filters': matrix(1), 'front.scale': vector(2), 'front.offset': vector(3) },
      signature: { 'front.filters': 'BUFFER', 'front.scale': 'BUFFER', 'front.offset': 'PARAMETER' },
    }),
  );
  expect(names).toEqual(['front.offset']);
});

test('without any names a parameter is called as its initializer, and two of one name are told apart', async () => {
  const { names, by } = await expose(
    smallModel({
      nodes: [
        node('MatMul', ['x', 'W0'], ['a'], { name: 'MatMul_7' }),
        node('MatMul', ['a', 'W1'], ['b'], { name: '/attention/MatMul' }),
        node('MatMul', ['b', 'W2'], ['y'], { name: '/attention/MatMul_1' }),
      ],
      initializers: { W0: matrix(1), W1: matrix(2), W2: matrix(3) },
    }),
  );
  expect(names).toEqual(['W0', 'attention.weight', 'attention.MatMul_1.weight']);
  expect(by('W0').layer).toBe('W0');
  expect(by('attention.MatMul_1.weight')).toMatchObject({ initializer: 'W2', layer: 'attention.MatMul_1' });
});

test('initializers that are graph inputs too (before version 4 of the format) are separated all the same', async () => {
  const proto = smallModel({
    nodes: [
      ...linear('x', 'a', 'w1', 'one.bias', { legacy: 'one' }),
      ...linear('a', 'y', 'w2', 'one.bias', { legacy: 'two' }),
    ],
    initializers: { w1: matrix(1), w2: matrix(2), 'one.bias': zeros },
  });
  const { type } = proto.graph!.input[0]!;
  for (const { name } of proto.graph!.initializer)
    proto.graph!.input.push(create(ValueInfoProtoSchema, { name, type: type! }));
  proto.irVersion = 3n;
  proto.opsetImport[0]!.version = 13n;
  const { names } = await expose(proto);
  expect(names).toEqual(['one.weight', 'one.bias', 'two.weight', 'two.bias']);
});

test('writing into one separated parameter leaves the others alone', async () => {
  const { by, file } = await expose(
    smallModel({
      nodes: [
        ...linear('x', 'a', 'w1', 'one.bias', { legacy: 'one' }),
        ...linear('a', 'y', 'w2', 'one.bias', { legacy: 'two' }),
      ],
      initializers: { w1: matrix(1), w2: matrix(2), 'one.bias': zeros },
    }),
  );
  const data = (name: string) => file.model.graph.initializers.get(by(name).initializer)!.data;
  data('one.bias').fill(5 as never);
  expect(data('two.bias')).toEqual(zeros.data);
});

/** A Reshape of a vector to [width, 1], as an exporter writes it before it adds a vector to [batch, channels, time]. */
const column = (vector: string, output: string): Node => node('Reshape', [vector, 'column'], [output]);

test('zeros that are read through one view by two modules are separated, and each goes on reading its own through a view', async () => {
  const { names, by, file } = await expose(
    smallModel({
      nodes: [
        column('one.bias', 'zero'),
        node('Add', ['x', 'zero'], ['a'], { module: 'one' }),
        node('Relu', ['a'], ['b']),
        node('Add', ['b', 'zero'], ['y'], { module: 'two' }),
      ],
      initializers: { 'one.bias': zeros, column: int64([width, 1]) },
      signature: { 'one.bias': 'PARAMETER', 'two.bias': 'PARAMETER' },
    }),
    [2, width, 5],
  );
  expect(names).toEqual(['one.bias', 'two.bias']);
  expect(by('two.bias').initializer).toBe('two.bias');
  expect(file.model.graph.nodes.filter(({ opType }) => opType === 'Reshape').map(({ inputs }) => inputs[0])).toEqual([
    'one.bias',
    'two.bias',
  ]);
});

test('ones that a branch reads, too, stay ones there when they are trained', async () => {
  const branch = (output: string) => ({
    type: 'graph' as const,
    value: {
      name: output,
      nodes: [node('Mul', ['n', 'm.ln.weight'], [output])],
      inputs: [],
      outputs: [{ name: output, type: 'float32' as const, dims: undefined }],
      initializers: new Map(),
    },
  });
  const { by, file } = await expose(
    smallModel({
      nodes: [
        node('LayerNormalization', ['x', 'm.ln.weight', 'm.ln.bias'], ['n'], { module: 'm.ln' }),
        node('If', ['yes'], ['y'], { attributes: { then_branch: branch('t'), else_branch: branch('e') } }),
      ],
      initializers: {
        'm.ln.weight': ones,
        'm.ln.bias': vector(3),
        yes: { type: 'bool', dims: [], data: Uint8Array.of(1) },
      },
    }),
  );
  const { initializer } = by('m.ln.weight');
  expect(initializer).toBe('m.ln.weight');
  const { attributes } = file.model.graph.nodes.find(({ opType }) => opType === 'If')!;
  const bodies = Object.values(attributes).flatMap((held) => (held.type === 'graph' ? [held.value] : []));
  expect(bodies.map(({ nodes }) => nodes[0]!.inputs[1])).toEqual(['m.ln.weight_constant', 'm.ln.weight_constant']);
});

test('a vector of numbers that differ, read by something that is no parameter, stays one with it', async () => {
  const { file } = await expose(
    smallModel({
      nodes: [
        node('LayerNormalization', ['x', 'm.ln.weight', 'm.ln.bias'], ['n'], { module: 'm.ln' }),
        node('Max', ['n', 'm.ln.weight'], ['y'], { module: 'm' }),
      ],
      initializers: { 'm.ln.weight': vector(1), 'm.ln.bias': vector(2) },
    }),
  );
  expect(file.model.graph.nodes[1]!.inputs).toEqual(['n', 'm.ln.weight']);
});

test('biases that were put into one vector are taken apart, and named after the weights of their products', async () => {
  const call = (part: string) => ({ 'pkg.torch.onnx.fx_node': `linear(%x, %p_${part}, %getitem)` });
  const product = (part: string, y: string): Node[] =>
    [node('MatMul', ['x', `w_${part}`], [`${y}_product`]), node('Add', [`${y}_product`, `cut_${part}`], [y])].map(
      (one) => ({ ...one, metadata: { 'pkg.torch.onnx.name_scopes': `['', 'm', 'linear']`, ...call(part) } }),
    );
  const proto = smallModel({
    nodes: [
      node('Split', ['cat'], ['cut_q', 'cut_k'], { attributes: { num_outputs: int(2) } }),
      ...product('q', 'a'),
      ...product('k', 'b'),
      node('Mul', ['a', 'b'], ['y']),
    ],
    initializers: { w_q: matrix(1), w_k: matrix(2), cat: float32(values(2 * width, 3)) },
    signature: {},
  });
  proto.graph!.metadataProps[0]!.value = ['q', 'k']
    .flatMap((part) => [
      `p_${part}: PARAMETER target='m.${part}.weight'`,
      `b_${part}: PARAMETER target='m.${part}.bias'`,
    ])
    .join('\n');
  const { names, file } = await expose(proto);
  expect(names).toEqual(['m.q.weight', 'm.q.bias', 'm.k.weight', 'm.k.bias']);
  expect(file.model.graph.nodes.map(({ opType }) => opType)).not.toContain('Split');
});

test('a dropped bias has as many elements as the kernel that is computed by weight normalization has channels', async () => {
  const [g, v] = ['original0', 'original1'].map((part) => `c.parametrizations.weight.${part}`) as [string, string];
  const { by } = await expose(
    smallModel({
      nodes: [
        node('ReduceL2', [v, 'axes'], ['norm'], { module: 'c' }),
        node('Div', [g, 'norm'], ['scale'], { module: 'c' }),
        node('Mul', [v, 'scale'], ['weight'], { module: 'c' }),
        node('Conv', ['x', 'weight'], ['y'], { module: 'c' }),
      ],
      initializers: {
        [g]: float32(values(3, 1), [1, 1, 3]),
        [v]: float32(values(6 * width * 3, 2), [6, width, 3]),
        axes: int64([0, 1]),
      },
      signature: { [g]: 'PARAMETER', [v]: 'PARAMETER', 'c.bias': 'PARAMETER' },
    }),
    [2, width, 5],
  );
  expect(by('c.bias').dims).toEqual([6]);
});

test('parameters that PyTorch lists and the graph does not hold are told', async () => {
  const original = await openModel(
    folder,
    smallModel({
      nodes: [node('MatMul', ['x', 'val_1'], ['y'], { module: 'fc' })],
      initializers: { val_1: matrix(1) },
      signature: { 'fc.weight': 'PARAMETER', 'fc.scale': 'PARAMETER', 'fc.mean': 'BUFFER' },
    }),
  );
  expect(exposeParameters(original).absent).toEqual(['fc.scale']);
});
