/** Self-pinching gates in the training graph: one vector holds the thresholds of all layers, whose gates may decide about weights or groups. */

import { int } from '../../onnx/graph.ts';
import type { Value } from '../../onnx/value.ts';
import { closeGate, gateGradients, type Gate } from '../../prune/gates.ts';
import { adamw } from './adamw.ts';
import { GroupedGates } from './groupedGates.ts';
import type { GateContext, GatedWeight, LearnedGates } from './learnedGates.ts';
import { stateNames } from './stateNames.ts';

export function thresholdGates({ b, layers, tau, optimizer, state, carry, adamScalars }: GateContext): LearnedGates {
  const thresholds = state(stateNames.thresholds, [layers]);
  const rms = state(stateNames.rms, [layers]);
  const one = (values: Value, index: number): Value => b.op('Gather', [values, b.int(index)], { axis: int(0) });
  const numbersOf = (index: number): Omit<Gate, 'weight'> => ({
    threshold: one(thresholds, index),
    rms: one(rms, index),
  });
  const gates = new Map<number, Gate>();
  const gradients: Value[] = [];
  let groups: GroupedGates | undefined;

  /** Through the weight's own gate, if it has one. */
  const closeOwn = ({ gate: index, initializer, dims, flat, whole }: GatedWeight) => {
    if (index === undefined) return { used: whole, kept: undefined };
    const gate = { weight: flat, ...numbersOf(index) };
    gates.set(index, gate);
    const { masked, kept } = closeGate(b, gate, initializer);
    return { used: b.op('Reshape', [masked, b.ints(dims)]), kept };
  };

  return {
    close: (weights) => {
      const closed = weights.map((weight) => ({ weight, ...closeOwn(weight) }));
      const used = new Map(closed.map(({ weight, used }) => [weight.initializer, used]));
      if (weights.some((weight) => weight.groups.length > 0)) {
        const bases = state(stateNames.bases, [layers]);
        groups = new GroupedGates(b, tau, closed, (index) => ({ ...numbersOf(index), base: one(bases, index) }));
        return groups.closed;
      }
      const kept: Value[] = [];
      for (const { weight, kept: count } of closed) if (weight.gate !== undefined && count) kept[weight.gate] = count;
      return { used, kept, layers: kept };
    },
    gather: (incoming, pressure) => {
      for (const [index, gradient] of groups?.gather(incoming, pressure) ?? []) gradients[index] = gradient;
    },
    through: (weight, gradient, pressure) => {
      const { gate: index, initializer } = weight;
      const grouped = weight.groups.length > 0 ? groups : undefined;
      const gate = index === undefined ? undefined : gates.get(index);
      if (index === undefined || !gate) {
        if (!grouped) throw new Error(`the gate of "${initializer}" was not closed`);
        return grouped.throughScores(weight, grouped.through(weight, gradient));
      }
      const own = gateGradients(b, gate, gradient, tau, pressure, initializer, grouped?.alive(weight));
      gradients[index] = own.threshold;
      return grouped ? grouped.throughScores(weight, own.weight) : own;
    },
    update: () => {
      const gradient = b.op(
        'Concat',
        gradients.map((g) => b.op('Reshape', [g, b.ints([1])])),
        { axis: int(0) },
      );
      const mean = state(stateNames.thresholdMean, [layers]);
      const square = state(stateNames.thresholdSquare, [layers]);
      const before = { weight: thresholds, mean, square };
      const next = adamw(b, before, gradient, optimizer.betas, adamScalars('gates'), undefined, 'thresholds');
      carry(thresholds, next.weight);
      carry(mean, next.mean);
      carry(square, next.square);
      for (const rest of groups?.rests((gate, count) => state(stateNames.deadFor(gate), [count])) ?? []) {
        carry(rest.before, rest.next);
      }
    },
  };
}
