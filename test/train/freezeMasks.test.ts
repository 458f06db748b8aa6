/** Settling: the sparsity is the target, layers keep their proportions, and nothing pruned can come back. */

import { describe, expect, test } from 'vitest';
import { float32, type Tensor } from '../../src/onnx/graph/tensor.ts';
import { Random } from '../../src/base/random.ts';
import { stateNames } from '../../src/state/stateNames.ts';
import type { TrainedParameter } from '../../src/state/parameter.ts';
import { prunedWeights } from '../../src/state/pruned.ts';
import { settle } from './settled.ts';

const parameters: TrainedParameter[] = [
  { initializer: 'a', dims: [100, 40], trained: true, gate: 0 },
  { initializer: 'bias', dims: [40], trained: true },
  { initializer: 'b', dims: [60, 50], trained: true, gate: 1 },
];

function makeState(thresholds: readonly number[]): Map<string, Tensor> {
  const random = Random.seeded(3);
  const normal = (dims: readonly number[], scale: number): Tensor =>
    float32(
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => scale * random.normal()),
      dims,
    );
  const state = new Map<string, Tensor>();
  for (const { initializer, dims } of parameters) {
    state.set(stateNames.weight(initializer), normal(dims, initializer === 'a' ? 0.02 : 1));
    state.set(stateNames.mean(initializer), normal(dims, 1));
    const square = float32(
      (normal(dims, 1).data as Float32Array).map((x) => x ** 2 + 1),
      dims,
    );
    state.set(stateNames.square(initializer), square);
  }
  return state.set(stateNames.thresholds, float32(thresholds)).set(stateNames.rms, float32([0.02, 1]));
}

const zeros = (tensor: Tensor | undefined): number =>
  Array.from(tensor!.data as Float32Array).filter((x) => x === 0).length;
const sparsity = (state: ReadonlyMap<string, Tensor>): number =>
  (zeros(state.get('weight/a')) + zeros(state.get('weight/b'))) / 7000;

/** The factor as it is defined: of the two next to the target, the nearer; every weight is looked at for each. */
function factorByCounting(state: ReadonlyMap<string, Tensor>, target: number): number {
  const values = (name: string): Float32Array => state.get(name)!.data as Float32Array;
  const below = (factor: number): number => {
    let pruned = 0;
    for (const { initializer, gate } of parameters) {
      if (gate === undefined) continue;
      const edge = Math.abs(values('thresholds')[gate]! * values('rms')[gate]!) * factor;
      for (const weight of values(stateNames.weight(initializer))) if (Math.abs(weight) < edge) pruned++;
    }
    return 1 - (7000 - pruned) / 7000;
  };
  let [low, high] = [0, 1];
  while (below(high) < target && high < 2 ** 40) high *= 2;
  while (high - low > 2 ** -20 * high && high > 2 ** -40) {
    const middle = (low + high) / 2;
    if (below(middle) <= target) low = middle;
    else high = middle;
  }
  return target - below(low) <= below(high) - target ? low : high;
}

describe('settle', () => {
  test.each([
    ['too low', [0.3, 0.2]],
    ['too high', [3, 4]],
    ['far too high', [3e9, 4e8]],
    ['right in one layer only', [0.93, 0.01]],
    ['of either sign', [-0.5, 0.4]],
    ['zero in one layer', [0, 0.4]],
    ['no numbers in one layer', [NaN, 0.4]],
  ])('its factor is that of counting every weight again and again, from thresholds that are %s', (_, thresholds) => {
    for (const target of [0, 0.1, 0.3, 0.42, 0.65, 0.9501, 0.999]) {
      const state = makeState(thresholds);
      // Many weights alike, zeros among them, and some that are no numbers a model should have.
      const a = state.get(stateNames.weight('a'))!.data as Float32Array;
      a.fill(0.01, 0, 500).fill(0, 500, 700).fill(-0, 700, 720);
      a.set([NaN, Infinity, -Infinity, 1e-40, -1e-45], 720);
      const expected = thresholds.map((threshold) =>
        Math.fround(Math.fround(threshold) * factorByCounting(state, target)),
      );
      expect(Array.from(settle(parameters, state, target).get('thresholds')!.data as Float32Array)).toEqual(expected);
    }
  });

  test.each([
    ['nearer above', 'prunes', 3],
    ['nearer below', 'leaves', 1],
  ])('of weights that can only be pruned together, a target that is %s %s them', (_, what, third) => {
    // A fifth of all weights is 1; what lies between pruning none of them and all is not to be had.
    const state = makeState([1, 1]);
    state.set('rms', float32([1, 1]));
    const [a, b] = ['a', 'b'].map((name) => state.get(stateNames.weight(name))!.data as Float32Array);
    a!.fill(2);
    b!.fill(2).fill(1, 0, 1400);
    const share = 1400 / 7000;
    const settled = settle(parameters, state, (third / 4) * share);
    expect(sparsity(settled)).toBeCloseTo(what === 'prunes' ? share : 0, 9);
  });

  test.each([
    ['too low', [0.3, 0.2]],
    ['too high', [3, 4]],
    ['right in one layer only', [0.93, 0.01]],
    ['of either sign', [-0.5, 0.4]],
  ])('reaches the target from thresholds that are %s', (_, thresholds) => {
    for (const target of [0, 0.3, 0.65, 0.95]) {
      const settled = settle(parameters, makeState(thresholds), target);
      expect(Math.abs(sparsity(settled) - target)).toBeLessThanOrEqual(1 / 7000);
    }
  });

  test('keeps the proportions of the thresholds', () => {
    const settled = settle(parameters, makeState([0.6, 0.2]), 0.65).get('thresholds')!.data as Float32Array;
    expect(settled[0]! / settled[1]!).toBeCloseTo(3, 5);
  });

  test('pruned weights are zero and so are their running means; the others are as they were', () => {
    const state = makeState([0.4, 0.5]);
    const settled = settle(parameters, state, 0.5);
    for (const name of ['a', 'b']) {
      const [now, before] = [settled, state].map((from) => from.get(stateNames.weight(name))!.data as Float32Array);
      for (const moment of [stateNames.mean(name)]) {
        const [momentNow, momentBefore] = [settled, state].map((from) => from.get(moment)!.data as Float32Array);
        now!.forEach((weight, i) => {
          expect(weight).toBe(weight === 0 ? 0 : before![i]);
          expect(momentNow![i]).toBe(weight === 0 ? 0 : momentBefore![i]);
        });
      }
    }
    expect(settled.has(stateNames.weight('bias'))).toBe(false);
  });

  test('the state it is given stays as it is', () => {
    const state = makeState([0.4, 0.5]);
    const copy = structuredClone([...state]);
    settle(parameters, state, 0.5);
    expect([...state]).toEqual(copy);
  });

  test('masks of the settled thresholds are the settled weights', () => {
    const state = makeState([0.4, 0.5]);
    const settled = settle(parameters, state, 0.5);
    const masked = prunedWeights(
      parameters,
      new Map([...state, ['thresholds', settled.get('thresholds')!]]),
      'learning',
    );
    expect(masked.get('a')).toEqual(settled.get('weight/a'));
  });
});

test.each([0.3, 0.65, 0.9])(
  'millions of weights, of which a sample is looked at first, to a sparsity of %s',
  (target) => {
    const random = Random.seeded(5);
    const sizes = [3_000_000, 1_700_001];
    const many = sizes.map((size, gate) => ({ initializer: `w${gate}`, dims: [size], trained: true, gate }));
    // A table of normal numbers, in another order for each layer: to draw all would take longer than the test.
    const normal = Float32Array.from({ length: 100_003 }, () => random.normal());
    const state = new Map<string, Tensor>([
      [stateNames.thresholds, float32([0.4, 2.5])],
      [stateNames.rms, float32([0.02, 1])],
    ]);
    sizes.forEach((size, gate) => {
      const weights = new Float32Array(size);
      for (let i = 0; i < size; i++) {
        // No two of them are alike.
        weights[i] = (gate === 0 ? 0.02 : 1) * ((normal[(i * 7919) % normal.length] ?? 0) + i * 1e-9);
      }
      state.set(stateNames.weight(`w${gate}`), float32(weights, [size]));
    });
    const settled = settle(many, state, target);
    const pruned = many.reduce((sum, { initializer }) => sum + zeros(settled.get(stateNames.weight(initializer))), 0);
    // The factor is exact to its last bit but a few, and so a few weights in a million may be on either side.
    expect(Math.abs(pruned / 4_700_001 - target)).toBeLessThan(1e-5);
  },
);
