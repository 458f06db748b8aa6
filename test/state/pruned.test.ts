/** The weights that gates let through, against the formula of the graph, in float32 step by step. */

import { expect, test } from 'vitest';
import { float32 } from '../../src/onnx/graph/tensor.ts';
import { Random } from '../../src/base/random.ts';
import { stateNames } from '../../src/state/stateNames.ts';
import { prunedWeights } from '../../src/state/pruned.ts';

const random = Random.seeded(4);
const weights = Float32Array.from({ length: 4000 }, (_, i) => random.normal() * 10 ** ((i % 5) - 4));
weights.set([0, -0, 1e-45, -1e-45, 3e-23, 2e-19, Infinity, -Infinity, NaN]);

test.each([
  ...[0, 1e-45, 1e-30, 3e-23, 1e-19, 1e20, 1e30, Infinity, NaN, -0.3],
  ...Array.from({ length: 12 }, (_, i) => Math.abs(weights[100 + i]!)),
])('the weights that a gate with the threshold %d prunes become zero, and no others', (threshold) => {
  const parameters = [{ initializer: 'w', dims: [4000], trained: true, gate: 0 }];
  const state = new Map([
    [stateNames.weight('w'), float32(weights)],
    ['thresholds', float32([threshold])],
    ['rms', float32([0.5])],
  ]);
  const edge = Math.fround(Math.fround(threshold) * 0.5);
  const expected = weights.map((w) => (Math.fround(w * w) >= Math.fround(edge * edge) ? w : 0));
  expect(prunedWeights(parameters, state, 'learning').get('w')!.data).toEqual(expected);
});
