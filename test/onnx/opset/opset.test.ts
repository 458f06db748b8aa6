/** Nodes of older and newer operator sets, and onnxruntime's own, beside their rewriting in the training graph's set. */

import { describe, expect, test } from 'vitest';
import { float, int, ints, string, type Attributes, type Node } from '../../../src/onnx/graph/graph.ts';
import { float32, int64, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { compare, node, random, specialized, type Written } from '../specialized.ts';

const x = random(1, 2, 3, 4);
const scalar = (value: number): Tensor => float32([value], []);
const bools = (values: readonly number[], dims: readonly number[]): Tensor => ({
  type: 'bool',
  dims,
  data: Uint8Array.from(values),
});

interface Case {
  readonly title: string;
  readonly opset: number;
  readonly nodes: readonly Node[];
  readonly more?: Partial<Written>;
}

const one = (
  title: string,
  opset: number,
  text: string,
  attributes: Attributes = {},
  more: Partial<Written> = {},
): Case => ({
  title,
  opset,
  nodes: [node(text, attributes)],
  more,
});

const ours = (title: string, text: string, attributes: Attributes = {}, more: Partial<Written> = {}): Case => ({
  title,
  opset: 17,
  nodes: [node(text, attributes, { domain: 'com.microsoft' })],
  more,
});

const reductions = ['Sum', 'Mean', 'Max', 'Min', 'L1', 'L2', 'SumSquare', 'LogSumExp', 'Prod'];

const older: readonly Case[] = [
  ...reductions.map((name) =>
    one(`Reduce${name} with axes as an attribute`, 11, `y = Reduce${name}(x)`, {
      axes: ints([1, -1]),
      keepdims: int(0),
    }),
  ),
  one('Softmax of a matrix', 11, 'y = Softmax(x)'),
  one('Softmax along the last axis', 11, 'y = Softmax(x)', { axis: int(-1) }),
  one('LogSoftmax of a matrix', 12, 'y = LogSoftmax(x)', { axis: int(1) }),
  one('Softmax with the axis of today', 13, 'y = Softmax(x)', { axis: int(1) }),
  one('Softmax with the default axis of today', 17, 'y = Softmax(x)'),
  one('Squeeze', 11, 'y = Squeeze(x)', { axes: ints([0]) }, { inputs: { x: random(2, 1, 3) } }),
  one('Unsqueeze', 11, 'y = Unsqueeze(x)', { axes: ints([0, -1]) }),
  one('Clip', 7, 'y = Clip(x)', { min: float(-0.5), max: float(0.25) }),
  one('Clip without an upper bound', 10, 'y = Clip(x)', { min: float(-0.5) }),
  one('Pad', 10, 'y = Pad(x)', { pads: ints([0, 1, 0, 0, 0, 2]), value: float(0.5) }),
  one('Pad by reflection', 10, 'y = Pad(x)', { pads: ints([0, 1, 0, 0, 0, 2]), mode: string('reflect') }),
  one('Slice', 9, 'y = Slice(x)', { starts: ints([1]), ends: ints([-1]), axes: ints([2]) }),
  one('Dropout', 10, 'y = Dropout(x)', { ratio: float(0.5) }),
  one('Resize', 10, 'y = Resize(x, scales)', {}, { initializers: { scales: float32([1, 1, 2.5]) } }),
  one('Upsample', 9, 'y = Upsample(x, scales)', {}, { initializers: { scales: float32([1, 1, 2]) } }),
  one(
    'BatchNormalization',
    9,
    'y = BatchNormalization(x, s, b, m, v)',
    { epsilon: float(1e-3), momentum: float(0.8) },
    {
      initializers: { s: random(2, 3), b: random(3, 3), m: random(4, 3), v: float32([0.5, 1, 2]) },
    },
  ),
  {
    title: 'Split into equal pieces without saying so',
    opset: 13,
    nodes: [node('a b = Split(x)', { axis: int(-1) }), node('y = Sub(a, b)')],
  },
  {
    title: 'Split with lengths as an attribute',
    opset: 11,
    nodes: [node('a b = Split(x)', { axis: int(1), split: ints([1, 2]) }), node('y = Mul(a, b)')],
  },
  {
    title: 'Split where only the first piece is read',
    opset: 13,
    nodes: [node('y b = Split(x)', { axis: int(-1) })],
  },
  {
    title: 'TopK with its count as an attribute',
    opset: 9,
    nodes: [node('y i = TopK(x)', { k: int(2) })],
  },
  {
    title: 'Scatter',
    opset: 10,
    nodes: [node('y = Scatter(x, i, u)', { axis: int(2) })],
    more: { initializers: { i: int64([1, 2], [1, 1, 2]), u: random(5, 1, 1, 2) } },
  },
  {
    title: 'Constants in every form',
    opset: 13,
    nodes: [
      node('a = Constant()', { value: { type: 'tensor', value: scalar(2) } }),
      node('b = Constant()', { value_float: float(0.5) }),
      node('c = Constant()', { value_ints: ints([2, -1]) }),
      node('d = Mul(x, a)'),
      node('e = Add(d, b)'),
      node('y = Reshape(e, c)'),
    ],
  },
];

const perGroup = { initializers: { s: random(2, 3), b: random(3, 3) } };
const perChannel = { initializers: { s: random(2, 6), b: random(3, 6) } };
const grouped = { num_groups: int(3), epsilon: float(1e-3) };
const heads = (seed: number, count: number, frames: number): Tensor => random(seed, 2, count, frames, 4);
const qkv = { inputs: { q: heads(1, 4, 3), k: heads(2, 4, 5), v: heads(3, 4, 5) } };
const few = { inputs: { q: heads(1, 4, 3), k: heads(2, 2, 5), v: heads(3, 2, 5) } };
const flat = { inputs: { q: random(1, 2, 3, 8), k: random(2, 2, 5, 8), v: random(3, 2, 5, 8) } };
const withMask = (mask: Tensor): Partial<Written> => ({ inputs: { ...qkv.inputs, mask } });
const caches = { initializers: { c: random(4, 7, 2), s: random(5, 7, 2), p: int64([0, 1, 2, 4, 5, 6], [2, 3]) } };

const newer: readonly Case[] = [
  one('GroupNormalization with a scale per group', 18, 'y = GroupNormalization(x, s, b)', grouped, {
    inputs: { x: random(1, 2, 6, 4) },
    ...perGroup,
  }),
  one('GroupNormalization with a scale per channel', 21, 'y = GroupNormalization(x, s, b)', grouped, {
    inputs: { x: random(1, 2, 6, 4) },
    ...perChannel,
  }),
  one('GroupNormalization of an image', 21, 'y = GroupNormalization(x, s, b)', grouped, {
    inputs: { x: random(1, 2, 6, 3, 2) },
    ...perChannel,
  }),
  one('RMSNormalization', 23, 'y = RMSNormalization(x, s)', {}, { initializers: { s: random(2, 4) } }),
  one(
    'RMSNormalization over two axes',
    23,
    'y = RMSNormalization(x, s)',
    { axis: int(1), epsilon: float(0.1) },
    { initializers: { s: random(2, 3, 4) } },
  ),
  one('Attention', 23, 'y = Attention(q, k, v)', {}, qkv),
  one(
    'Attention with a scale and a soft cap',
    23,
    'y = Attention(q, k, v)',
    { scale: float(0.3), softcap: float(2) },
    qkv,
  ),
  one(
    'Attention with heads side by side',
    23,
    'y = Attention(q, k, v)',
    { q_num_heads: int(2), kv_num_heads: int(2) },
    flat,
  ),
  one('Attention with fewer key heads', 23, 'y = Attention(q, k, v)', {}, few),
  one('Attention with a mask to add', 23, 'y = Attention(q, k, v, mask)', {}, withMask(random(7, 3, 5))),
  one(
    'Attention with a mask of truths',
    23,
    'y = Attention(q, k, v, mask)',
    {},
    withMask(bools([1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1], [3, 5])),
  ),
  one(
    'Attention to the past',
    23,
    'y = Attention(q, k, v)',
    { is_causal: int(1) },
    { inputs: { q: heads(1, 4, 5), k: heads(2, 4, 5), v: heads(3, 4, 5) } },
  ),
  one(
    'RotaryEmbedding',
    23,
    'y = RotaryEmbedding(x, c, s, p)',
    {},
    { inputs: { x: random(1, 2, 5, 3, 4) }, ...caches },
  ),
  one(
    'RotaryEmbedding of neighbours',
    23,
    'y = RotaryEmbedding(x, c, s, p)',
    { interleaved: int(1) },
    { inputs: { x: random(1, 2, 5, 3, 4) }, ...caches },
  ),
  one(
    'RotaryEmbedding of a part',
    23,
    'y = RotaryEmbedding(x, c, s, p)',
    { rotary_embedding_dim: int(4) },
    { inputs: { x: random(1, 2, 5, 3, 6) }, ...caches },
  ),
  one(
    'RotaryEmbedding with heads side by side',
    23,
    'y = RotaryEmbedding(x, c, s, p)',
    { num_heads: int(2) },
    { inputs: { x: random(1, 2, 3, 8) }, ...caches },
  ),
  one('Reshape', 23, 'y = Reshape(x, shape)', {}, { initializers: { shape: int64([0, -1]) } }),
];

const bias = { initializers: { b: random(2, 4) } };
const skip = {
  inputs: { x, z: random(2, 2, 3, 4) },
  initializers: { g: random(3, 4), b: random(4, 4), c: random(5, 4) },
};
const pair = { inputs: { x: random(1, 2, 4, 3), z: random(2, 2, 5, 4) } };
const filters = {
  inputs: { x: random(1, 1, 3, 5, 5) },
  initializers: { w: random(2, 4, 3, 2, 2), b: random(3, 4), z: random(4, 1, 4, 4, 4) },
};

const contributed: readonly Case[] = [
  ours('Gelu', 'y = Gelu(x)'),
  ours('FastGelu', 'y = FastGelu(x, b)', {}, bias),
  ours('BiasGelu', 'y = BiasGelu(x, b)', {}, bias),
  ours('QuickGelu', 'y = QuickGelu(x)', { alpha: float(1.5) }),
  ours('FusedMatMul', 'y = FusedMatMul(x, z)', { transA: int(1), transB: int(1), alpha: float(0.5) }, pair),
  ours(
    'FusedMatMul with a batch behind',
    'y = FusedMatMul(x, z)',
    { transBatchA: int(1), transBatchB: int(1), transB: int(1) },
    {
      inputs: { x: random(1, 3, 2, 5, 4), z: random(2, 6, 2, 5, 4) },
    },
  ),
  ours('SkipLayerNormalization', 'y = SkipLayerNormalization(x, z, g, b, c)', { epsilon: float(1e-4) }, skip),
  ours('SkipLayerNormalization without a shift', 'y = SkipLayerNormalization(x, z, g)', {}, skip),
  {
    title: 'SkipLayerNormalization and its sum',
    opset: 17,
    nodes: [
      node('n   s = SkipLayerNormalization(x, z, g, b)', {}, { domain: 'com.microsoft', outputs: ['n', '', '', 's'] }),
      node('y = Add(n, s)'),
    ],
    more: skip,
  },
  ours(
    'SkipSimplifiedLayerNormalization',
    'y = SkipSimplifiedLayerNormalization(x, z, g)',
    { epsilon: float(1e-4) },
    skip,
  ),
  one(
    'SimplifiedLayerNormalization',
    17,
    'y = SimplifiedLayerNormalization(x, g)',
    { epsilon: float(1e-4) },
    { initializers: { g: random(3, 4) } },
  ),
  ...['Relu', 'Tanh', 'Sigmoid'].map((name) =>
    ours(`FusedConv with ${name}`, 'y = FusedConv(x, w, b)', { activation: string(name) }, filters),
  ),
  ours('FusedConv with a sum', 'y = FusedConv(x, w, b, z)', { activation: string('Relu') }, filters),
  ours(
    'FusedConv with a slope',
    'y = FusedConv(x, w, b)',
    { activation: string('LeakyRelu'), activation_params: { type: 'floats', value: [0.3] } },
    filters,
  ),
  ours(
    'FusedGemm',
    'y = FusedGemm(x, w, b)',
    { activation: string('LeakyRelu'), activation_alpha: float(0.3), transB: int(1) },
    {
      inputs: { x: random(1, 2, 3) },
      initializers: { w: random(2, 4, 3), b: random(3, 4) },
    },
  ),
];

describe.each([
  ['of older opsets', older],
  ['of newer opsets', newer],
  ["of onnxruntime's own domain", contributed],
] as const)("operators %s compute the same in the training graph's opset:", (_, cases) => {
  test.each(cases.map((tested) => [tested.title, tested] as const))('%s', async (_title, { opset, nodes, more }) => {
    const { difference } = await compare({ opset, nodes, inputs: { x }, ...more });
    expect(difference).toBeLessThan(2e-5);
  });
});

describe('what is not supported says so', () => {
  const cases: readonly (readonly [string, Written, RegExp])[] = [
    ['opset 6', { opset: 6, nodes: [node('y = Relu(x)')], inputs: { x } }, /opset 6; export it again with opset 13/],
    [
      'operators nobody knows, all in one message',
      { nodes: [node('a = Frob(x)'), node('y = Nicate(a)'), node('z = Other(x)')], inputs: { x } },
      /Frob "Frob\/a"\n {2}Nicate "Nicate\/y"$/,
    ],
    [
      'batch normalization in training mode',
      {
        nodes: [node('y = BatchNormalization(x, s, s, s, s)', { training_mode: int(1) })],
        inputs: { x },
        initializers: { s: float32([1, 1, 1]) },
      },
      /BatchNormalization "BatchNormalization\/y": training_mode is not supported/,
    ],
    [
      'a cache of keys',
      { opset: 23, nodes: [node('y = Attention(q, k, v, , q, k)')], inputs: few.inputs },
      /a cache of keys and values is not supported/,
    ],
  ];
  test.each(cases)('%s', (_title, written, message) => {
    expect(() => specialized(written)).toThrow(message);
  });
});
