/** Frames of a model are its own answer, whatever config.json lists, and exact for every length. */

import { describe, expect, test } from 'vitest';
import { int64 } from '../../src/onnx/graph/tensor.ts';
import { ints, type Model } from '../../src/onnx/graph/graph.ts';
import { frameCounter } from '../../src/runtime/frames.ts';
import { findModelIO } from '../../src/runtime/modelIO.ts';
import { toyModel } from '../train/toy.ts';

const lengths = [...Array(1200).keys(), 15_999, 16_000, 31_999, 32_000, 40_001, 320_159, 320_160, 30_000_000];

/** The toy's frames behind another convolution: kernel 3, stride 2, one frame of padding on each side. */
function adapted(): Model {
  const toy = toyModel();
  const nodes = toy.graph.nodes.flatMap((node) => {
    if (!node.inputs.includes('energy')) return [node];
    const attributes = { strides: ints([2]), pads: ints([1, 1]), kernel_shape: ints([3]) };
    const pool = { ...node, opType: 'MaxPool', name: 'pool', inputs: ['energy'], outputs: ['pooled'], attributes };
    return [pool, { ...node, inputs: ['pooled'] }];
  });
  return {
    ...toy,
    graph: { ...toy.graph, nodes, initializers: new Map([...toy.graph.initializers, ['unused', int64([1])]]) },
  };
}

const toyFrames = (samples: number): number => (samples < 320 ? 0 : Math.floor((samples - 320) / 160) + 1);
const adaptedFrames = (samples: number): number => (samples < 320 ? 0 : Math.floor((toyFrames(samples) - 1) / 2) + 1);

describe.each([
  ['right', [{ kernel: 320, stride: 160 }]],
  ['wrong', [{ kernel: 400, stride: 320 }]],
  ['missing', undefined],
])('frames are counted right though the convolutions of config.json are %s, for', (_, convolutions) => {
  test.each([
    ['a convolution', toyModel(), toyFrames],
    ['a convolution and padded pooling', adapted(), adaptedFrames],
  ])('%s', (_, model, expected) => {
    const count = frameCounter(model, findModelIO(model.graph, 'toy'), { sampleRate: 16_000, convolutions });
    expect(lengths.map(count)).toEqual(lengths.map(expected));
  });
});
