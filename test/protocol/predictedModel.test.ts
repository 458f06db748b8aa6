/** The model at the end of a run, by what is pruned. */

import { expect, test } from 'vitest';
import { predictedModel, remainingComputation } from '../../src/protocol/predictedModel.ts';

const counts = { parameters: 1000, gatedParameters: 800 };

test('zeros stay in the file', () =>
  expect(predictedModel(counts, 'weight', 0.5)).toEqual({
    ...{ sparsity: 0.5, nonZeroParameters: 600, bytes: 4000, atMost: false },
  }));

test('units and heads leave it', () => {
  expect(predictedModel(counts, 'neuron', 0.5)).toMatchObject({ nonZeroParameters: 600, bytes: 2400, atMost: false });
  // More than the target are gone already.
  expect(predictedModel(counts, 'neuron', 0.5, 500).bytes).toBe(2000);
});

test('of both, what has left is known, and the rest is open', () => {
  expect(predictedModel(counts, 'neuron+weight', 0.5)).toMatchObject({ bytes: 4000, atMost: true });
  expect(predictedModel(counts, 'neuron+weight', 0.5, 700)).toMatchObject({ bytes: 2800, atMost: true });
});

test('what is not in the model is not computed, and zeros are', () => {
  expect(remainingComputation(800, 'weight', 0.5, 50, 100_000)).toBe(1);
  expect(remainingComputation(800, 'neuron+weight', 0.5, 50, 100_000)).toBe(1);
  // 400 of the weights are gone, each of which was multiplied 50 times a second.
  expect(remainingComputation(800, 'neuron', 0.5, 50, 100_000)).toBeCloseTo(0.8, 9);
});
