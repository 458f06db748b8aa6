/** What specialize keeps, leaves out and refuses, on graphs of a few nodes. */

import { describe, expect, test } from 'vitest';
import { Builder } from '../../../src/onnx/graph/builder.ts';
import { int, ints, type Graph, type Node } from '../../../src/onnx/graph/graph.ts';
import { checkLengths } from '../../../src/onnx/model/lengths.ts';
import type { OutputAxes } from '../../../src/onnx/model/outputAxes.ts';
import { specialize } from '../../../src/onnx/passes/specialize.ts';
import { float32, int64, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { compare, modelOf, node, random, specialized } from '../specialized.ts';

const x = random(1, 2, 6);

describe('specialize', () => {
  test('computes shape arithmetic, whatever it takes', async () => {
    const nodes = [
      node('s = Shape(x)'),
      node('n = Gather(s, one)'),
      node('h = Div(n, two)'),
      node('u = Unsqueeze(h, zero)'),
      node('c = Concat(minus, u)', { axis: int(0) }),
      node('r = Reshape(x, c)'),
      node('k = Range(first, h, step)'),
      node('f = Cast(k)', { to: int(1) }),
      node('y = Add(r, f)'),
    ];
    const initializers = {
      ...{ one: int64([1], []), two: int64([2], []), zero: int64([0]), minus: int64([-1]) },
      ...{ first: int64([0], []), step: int64([1], []) },
    };
    const { operators, difference } = await compare({ nodes, inputs: { x }, initializers });
    expect(operators).toEqual(['Reshape', 'Add']);
    expect(difference).toBe(0);
  });

  test('keeps names and metadata, and numbers names that are taken', () => {
    const metadata = { 'pkg.torch.onnx.name_scopes': "['', 'layer']" };
    const b = new Builder();
    const value = b.input('y', 'float32', [2, 6]);
    const model = modelOf({ nodes: [node('y = Relu(x)', {}, { metadata })], inputs: { x } });
    const outputs = specialize(model, b, { inputs: { x: value }, parameters: new Map(), outputs: ['y'] });
    expect(b.nodes).toMatchObject([{ name: 'Relu/y', inputs: ['y'], outputs: ['y_1'], metadata }]);
    expect(outputs.get('y')?.name).toBe('y_1');
  });

  test('leaves out what the wanted outputs do not need, also what nobody knows', () => {
    const nodes = [node('a = Relu(x)'), node('y = Neg(a)'), node('z = Frobnicate(a)')];
    const { b } = specialized({ nodes, inputs: { x }, outputs: ['y'] });
    expect(b.nodes.map(({ opType }) => opType)).toEqual(['Relu', 'Neg']);
  });

  test('keeps weights as inputs and never computes with their elements', () => {
    const initializers = { w: float32(new Float32Array(6), [6]) };
    const nodes = [node('v = Neg(w)'), node('y = Add(x, v)')];
    const { b } = specialized({ nodes, inputs: { x }, initializers, parameters: ['w'] });
    expect(b.nodes.map(({ opType, inputs }) => [opType, ...inputs])).toEqual([
      ['Neg', 'weight/w'],
      ['Add', 'x', 'v'],
    ]);
    const folded = specialized({ nodes, inputs: { x }, initializers });
    expect(folded.b.nodes).toEqual([]);
  });

  test('an output that is an input or a constant is returned as it is', () => {
    const nodes = [node('y = Identity(x)'), node('z = Neg(c)')];
    const { outputs } = specialized({ nodes, inputs: { x }, initializers: { c: float32([1]) }, outputs: ['y', 'z'] });
    expect(outputs.get('y')?.name).toBe('x');
    expect(outputs.get('z')?.constant?.data).toEqual(Float32Array.of(-1));
  });

  test('outputs that nothing reads are left out', () => {
    const initializers = { one: float32([1, 2, 3, 4, 5, 6]) };
    const nodes = [node('a m s = LayerNormalization(x, one)'), node('y = Relu(s)')];
    const { b } = specialized({ nodes, inputs: { x }, initializers });
    expect(b.nodes[0]?.outputs).toEqual(['', '', 's']);
  });

  test('says which input is missing', () => {
    const model = modelOf({ nodes: [node('y = Relu(x)')], inputs: { x } });
    const feeds = { inputs: {}, parameters: new Map(), outputs: ['y'] };
    expect(() => specialize(model, new Builder(), feeds)).toThrow('the model needs its input "x"');
    const other = { ...feeds, outputs: ['q'] };
    expect(() => specialize(model, new Builder(), other)).toThrow('the model has no value "q"');
  });
});

describe('x[mask] = number as lists of indices', () => {
  const fill = (updates: Tensor): { nodes: readonly Node[]; initializers: Record<string, Tensor> } => ({
    nodes: [
      node('c = Cast(mask)', { to: int(9) }),
      node('n = NonZero(c)'),
      node('i = Transpose(n)', { perm: ints([1, 0]) }),
      node('s = Shape(i)'),
      node('k = Slice(s, zero, one)'),
      node('shape = Concat(k, row)', { axis: int(0) }),
      node('u = Expand(number, shape)'),
      node('y = ScatterND(x, i, u)'),
    ],
    initializers: { zero: int64([0]), one: int64([1]), row: int64([]), number: updates },
  });
  const mask = int64([0, 1, 1, 0, 0, 1], [2, 3]);

  test('a mask of single elements', async () => {
    const { nodes, initializers } = fill(float32([7]));
    const { operators, difference } = await compare({ nodes, inputs: { x: random(1, 2, 3), mask }, initializers });
    expect(operators).toEqual(['Cast', 'Where']);
    expect(difference).toBe(0);
  });

  test('a mask of rows', async () => {
    const { nodes, initializers } = fill(float32([7]));
    const rows = { ...initializers, row: int64([4]) };
    const { operators, difference } = await compare({
      nodes,
      inputs: { x: random(1, 2, 3, 4), mask },
      initializers: rows,
    });
    expect(operators).toEqual(['Cast', 'Reshape', 'Where']);
    expect(difference).toBe(0);
  });

  test('several numbers are lists of a length that depends on data', () => {
    const { nodes, initializers } = fill(float32([7, 8, 9]));
    const written = { nodes, inputs: { x: random(1, 2, 3), mask }, initializers };
    expect(() => specialized(written)).toThrow(/NonZero.*depends on data/);
  });
});

describe('If', () => {
  const branch = (
    name: string,
    nodes: readonly Node[],
    output: string,
    tensors: Record<string, Tensor> = {},
  ): Graph => ({
    name,
    nodes,
    inputs: [],
    outputs: [{ name: output, type: 'float32', dims: undefined }],
    initializers: new Map(Object.entries(tensors)),
  });
  const branches = {
    then_branch: { type: 'graph', value: branch('then', [node('t = Mul(x, scale)')], 't') },
    else_branch: { type: 'graph', value: branch('else', [node('e = Add(x, own)')], 'e', { own: float32([3]) }) },
  } as const;
  const initializers = { one: int64([1], []), six: int64([6], []), scale: float32([2]) };
  const shapeTest = [node('s = Shape(x)'), node('n = Gather(s, one)')];

  test.each([
    ['then', 'Equal', ['Mul']],
    ['else', 'Less', ['Add']],
  ])('the shape decides for %s', async (_, compareWith, left) => {
    const nodes = [...shapeTest, node(`c = ${compareWith}(n, six)`), node('y = If(c)', branches)];
    const { operators, difference } = await compare({ nodes, inputs: { x }, initializers });
    expect(operators).toEqual(left);
    expect(difference).toBe(0);
  });

  test('the audio must not decide', () => {
    const nodes = [
      node('m = ReduceMax(x)', { keepdims: int(0) }),
      node('c = Cast(m)', { to: int(9) }),
      node('y = If(c)', branches),
    ];
    expect(() => specialized({ nodes, inputs: { x }, initializers })).toThrow(/which branch it takes depends on data/);
  });
});

describe('checkLengths', () => {
  const ports = { audio: 'x', logits: 'y' };
  const conv = node('c = Conv(u, w)', { strides: ints([100]) });
  const start = [node('u = Unsqueeze(x, axis)'), conv];
  const end = node('y = Transpose(c)', { perm: ints([0, 2, 1]) });
  const initializers = { axis: int64([1]), w: random(2, 4, 1, 200) };
  const check = (nodes: readonly Node[], tensors: Record<string, Tensor> = {}): OutputAxes =>
    checkLengths(
      modelOf({ nodes, inputs: { x }, initializers: { ...initializers, ...tensors } }),
      'model.onnx',
      ports,
      1000,
    );

  test('accepts a model with a dynamic batch and length', () => {
    expect(() => check([...start, end])).not.toThrow();
  });

  test('a reshape to fixed frames', () => {
    const nodes = [...start, node('r = Reshape(c, shape)'), node('y = Transpose(r)', { perm: ints([0, 2, 1]) })];
    expect(() => check(nodes, { shape: int64([-1, 4, 9]) })).toThrow(
      /^model.onnx: .*baked in.*for 1 utterances of 2000 samples: Reshape/,
    );
  });

  test('a fixed batch', () => {
    const nodes = [...start, node('r = Reshape(c, shape)'), node('y = Transpose(r)', { perm: ints([0, 2, 1]) })];
    expect(() => check(nodes, { shape: int64([1, 4, -1]) })).toThrow(
      /for 3 utterances of 1000 samples: its logits are for 1/,
    );
  });

  test('frames cut to one length', () => {
    const nodes = [...start, node('r = Slice(c, from, to, at)'), node('y = Transpose(r)', { perm: ints([0, 2, 1]) })];
    const tensors = { from: int64([0]), to: int64([5]), at: int64([2]) };
    expect(() => check(nodes, tensors)).toThrow(/2000 samples: it makes 5 frames of them and as many of 1000/);
  });

  test('another fault is reported as it is', () => {
    expect(() => check([node('y = Frobnicate(x)')])).toThrow(/does not know these operators/);
  });
});
