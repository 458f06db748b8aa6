/**
 * Whole training steps with gates by group, alone and together with gates of single weights, against PyTorch's autograd: losses, norms of
 * the gradients, thresholds and sparsities of five updates (grouped_reference.py wrote grouped.json).
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { float32, sizeOf, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { initialState } from '../../../src/state/initialState.ts';
import { stateNames } from '../../../src/state/stateNames.ts';
import type { TrainedParameter } from '../../../src/state/parameter.ts';
import { TrainingSession } from '../../../src/step/trainingSession.ts';
import { toyModel } from '../../train/toy.ts';

interface Step {
  readonly loss: number;
  readonly ctcLoss: number;
  readonly gradientNorm: number;
  readonly sparsity: number;
  readonly thresholds: readonly number[];
  readonly layers: readonly number[];
}

const reference = JSON.parse(readFileSync('test/train/graph/grouped.json', 'utf8')) as Record<string, Step[]>;
const samples = 8000;

/** As the reference has them. */
function numbers(dims: readonly number[], scale: number, phase: number): Tensor {
  const at = (i: number): number => scale * Math.sin(i * 12.9898 + phase) * Math.cos(i * 0.37 + phase);
  return float32(
    Float32Array.from({ length: sizeOf(dims) }, (_, i) => at(i)),
    dims,
  );
}

const weights = (): Map<string, Tensor> =>
  new Map([
    ['conv', numbers([16, 1, 320], 0.05, 0)],
    ['dense0', numbers([16, 32], 1, 1)],
    ['bias0', numbers([32], 0.1, 2)],
    ['dense1', numbers([32, 32], 0.4, 3)],
    ['bias1', numbers([32], 0.1, 4)],
    ['head', numbers([32, 5], 0.4, 5)],
  ]);

const units = { gate: 0, groups: 32, start: 0, length: 1 };
const made = [{ ...units, axis: 1, gated: true, reads: false }];
const read = [{ ...units, axis: 0, gated: true, reads: true }];
const biases = [{ ...units, axis: 0, gated: false, reads: false }];

const cases = [
  { granularity: 'neuron', own: [{}, {}], starts: [0.97], sizes: [32] },
  { granularity: 'neuron+weight', own: [{ gate: 1 }, { gate: 2 }], starts: [0.97, 0.3, 0.3], sizes: [32, 512, 1024] },
];

test.each(cases)(
  'gates of $granularity take the steps of the reference',
  async ({ granularity, own, starts, sizes }) => {
    const parameters: TrainedParameter[] = [
      { initializer: 'conv', dims: [16, 1, 320], trained: false },
      { initializer: 'dense0', dims: [16, 32], trained: true, groups: made, ...own[0] },
      { initializer: 'bias0', dims: [32], trained: true, groups: biases },
      { initializer: 'dense1', dims: [32, 32], trained: true, groups: read, ...own[1] },
      { initializer: 'bias1', dims: [32], trained: true },
      { initializer: 'head', dims: [32, 5], trained: true },
    ];
    const state = initialState(parameters, weights(), 1);
    (state.get(stateNames.thresholds)!.data as Float32Array).set(starts);
    const session = new TrainingSession(
      {
        model: toyModel(),
        parameters,
        layers: sizes.map((size, i) => ({ name: String(i), size })),
        audioInput: 'input_values',
        maskInput: undefined,
        logitsOutput: 'logits',
        blank: 0,
        frames: () => 49,
        device: 'cpu',
        threads: 1,
        settings: {
          optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 },
          tau: 0.1,
          quadratic: 10,
          accumulate: 1,
          dropout: 0,
        },
        seed: 0,
        gates: 'learning',
      },
      state,
    );
    const batch = {
      shape: { rows: 2, samples, labels: 3 },
      audio: numbers([2, samples], 1, 9).data as Float32Array,
      audioLengths: Int32Array.of(samples, samples),
      labels: BigInt64Array.of(2n, 3n, 4n, 3n, 2n, 0n),
      labelLengths: BigInt64Array.of(3n, 2n),
      weights: Float32Array.of(1, 1),
      failures: [],
    };
    const scalars = { part: 1, learningRate: 5e-3, gateLearningRate: 1e-2, temperature: 1, update: true };
    for (const [i, expected] of reference[granularity]!.entries()) {
      const step = { ...scalars, step: i + 1, sparsityTarget: 0.4, multiplier: 0.3 };
      const found = await session.step(batch, step);
      expect(Math.abs(found.ctcLoss / expected.ctcLoss - 1)).toBeLessThan(1e-4);
      expect(Math.abs(found.loss / expected.loss - 1)).toBeLessThan(1e-4);
      expect(Math.abs(found.gradientNorm / expected.gradientNorm - 1)).toBeLessThan(1e-3);
      expect(found.sparsity).toBeCloseTo(expected.sparsity, 5);
      found.layers.sparsities.forEach((sparsity, gate) => {
        const threshold = found.layers.thresholds[gate];
        expect(threshold).toBeCloseTo(expected.thresholds[gate]!, 4);
        expect(sparsity).toBeCloseTo(expected.layers[gate]!, 5);
      });
    }
    // A group's count of updates without life starts anew when it lives again.
    const dead = state.get(stateNames.deadFor(0))!.data as Float32Array;
    expect(dead.filter((count) => count > 0).length).toBe(Math.round(reference[granularity]!.at(-1)!.layers[0]! * 32));
    await session.dispose();
  },
);
