/** Self-pinching gates in the training graph: one vector holds the thresholds of all layers. */

import { int } from '../../onnx/graph.ts';
import type { Value } from '../../onnx/value.ts';
import { closeGate, gateGradients, type Gate } from '../../prune/gates.ts';
import { adamw } from './adamw.ts';
import type { GateContext, LearnedGates } from './learnedGates.ts';
import { stateNames } from './stateNames.ts';

export function thresholdGates({ b, layers, tau, optimizer, state, carry, adamScalars }: GateContext): LearnedGates {
  const thresholds = state(stateNames.thresholds, [layers]);
  const rms = state(stateNames.rms, [layers]);
  const one = (values: Value, index: number): Value => b.op('Gather', [values, b.int(index)], { axis: int(0) });
  const gates = new Map<number, Gate>();
  const gradients: Value[] = [];
  return {
    close: ({ gate: index, initializer, dims, flat }) => {
      const gate = { weight: flat, threshold: one(thresholds, index), rms: one(rms, index) };
      gates.set(index, gate);
      const { masked, kept } = closeGate(b, gate, initializer);
      return { used: b.op('Reshape', [masked, b.ints(dims)]), kept };
    },
    through: ({ gate: index, initializer }, gradient, pressure) => {
      const gate = gates.get(index);
      if (!gate) throw new Error(`the gate of "${initializer}" was not closed`);
      const { weight, squares, threshold } = gateGradients(b, gate, gradient, tau, pressure, initializer);
      gradients[index] = threshold;
      return { weight, squares };
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
    },
  };
}
