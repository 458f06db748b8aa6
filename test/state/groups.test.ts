/** Groups in a state: settling reaches the target as nearly as groups allow, and of a dead group everything is zero. */

import { describe, expect, test } from 'vitest';
import { float32, sizeOf, type Tensor } from '../../src/onnx/graph/tensor.ts';
import { Random } from '../../src/base/random.ts';
import { stateNames } from '../../src/state/stateNames.ts';
import type { TrainedParameter } from '../../src/state/parameter.ts';
import { groupSquares, livingGroups } from '../../src/state/groups.ts';
import { initialState } from '../../src/state/initialState.ts';
import { prunedWeights } from '../../src/state/pruned.ts';
import { settle } from '../train/settled.ts';
import { frozenLayers } from '../../src/step/stepResult.ts';

const units = { gate: 0, groups: 20, start: 0, length: 1 };
const heads = { gate: 1, groups: 4, start: 0, length: 3 };
const [gives, reads, bias] = [
  { axis: 1, gated: true, reads: false },
  { axis: 0, gated: true, reads: true },
  { axis: 0, gated: false, reads: false },
];

function parametersOf(own: boolean): TrainedParameter[] {
  const gate = (index: number) => (own ? { gate: index } : {});
  return [
    { initializer: 'in', dims: [12, 20], trained: true, groups: [{ ...units, ...gives }], ...gate(2) },
    { initializer: 'in.bias', dims: [20], trained: true, groups: [{ ...units, ...bias }] },
    { initializer: 'out', dims: [20, 12], trained: true, groups: [{ ...units, ...reads }], ...gate(3) },
    { initializer: 'v', dims: [12, 12], trained: true, groups: [{ ...heads, ...gives }], ...gate(4) },
    { initializer: 'o', dims: [12, 12], trained: true, groups: [{ ...heads, ...reads }], ...gate(5) },
  ];
}

/** Units are ever larger, heads too. */
function stateOf(parameters: readonly TrainedParameter[]): Map<string, Tensor> {
  const random = Random.seeded(4);
  const weights = parameters.map(({ initializer, dims, groups = [] }): [string, Tensor] => {
    const [{ axis, length } = { axis: 0, length: 1 }] = groups;
    const inner = sizeOf(dims.slice(axis + 1));
    const scale = (i: number): number => 0.5 + Math.floor((Math.floor(i / inner) % (dims[axis] ?? 1)) / length) / 20;
    return [
      initializer,
      float32(
        Float32Array.from({ length: sizeOf(dims) }, (_, i) => scale(i) * random.normal()),
        dims,
      ),
    ];
  });
  const state = initialState(parameters, new Map(weights), 0.8);
  for (const { initializer, dims } of parameters) {
    state.set(stateNames.mean(initializer), float32(new Float32Array(sizeOf(dims)).fill(1), dims));
  }
  return state;
}

const zeros = (tensor: Tensor | undefined): number =>
  Array.from(tensor!.data as Float32Array).filter((x) => x === 0).length;
const all = 2 * 240 + 2 * 144;
const sparsityOf = (state: ReadonlyMap<string, Tensor>): number =>
  ['in', 'out', 'v', 'o'].reduce((sum, name) => sum + zeros(state.get(stateNames.weight(name))), 0) / all;

describe('settling groups', () => {
  const parameters = parametersOf(false);

  test.each([0.25, 0.5, 0.75])('to a sparsity of %s', (target) => {
    const settled = settle(parameters, stateOf(parameters), target);
    // Half a unit: they make up for what heads are too large for.
    expect(Math.abs(sparsityOf(settled) - target)).toBeLessThanOrEqual(12 / all);
    const squares = groupSquares(parameters, settled);
    const dead = [...squares.get(0)!].filter((square) => square === 0).length;
    expect(zeros(settled.get(stateNames.weight('in')))).toBe(12 * dead);
    expect(zeros(settled.get(stateNames.weight('in.bias')))).toBe(dead);
    expect(zeros(settled.get(stateNames.mean('out')))).toBe(12 * dead);
  });

  test('dead groups live again where sparsity has gone too far, those under the base of their layer too', () => {
    const state = stateOf(parameters);
    for (const name of ['v', 'o']) {
      const weights = state.get(stateNames.weight(name))!;
      state.set(
        stateNames.weight(name),
        float32(
          (weights.data as Float32Array).map((x) => x / 2),
          weights.dims,
        ),
      );
    }
    (state.get(stateNames.thresholds)!.data as Float32Array).fill(2);
    expect([...livingGroups(groupSquares(parameters, state), state).values()].some((one) => one.includes(1))).toBe(
      false,
    );
    const settled = settle(parameters, state, 0.25);
    expect(Math.abs(sparsityOf(settled) - 0.25)).toBeLessThanOrEqual(12 / all);
  });

  test('heads that hardly differ do not all die before units of which most are small, after a few updates', () => {
    const before = stateOf(parameters);
    const weights = new Map(
      parameters.map(({ initializer, dims }): [string, Tensor] => {
        const held = before.get(stateNames.weight(initializer))!;
        if (initializer !== 'v' && initializer !== 'o') return [initializer, held];
        const axis = initializer === 'v' ? 1 : 0;
        const head = (i: number): number => Math.floor((axis === 1 ? i % 12 : Math.floor(i / 12)) / heads.length);
        return [
          initializer,
          float32(
            Float32Array.from({ length: 144 }, (_, i) => 1 + head(i) / 100),
            dims,
          ),
        ];
      }),
    );
    const settled = settle(parameters, initialState(parameters, weights, 0.1), 0.4);
    const living = Array.from(
      groupSquares(parameters, settled).values(),
      (own) => own.filter((square) => square > 0).length,
    );
    expect(living[1]).toBeGreaterThanOrEqual(2);
    expect(living[0]).toBeGreaterThanOrEqual(8);
    expect(living[0]).toBeLessThan(20);
  });

  test('weights that have left the model are pruned already', () => {
    const removed = all;
    expect(sparsityOf(settle(parameters, stateOf(parameters), 0.5, removed))).toBe(0);
    const settled = settle(parameters, stateOf(parameters), 0.75, removed);
    expect(Math.abs(sparsityOf(settled) - 0.5)).toBeLessThanOrEqual(12 / all);
  });

  test('what rests is told of groups by their number, and over all by weights', () => {
    const state = stateOf(parameters);
    const settled = new Map([...state, ...settle(parameters, state, 0.5)]);
    const layers = [
      { name: 'units', size: 20 },
      { name: 'heads', size: 4 },
    ];
    const found = frozenLayers({ layers, parameters }, settled);
    const living = livingGroups(groupSquares(parameters, settled), settled);
    [0, 1].forEach((gate) => {
      const lives = living.get(gate)!;
      expect(found.layers.sparsities[gate]!).toBeCloseTo(lives.filter((one) => one === 0).length / lives.length, 7);
    });
    expect(found.sparsity).toBeCloseTo(sparsityOf(settled), 9);
  });
});

test('with gates of their own, too, single weights of living groups make up what groups miss of the target', () => {
  const parameters = parametersOf(true);
  const state = stateOf(parameters);
  (state.get(stateNames.thresholds)!.data as Float32Array).fill(0.3, 2);
  for (const target of [0.3, 0.6, 0.9]) {
    const settled = settle(parameters, state, target);
    expect(Math.abs(sparsityOf(settled) - target)).toBeLessThan(0.03);
    expect(
      groupSquares(parameters, settled)
        .get(0)!
        .some((square) => square === 0),
    ).toBe(true);
  }
});

test('what a checkpoint holds of gates that learn has zeros for dead groups, biases too, and the state keeps all', () => {
  const parameters = parametersOf(false);
  const state = stateOf(parameters);
  const living = livingGroups(groupSquares(parameters, state), state);
  const dead = living.get(0)!.filter((one) => one === 0).length;
  expect(dead).toBeGreaterThan(1);
  expect(dead).toBeLessThan(19);
  const pruned = prunedWeights(parameters, state, 'learning');
  expect(zeros(pruned.get('in.bias'))).toBe(dead);
  expect(zeros(pruned.get('out'))).toBe(12 * dead);
  expect(zeros(state.get(stateNames.weight('out')))).toBe(0);
});
