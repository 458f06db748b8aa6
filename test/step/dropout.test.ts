/** Dropout: where it goes in a transformer, that a mask of ones changes nothing and one of zeros empties the branches, and the masks themselves. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
import { exposeParameters } from '../../src/onnx/model/parameters.ts';
import { float32, int64, sizeOf, type Tensor } from '../../src/onnx/graph/tensor.ts';
import { DropoutMasks } from '../../src/step/dropout.ts';
import { stateNames } from '../../src/state/stateNames.ts';
import { buildTrainingGraph, type TrainingGraph } from '../../src/step/trainingGraph.ts';
import { Session } from '../../src/runtime/session.ts';

const layers = 4;
const shape = { rows: 2, samples: 8000, labels: 3 };

describe('in the sample model', () => {
  let plain: TrainingGraph;
  let dropping: TrainingGraph;
  let feeds: Record<string, Tensor>;
  const sessions = new Map<TrainingGraph, Session>();

  beforeAll(async () => {
    const { file, parameters } = exposeParameters(await loadModel('media/sample/model'));
    const build = (dropout: number): TrainingGraph =>
      buildTrainingGraph({
        model: file.model,
        parameters: parameters.map(({ initializer, dims }) => ({ initializer, dims, trained: true })),
        shape,
        audioInput: 'input_values',
        logitsOutput: 'logits',
        blank: 0,
        gates: 'fixed',
        accumulation: 'none',
        settings: {
          optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, clipNorm: 1 },
          tau: 0.1,
          quadratic: 10,
          dropout,
          accumulate: 1,
          tiles: false,
        },
      });
    plain = build(0);
    dropping = build(0.1);
    for (const graph of [plain, dropping]) sessions.set(graph, await Session.create(graph.model, { device: 'cpu' }));
    feeds = {
      input_values: float32(
        Float32Array.from({ length: 16000 }, (_, i) => Math.sin(i / 7)),
        [2, 8000],
      ),
      labels: int64([3, 4, 5, 6, 7, 8], [2, 3]),
      label_lengths: int64([3, 2]),
      frame_lengths: int64([24, 20]),
      utterance_weights: float32([1, 1]),
      ...Object.fromEntries(
        parameters.flatMap(({ initializer, dims }) => [
          [stateNames.weight(initializer), file.model.graph.initializers.get(initializer)!],
          [stateNames.mean(initializer), float32(new Float32Array(sizeOf(dims)), dims)],
          [stateNames.square(initializer), float32(new Float32Array(sizeOf(dims)), dims)],
        ]),
      ),
      ...Object.fromEntries(['decay', 'rate', 'epsilon'].map((name) => [`weights_${name}`, float32([0.5], [])])),
    };
  });

  afterAll(async () => {
    for (const session of sessions.values()) await session.dispose();
  });

  /** @param fill of every mask. */
  async function lossOf(graph: TrainingGraph, fill = 1): Promise<{ loss: number; norm: number }> {
    const session = sessions.get(graph)!;
    const masks = graph.dropout.map(
      ({ name, dims }) => [name, float32(new Float32Array(sizeOf(dims)).fill(fill), dims)] as const,
    );
    const all: Record<string, Tensor> = { ...feeds, ...Object.fromEntries(masks) };
    const results = await session.run(Object.fromEntries(session.inputs.map((name) => [name, all[name]!])));
    const number = (name: string): number => Number(results[name]?.tensor.data[0]);
    return { loss: number('ctc_loss'), norm: number('gradient_norm') };
  }

  test('each block has it on both sides of its two layers that write to the residual stream', () => {
    expect(plain.dropout).toEqual([]);
    const frames = dropping.frames;
    const sizes = dropping.dropout.map(({ dims }) => dims.join(' x '));
    expect(sizes.filter((size) => size === `2 x ${frames} x 96`)).toHaveLength(3 * layers);
    expect(sizes.filter((size) => size === `2 x ${frames} x 384`)).toHaveLength(layers);
    expect(sizes).toHaveLength(4 * layers);
  });

  test('masks of ones leave loss and gradients as they are', async () => {
    const [without, ones] = [await lossOf(plain), await lossOf(dropping)];
    expect(ones.loss).toBeCloseTo(without.loss, 5);
    expect(ones.norm / without.norm).toBeCloseTo(1, 5);
  });

  test('masks of zeros change both', async () => {
    const [without, zeros] = [await lossOf(plain), await lossOf(dropping, 0)];
    expect(Math.abs(zeros.loss / without.loss - 1)).toBeGreaterThan(0.01);
    expect(Math.abs(zeros.norm / without.norm - 1)).toBeGreaterThan(0.01);
  });
});

describe('masks', () => {
  const inputs = [
    { name: 'a', dims: [2, 50, 100] },
    { name: 'b', dims: [1, 10] },
  ];
  const masks = new DropoutMasks(0.25, 7);

  test('drop their share and scale the rest, so that the mean stays', () => {
    const mask = masks.of(inputs, 1, 1).get('a')!;
    const dropped = mask.filter((value) => value === 0).length / mask.length;
    expect(mask).toHaveLength(10_000);
    expect(Math.abs(dropped - 0.25)).toBeLessThan(0.02);
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
  });

  test('differ from layer to layer, step to step, batch to batch and seed to seed', () => {
    const layersOf = [inputs[0]!, { ...inputs[0]!, name: 'c' }];
    const first = masks.of(layersOf, 1, 1);
    expect(first.get('a')).not.toEqual(first.get('c'));
    for (const other of [
      masks.of(layersOf, 2, 1),
      masks.of(layersOf, 1, 2),
      new DropoutMasks(0.25, 8).of(layersOf, 1, 1),
    ]) {
      expect(other.get('a')).not.toEqual(first.get('a'));
    }
  });

  test('are the same after a resume, whatever batches came before', () => {
    const resumed = new DropoutMasks(0.25, 7);
    resumed.of([{ name: 'larger', dims: [300_000] }], 40, 1);
    for (const [name, mask] of masks.of(inputs, 41, 2)) expect(resumed.of(inputs, 41, 2).get(name)).toEqual(mask);
  });
});
