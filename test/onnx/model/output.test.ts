/** What a model's output is: its axes from shapes, and what its numbers are from its last nodes. */

import { describe, expect, test } from 'vitest';
import { int, ints, type Attributes, type Model, type Node } from '../../../src/onnx/graph/graph.ts';
import { axesOf, batchFirst, toBatchFirst } from '../../../src/onnx/model/outputAxes.ts';
import { traceScores } from '../../../src/onnx/model/scores.ts';
import { float32 } from '../../../src/onnx/graph/tensor.ts';

describe('axesOf', () => {
  const trials = (shape: (batch: number, frames: number) => number[]) =>
    [
      [1, 100, 9],
      [3, 100, 9],
      [3, 300, 29],
    ].map(([batch = 0, samples = 0, frames = 0]) => ({ batch, samples, dims: shape(batch, frames) }));

  test.each([
    ['batch first', (b: number, f: number) => [b, f, 5], { batch: 0, frames: 1, symbols: 2 }],
    ['time major', (b: number, f: number) => [f, b, 5], { batch: 1, frames: 0, symbols: 2 }],
    ['symbols before frames', (b: number, f: number) => [b, 5, f], { batch: 0, frames: 2, symbols: 1 }],
    ['as many symbols as utterances', (b: number, f: number) => [f, b, 3], { batch: 1, frames: 0, symbols: 2 }],
  ])('%s', (_, shape, axes) => expect(axesOf(trials(shape), 3)).toEqual(axes));

  test.each([
    ['utterances in one row', (b: number, f: number) => [1, b * f, 5]],
    ['frames that do not follow the samples', (b: number) => [b, 9, 5]],
    ['too few symbols', (b: number, f: number) => [b, f, 2]],
    ['two axes', (b: number, f: number) => [b * f, 5]],
  ])('none fits %s', (_, shape) => expect(axesOf(trials(shape), 3)).toBeUndefined());
});

describe('traceScores', () => {
  const node = (text: string, attributes: Attributes = {}): Node => {
    const [output = '', opType = '', ...inputs] = text.split(/\W+/u);
    return { opType, domain: '', name: output, inputs, outputs: [output], attributes };
  };
  const model = (nodes: Node[], opset = 17): Model => ({
    graph: {
      name: 'g',
      nodes: [node('z MatMul h w'), ...nodes],
      inputs: [],
      outputs: [],
      initializers: new Map([['eps', float32([1e-8])]]),
    },
    opsets: new Map([['', opset]]),
  });
  const last = { axis: int(-1) };
  const swap = { perm: ints([1, 0, 2]) };
  const timeMajor = { batch: 1, frames: 0, symbols: 2 };

  test.each<[string, Node[], string, object]>([
    ['logits', [node('y Identity z')], 'logits', batchFirst],
    ['probabilities', [node('y Softmax z', last)], 'probabilities', batchFirst],
    ['the logarithm of a softmax', [node('s Softmax z', last), node('y Log s')], 'log-probabilities', batchFirst],
    [
      'kept from zero',
      [node('s Softmax z', last), node('e Add s eps'), node('y Log e')],
      'log-probabilities',
      batchFirst,
    ],
    [
      'LogSoftmax and a cast',
      [node('s LogSoftmax z', last), node('y Cast s', { to: int(1) })],
      'log-probabilities',
      batchFirst,
    ],
  ])('%s', (_, nodes, scores, axes) => {
    const { value, ...found } = traceScores(model(nodes), 'y', batchFirst);
    expect({ value, ...found }).toEqual({ scores, value: 'z', axes });
  });

  test('a transpose behind a softmax', () => {
    const nodes = [node('s Softmax z', last), node('y Transpose s', swap)];
    expect(traceScores(model(nodes), 'y', timeMajor)).toEqual({
      scores: 'probabilities',
      value: 'z',
      axes: batchFirst,
    });
  });

  test('a softmax behind a transpose keeps the order', () => {
    const found = traceScores(
      model([node('t Transpose z', { perm: ints([0, 2, 1]) }), node('y Softmax t', { axis: int(1) })]),
      'y',
      { batch: 0, frames: 2, symbols: 1 },
    );
    expect(found).toEqual({ scores: 'probabilities', value: 'z', axes: batchFirst });
    expect(toBatchFirst(timeMajor)).toEqual([1, 0, 2]);
  });

  test('a logarithm of something else is not known', () =>
    expect(traceScores(model([node('e Exp z'), node('y Log e')]), 'y', batchFirst)).toMatchObject({
      scores: undefined,
      value: 'y',
    }));

  test('refuses a softmax over frames, and scores of single symbols', () => {
    expect(() => traceScores(model([node('y Softmax z', { axis: int(1) })]), 'y', batchFirst)).toThrow(
      /over another axis/u,
    );
    expect(() => traceScores(model([node('y Sigmoid z')]), 'y', batchFirst)).toThrow(/each symbol alone/u);
  });
});
