/** Patterns of exporters become single operators, and the result stays onnxruntime's result for the original. */

import { describe, expect, test } from 'vitest';
import { float, int, ints, type Node } from '../../../src/onnx/graph/graph.ts';
import { float32, int64, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { compare, node, random, type Written } from '../specialized.ts';

const x = random(1, 2, 3, 4);
const scalar = (value: number): Tensor => float32([value], []);
const scalars = {
  root2: scalar(Math.SQRT2),
  inverse: scalar(Math.SQRT1_2),
  one: scalar(1),
  half: scalar(0.5),
  two: scalar(2),
  three: scalar(3),
  zero: scalar(0),
  cubic: scalar(0.044715),
  rate: scalar(Math.sqrt(2 / Math.PI)),
  epsilon: scalar(1e-5),
  low: scalar(-Infinity),
};

interface Case {
  readonly title: string;
  readonly nodes: readonly Node[];
  readonly left: readonly string[];
  readonly more?: Partial<Written>;
}

const erf = [node('s = Div(x, root2)'), node('e = Erf(s)'), node('g = Add(e, one)')];
const tanh = [node('t = Tanh(u)'), node('g = Add(one, t)'), node('h = Mul(half, g)'), node('y = Mul(x, h)')];

const gelu: readonly Case[] = [
  {
    title: 'half of one plus erf, times x',
    nodes: [...erf, node('h = Mul(half, g)'), node('y = Mul(x, h)')],
    left: ['Gelu'],
  },
  {
    title: 'x times one plus erf, times half',
    nodes: [...erf, node('h = Mul(x, g)'), node('y = Mul(h, half)')],
    left: ['Gelu'],
  },
  { title: 'half of x first', nodes: [node('h = Mul(x, half)'), ...erf, node('y = Mul(g, h)')], left: ['Gelu'] },
  { title: 'divided by two', nodes: [...erf, node('h = Mul(x, g)'), node('y = Div(h, two)')], left: ['Gelu'] },
  {
    title: 'a product with 1/√2',
    nodes: [node('s = Mul(x, inverse)'), ...erf.slice(1), node('h = Mul(x, g)'), node('y = Mul(h, half)')],
    left: ['Gelu'],
  },
  {
    title: 'tanh with a power',
    nodes: [
      node('c = Pow(x, three)'),
      node('k = Mul(c, cubic)'),
      node('a = Add(x, k)'),
      node('u = Mul(a, rate)'),
      ...tanh,
    ],
    left: ['Gelu'],
  },
  {
    title: 'tanh with x · (1 + 0.044715 x²)',
    nodes: [
      node('c = Mul(x, x)'),
      node('k = Mul(cubic, c)'),
      node('a = Add(one, k)'),
      node('v = Mul(x, a)'),
      node('u = Mul(rate, v)'),
      ...tanh,
    ],
    left: ['Gelu'],
  },
  {
    title: 'not with another constant',
    nodes: [node('s = Div(x, two)'), ...erf.slice(1), node('h = Mul(half, g)'), node('y = Mul(x, h)')],
    left: ['Div', 'Erf', 'Add', 'Mul', 'Mul'],
  },
  {
    title: 'not when erf is of something else',
    nodes: [
      node('z = Neg(x)'),
      node('s = Sigmoid(z)'),
      node('e = Erf(s)'),
      node('g = Add(e, one)'),
      node('h = Mul(half, g)'),
      node('y = Mul(x, h)'),
    ],
    left: ['Neg', 'Sigmoid', 'Erf', 'Add', 'Mul', 'Mul'],
  },
];

const mean = (text: string): Node => node(text, { axes: ints([-1]), keepdims: int(1) });
const centred = [mean('m = ReduceMean(x)'), node('d = Sub(x, m)')];
const deviation = [mean('v = ReduceMean(q)'), node('w = Add(v, epsilon)'), node('s = Sqrt(w)')];
const affine = { initializers: { ...scalars, gamma: random(2, 4), beta: random(3, 4) }, parameters: ['gamma', 'beta'] };

const normalization: readonly Case[] = [
  {
    title: 'layer norm with a power, scale and shift',
    nodes: [
      ...centred,
      node('q = Pow(d, two)'),
      ...deviation,
      node('n = Div(d, s)'),
      node('g = Mul(gamma, n)'),
      node('y = Add(g, beta)'),
    ],
    left: ['LayerNormalization'],
    more: affine,
  },
  {
    title: 'layer norm with d · d and a difference of its own',
    nodes: [
      ...centred,
      node('c = Sub(x, m)'),
      node('q = Mul(c, c)'),
      ...deviation,
      node('n = Div(d, s)'),
      node('y = Mul(n, gamma)'),
    ],
    left: ['LayerNormalization'],
    more: affine,
  },
  {
    title: 'not when the variance is of something else',
    nodes: [...centred, node('q = Mul(x, x)'), ...deviation, node('y = Div(d, s)')],
    left: ['ReduceMean', 'Sub', 'Mul', 'ReduceMean', 'Add', 'Sqrt', 'Div'],
  },
  {
    title: 'group norm of single channels takes scale and shift in',
    nodes: [
      node('r = Reshape(x, shape)'),
      node('i = InstanceNormalization(r, ones, zeros)', { epsilon: float(1e-4) }),
      node('b = Reshape(i, shape)'),
      node('g = Mul(b, gamma)'),
      node('y = Add(g, beta)'),
    ],
    left: ['Reshape', 'Reshape', 'InstanceNormalization'],
    more: {
      inputs: { x: random(4, 2, 3, 4) },
      initializers: {
        shape: int64([0, 3, -1]),
        ones: float32([1, 1, 1]),
        zeros: float32([0, 0, 0]),
        gamma: random(5, 3, 1),
        beta: random(6, 3, 1),
      },
      parameters: ['gamma', 'beta'],
    },
  },
];

const attention = [node('s = Softmax(scores)', { axis: int(-1) }), node('n = IsNaN(s)'), node('y = Where(n, zero, s)')];
const masked = { ...scalars, all: { type: 'bool', dims: [1, 4], data: Uint8Array.of(1, 1, 1, 1) } as Tensor };

const masks: readonly Case[] = [
  {
    title: 'a guard without a mask',
    nodes: [node('scores = MatMul(x, w)'), ...attention],
    left: ['MatMul', 'Softmax'],
    more: { initializers: { ...scalars, w: random(7, 4, 4) } },
  },
  {
    title: 'a mask that masks nothing, and the guard behind it',
    nodes: [
      node('raw = MatMul(x, w)'),
      node('size = Shape(raw)'),
      node('wide = Expand(all, size)'),
      node('mask = Where(wide, zero, low)'),
      node('scores = Add(raw, mask)'),
      ...attention,
    ],
    left: ['MatMul', 'Softmax'],
    more: { initializers: { ...masked, w: random(7, 4, 4) } },
  },
  {
    title: 'the same too large to compute while building',
    nodes: [
      node('size = Shape(x)'),
      node('wide = Expand(all, size)'),
      node('mask = Where(wide, zero, low)'),
      node('y = Add(x, mask)'),
    ],
    left: [],
    more: {
      inputs: { x: random(8, 3, 300, 100) },
      initializers: { ...scalars, all: { type: 'bool', dims: [], data: Uint8Array.of(1) } },
    },
  },
  {
    title: 'not a guard behind a mask that is fed',
    nodes: [node('scores = Add(x, mask)'), ...attention],
    left: ['Add', 'Softmax', 'IsNaN', 'Where'],
    more: { inputs: { x, mask: float32([0, -Infinity, 0, -Infinity]) } },
  },
  {
    title: 'not a guard behind a constant mask with −∞',
    nodes: [node('scores = Add(x, mask)'), ...attention],
    left: ['Add', 'Softmax', 'IsNaN', 'Where'],
    more: { initializers: { ...scalars, mask: float32([-Infinity, -Infinity, -Infinity, -Infinity]) } },
  },
];

const movement: readonly Case[] = [
  {
    title: 'reshapes in a row are one',
    nodes: [
      node('a = Reshape(x, flat)'),
      node('b = Unsqueeze(a, first)'),
      node('c = Squeeze(b, first)'),
      node('y = Reshape(c, last)'),
    ],
    left: ['Reshape'],
    more: { initializers: { flat: int64([-1]), first: int64([0]), last: int64([4, 6]) } },
  },
  {
    title: 'reshapes back to the start vanish',
    nodes: [node('a = Flatten(x)'), node('y = Reshape(a, back)')],
    left: [],
    more: { initializers: { back: int64([2, 3, 4]) } },
  },
  {
    title: 'transposes in a row are one',
    nodes: [node('a = Transpose(x)', { perm: ints([1, 2, 0]) }), node('y = Transpose(a)', { perm: ints([0, 2, 1]) })],
    left: ['Transpose'],
  },
  {
    title: 'a transpose and its inverse vanish',
    nodes: [node('a = Transpose(x)', { perm: ints([1, 2, 0]) }), node('y = Transpose(a)', { perm: ints([2, 0, 1]) })],
    left: [],
  },
  {
    title: 'a transpose of an axis of length 1 is a reshape',
    nodes: [node('y = Transpose(x)', { perm: ints([1, 0, 2]) })],
    left: ['Reshape'],
    more: { inputs: { x: random(9, 1, 3, 4) } },
  },
  {
    title: 'the transposed keys of attention are one transpose',
    nodes: [
      node('k = Transpose(x)', { perm: ints([0, 2, 1, 3]) }),
      node('a = Reshape(k, merged)'),
      node('b = Transpose(a)', { perm: ints([0, 2, 1]) }),
      node('y = Reshape(b, apart)'),
    ],
    left: ['Transpose'],
    more: {
      inputs: { x: random(10, 2, 5, 3, 4) },
      initializers: { merged: int64([-1, 5, 4]), apart: int64([2, 3, 4, 5]) },
    },
  },
  {
    title: 'a reshape behind a transpose that mixes axes stays',
    nodes: [node('a = Transpose(x)', { perm: ints([2, 0, 1]) }), node('y = Reshape(a, flat)')],
    left: ['Transpose', 'Reshape'],
    more: { initializers: { flat: int64([-1]) } },
  },
  {
    title: 'a slice that takes everything',
    nodes: [node('y = Slice(x, start, end, axis)')],
    left: [],
    more: { initializers: { start: int64([0]), end: int64([100]), axis: int64([2]) } },
  },
  {
    title: 'a slice that turns round stays',
    nodes: [node('y = Slice(x, start, end, axis, step)')],
    left: ['Slice'],
    more: { initializers: { start: int64([-1]), end: int64([-100]), axis: int64([2]), step: int64([-1]) } },
  },
  {
    title: 'an even convolution without its last frame pads less',
    nodes: [node('c = Conv(x, w)', { pads: ints([2, 2]), group: int(1) }), node('y = Slice(c, start, end, axis)')],
    left: ['Conv'],
    more: {
      inputs: { x: random(11, 1, 3, 9) },
      initializers: { w: random(12, 2, 3, 4), start: int64([0]), end: int64([-1]), axis: int64([2]) },
    },
  },
  {
    title: 'a slice beyond the padding stays',
    nodes: [node('c = Conv(x, w)', { pads: ints([0, 0]) }), node('y = Slice(c, start, end, axis)')],
    left: ['Conv', 'Slice'],
    more: {
      inputs: { x: random(11, 1, 3, 9) },
      initializers: { w: random(12, 2, 3, 4), start: int64([1]), end: int64([5]), axis: int64([2]) },
    },
  },
];

const scales: readonly Case[] = [
  {
    title: 'queries and keys both scaled by the root of the scale',
    nodes: [node('q = Mul(x, half)'), node('k = Mul(half, w)'), node('y = MatMul(q, k)')],
    left: ['Mul', 'MatMul'],
    more: { initializers: { ...scalars, w: random(7, 4, 5) }, parameters: ['w'] },
  },
  {
    title: 'a scale per column stays',
    nodes: [node('q = Mul(x, half)'), node('k = Mul(w, column)'), node('y = MatMul(q, k)')],
    left: ['Mul', 'Mul', 'MatMul'],
    more: { initializers: { ...scalars, w: random(7, 4, 5), column: random(8, 5) }, parameters: ['w'] },
  },
];

const identities: readonly Case[] = [
  { title: 'x + 0', nodes: [node('y = Add(zero, x)')], left: [] },
  { title: 'x · 1', nodes: [node('y = Mul(x, one)')], left: [] },
  { title: 'x / 1', nodes: [node('y = Div(x, one)')], left: [] },
  { title: '1 / x stays', nodes: [node('y = Div(one, x)')], left: ['Div'] },
  { title: '0 − x stays', nodes: [node('y = Sub(zero, x)')], left: ['Sub'] },
  {
    title: 'x + 0 of a larger shape stays',
    nodes: [node('y = Add(x, zeros)')],
    left: ['Add'],
    more: { inputs: { x: random(2, 1, 4) }, initializers: { zeros: float32([0, 0, 0], [3, 1]) } },
  },
  { title: 'a cast to the same type', nodes: [node('y = Cast(x)', { to: int(1) })], left: [] },
  { title: 'dropout at inference', nodes: [node('y = Dropout(x, half)')], left: [] },
  { title: 'a sum of one', nodes: [node('y = Sum(x)')], left: [] },
  {
    title: 'an empty pad',
    nodes: [node('y = Pad(x, pads)')],
    left: [],
    more: { initializers: { pads: int64([0, 0, 0, 0, 0, 0]) } },
  },
  {
    title: 'a pad that shifts stays',
    nodes: [node('y = Pad(x, pads)')],
    left: ['Pad'],
    more: { initializers: { pads: int64([0, 0, 1, 0, 0, -1]) } },
  },
];

describe.each([
  ['GELU', gelu],
  ['normalizations', normalization],
  ['masks', masks],
  ['movement', movement],
  ['scales', scales],
  ['identities', identities],
] as const)('%s', (_, cases) => {
  test.each(cases.map((tested) => [tested.title, tested] as const))('%s', async (_title, { nodes, left, more }) => {
    const { operators, difference } = await compare({ nodes, inputs: { x }, initializers: scalars, ...more });
    expect(operators).toEqual(left);
    expect(difference).toBeLessThan(1e-5);
  });
});
