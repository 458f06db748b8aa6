/**
 * The loop around the rules: fan-out, shared parameters, branches that nothing needs, what cannot be differentiated, and
 * what lies beside the path.
 */

import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { backward, UnsupportedOperatorsError } from '../../src/autodiff/backward.ts';
import { Builder } from '../../src/onnx/graph/builder.ts';
import type { Value } from '../../src/onnx/graph/value.ts';
import { int, string } from '../../src/onnx/graph/graph.ts';
import { int64 } from '../../src/onnx/graph/tensor.ts';
import { session } from './gradientCheck.ts';

/** Two matrices as inputs, and a way to run gradients of Σ loss with a = [[1,2],[3,4]] and w = [[5,6],[7,8]]. */
function setup(): { b: Builder; a: Value; w: Value; run: (loss: Value, ...wrt: Value[]) => Promise<number[][]> } {
  const b = new Builder();
  const a = b.input('a', 'float32', [2, 2]);
  const w = b.input('w', 'float32', [2, 2]);
  const feeds = { a: new Tensor('float32', [1, 2, 3, 4], [2, 2]), w: new Tensor('float32', [5, 6, 7, 8], [2, 2]) };
  const run = async (loss: Value, ...wrt: Value[]): Promise<number[][]> => {
    const found = backward(b, new Map([[loss, ones(b, loss)]]), wrt);
    // Sums with zero keep both inputs in the graph, whatever the gradients read.
    const keep = b.op('Mul', [b.op('Add', [a, w]), b.scalar(0)]);
    wrt.forEach((value, i) => b.output(b.op('Add', [found.get(value)!, keep]), `d${i}`));
    const results = await (await session(b))(feeds);
    return wrt.map((_, i) => results[`d${i}`]!);
  };
  return { b, a, w, run };
}

const ones = (b: Builder, like: Value): Value => b.op('Expand', [b.scalar(1), b.ints(like.dims)]);

describe('backward', () => {
  it('adds the gradients of every use of a value', async () => {
    const { b, a, w, run } = setup();
    const square = b.op('Mul', [a, a]);
    const [da, dw] = await run(b.op('Add', [b.op('Mul', [square, w]), square]), a, w);
    // d/da (a²w + a²) = 2a(w + 1); d/dw = a²
    expect(da).toEqual([12, 28, 48, 72]);
    expect(dw).toEqual([1, 4, 9, 16]);
  });

  it('adds the gradients of a parameter that several layers share', async () => {
    const { b, a, w, run } = setup();
    const [dw] = await run(b.op('MatMul', [b.op('MatMul', [a, w]), w]), w);
    // aᵀ(1wᵀ) + (aw)ᵀ1, worked out by hand
    expect(dw).toEqual([4 * 11 + 62, 4 * 15 + 62, 6 * 11 + 72, 6 * 15 + 72]);
  });

  it('takes several seeds, one of them on the way to another', async () => {
    const { b, a, run } = setup();
    const twice = b.op('Mul', [a, b.scalar(2)]);
    const found = backward(
      b,
      new Map([
        [twice, ones(b, twice)],
        [b.op('Neg', [twice]), ones(b, twice)],
      ]),
      [a],
    );
    expect(found.get(a)?.dims).toEqual([2, 2]);
    const [da] = await run(b.op('Mul', [a, b.scalar(3)]), a);
    expect(da).toEqual([3, 3, 3, 3]);
  });

  it('writes nothing for outputs that the loss does not depend on', () => {
    const { b, a, w } = setup();
    const [used, unused] = b.ops('Split', [a, b.ints([1, 1])], 2, { axis: int(0) });
    const beside = b.op('MatMul', [unused!, w]);
    const before = b.nodes.length;
    const found = backward(b, new Map([[used!, used!]]), [a, w]);
    expect([...found.keys()]).toEqual([a]);
    expect(b.nodes.slice(before).some((node) => node.inputs.includes(beside.name))).toBe(false);
  });

  it('passes by operators without a rule that lie beside the path', () => {
    const { b, a, w } = setup();
    const chosen = b.op('Hardmax', [w]);
    const after = b.op('Tan', [b.op('Add', [a, w])]);
    const loss = b.op('Mul', [a, chosen]);
    expect(after.dims).toEqual([2, 2]);
    expect(backward(b, new Map([[loss, loss]]), [a]).has(a)).toBe(true);
  });

  it('ends paths at comparisons, indices and integers', () => {
    const { b, a, w } = setup();
    const whole = b.op('Cast', [a], { to: int(7) });
    const picked = b.op('Gather', [w, b.op('Mod', [whole, b.constant(int64([2]))])], { axis: int(0) });
    const loss = b.op('Where', [b.op('Greater', [a, w]), b.op('Floor', [a]), b.op('ReduceMax', [picked])]);
    expect([...backward(b, new Map([[loss, loss]]), [a, w]).keys()]).toEqual([w]);
  });

  it('names every operator on the path without a rule, before it adds anything', () => {
    const { b, a, w } = setup();
    const first = b.op('Tan', [a], {}, { name: 'encoder/bend' });
    const second = b.op('Hardmax', [b.op('Add', [first, w])], {}, { name: 'encoder/pick' });
    const third = b.op('Clip', [second, b.op('ReduceMax', [w])], {}, { name: 'encoder/clip' });
    const before = b.nodes.length;
    const attempt = (): unknown => backward(b, new Map([[third, third]]), [a, w]);
    expect(attempt).toThrow(UnsupportedOperatorsError);
    expect(attempt).toThrow(
      [
        'The gradient cannot be computed, because 3 operators are not supported:',
        '  Tan "encoder/bend": Tan has no gradient rule',
        '  Hardmax "encoder/pick": Hardmax has no gradient rule',
        '  Clip "encoder/clip": Clip has no gradient rule for input 1',
      ].join('\n'),
    );
    expect(b.nodes.length).toBe(before);
  });

  it.each<{ name: string; build: (b: Builder, a: Value) => Value; reason: string }>([
    {
      name: 'a diagonal in Einsum',
      build: (b, a) => b.op('Einsum', [a], { equation: string('ii->i') }),
      reason: 'Einsum with a letter twice in one term has no gradient rule',
    },
    {
      name: 'a scatter that multiplies',
      build: (b, a) =>
        b.op('ScatterND', [a, b.constant(int64([0], [1, 1])), b.op('Slice', [a, b.ints([0]), b.ints([1])])], {
          reduction: string('mul'),
        }),
      reason: 'ScatterND has no gradient rule for reduction mul',
    },
    {
      name: 'batch normalization in training',
      build: (b, a) => {
        const row = b.constant({ type: 'float32', dims: [2], data: Float32Array.of(1, 1) });
        return b.ops('BatchNormalization', [a, row, row, row, row], 3, { training_mode: int(1) })[0]!;
      },
      reason: 'BatchNormalization is supported in inference mode only',
    },
  ])('says why it cannot differentiate $name', ({ build, reason }) => {
    const { b, a } = setup();
    const loss = build(b, a);
    expect(() => backward(b, new Map([[loss, loss]]), [a])).toThrow(reason);
  });

  it('finds a parameter that a loop reads from around its body', () => {
    const { b, a, w } = setup();
    const { outputs } = b.scan([], [a], (inner, _carried, [slice]) => ({
      carried: [],
      outputs: [inner.op('Mul', [slice, b.op('ReduceMax', [w])])],
    }));
    const loss = outputs[0]!;
    expect(() => backward(b, new Map([[loss, loss]]), [w])).toThrow('Scan has no gradient rule');
  });

  it('sums a seed that was given before broadcasting', async () => {
    const { b, a, run } = setup();
    const [da] = await run(b.op('Add', [a, b.op('Expand', [b.scalar(1), b.ints([3, 2, 2])])]), a);
    expect(da).toEqual([3, 3, 3, 3]);
  });
});
