/**
 * Self-pinching gates (arXiv 2505.22608): one learnable threshold per layer decides which weights are kept. The forward pass uses the hard mask;
 * the backward pass uses the slope of the soft mask sigmoid((W² - t²) / (2τ)). The units are ours: the threshold in the layer's
 * root-mean-square weight σ, τ in σ².
 */

import type { Builder } from '../onnx/graph/builder.ts';
import type { Value } from '../onnx/graph/value.ts';
import { float, int } from '../onnx/graph/graph.ts';
import { elementwise } from '../onnx/passes/tiles.ts';

/** The gate of one layer, or of a stack of layers of one shape: the weights are then [layers, ...dims] and each number is [layers, 1, …]. */
export interface Gate {
  /** The layer's weights, in any shape. */
  readonly weight: Value;
  /** Scalar, or one for each layer of a stack: the threshold in units of `rms`. */
  readonly threshold: Value;
  /** As `threshold`: the root mean square of the layer's weights before training. */
  readonly rms: Value;
}

export interface MaskedWeight {
  /** W where W² ≥ t², else 0; the shape of the weight. */
  readonly masked: Value;
  /** Scalar, or [layers] for a stack: number of weights that pass the gate. */
  readonly kept: Value;
}

/** The sum over a layer's weights: a scalar, or [layers] for a stack. */
function sumOf(b: Builder, x: Value, { threshold }: Gate): Value {
  if (threshold.dims.length === 0) return b.op('ReduceSum', [x], { keepdims: int(0) });
  return b.op('ReduceSum', [x, b.ints(x.dims.slice(1).map((_, i) => i + 1))], { keepdims: int(0) });
}

/** A step from 0 to 1 at x = 0 (1 at 0 itself), in one operator: min(1, max(0, 10³⁰ x + 1)). */
export function step(b: Builder, x: Value): Value {
  return b.op('HardSigmoid', [x], { alpha: float(1e30), beta: float(1) });
}

/** The hard gate, as in the forward pass and at inference. */
export function closeGate(b: Builder, gate: Gate, name: string): MaskedWeight {
  const threshold = b.op('Mul', [gate.threshold, gate.rms]);
  const squared = b.op('Mul', [threshold, threshold]);
  const { tensors, sums } = elementwise(
    b,
    [gate.weight],
    (tile, [weight]) => {
      const mask = step(tile, tile.op('Sub', [tile.op('Mul', [weight, weight]), squared]));
      return {
        tensors: [tile.op('Mul', [weight, mask])],
        sums: [sumOf(tile, mask, gate)],
      };
    },
    { name: `${name}/gate` },
  );
  return { masked: tensors[0] as Value, kept: sums[0] as Value };
}

export interface GateGradients {
  /** The loss's gradient for the unmasked weight, in its shape. */
  readonly weight: Value;
  /** Scalar: the sum of its squares. */
  readonly squares: Value;
  /** Scalar, or [layers] for a stack: the loss's gradient for the threshold, in units of `rms`. */
  readonly threshold: Value;
}

/**
 * The straight-through gradient. With G = dL/dŴ, M the soft mask, M̄ the hard one and c = dL/dM̄ of the sparsity term:
 *   dL/dW = G ⊙ M̄ + (G ⊙ W + c) ⊙ M ⊙ (1 − M) ⊙ W / τ,   dL/dt = −(t/τ) Σ (G ⊙ W + c) ⊙ M ⊙ (1 − M).
 * The form here needs few passes over the weights: with w̃ = W / (2√τ) and th = tanh(w̃² − t̃²), 4 M (1 − M) = 1 − th², and the scales cancel.
 *
 * @param gradient dL/dŴ in the weight's shape
 * @param tau in units of rms²
 * @param pressure scalar c, the same for every weight
 * @param alive in the weight's shape: 0 where another gate removes the weight, which then gets no gradient here, else 1
 */
export function gateGradients(
  b: Builder,
  gate: Gate,
  gradient: Value,
  tau: number,
  pressure: Value,
  name: string,
  alive?: Value,
): GateGradients {
  const scale = b.op('Div', [b.scalar(0.5 / Math.sqrt(tau)), gate.rms]); // 1 / (2√τ) in units of the weight
  const edge = b.op('Mul', [gate.threshold, b.scalar(0.5 / Math.sqrt(tau))]); // t̃
  const squaredEdge = b.op('Mul', [edge, edge]);
  const push = b.op('Mul', [pressure, scale]);
  const { tensors, sums } = elementwise(
    b,
    alive ? [gate.weight, gradient, alive] : [gate.weight, gradient],
    (tile, [weight, incoming, open]) => {
      const scaled = tile.op('Mul', [weight, scale]);
      const distance = tile.op('Sub', [tile.op('Mul', [scaled, scaled]), squaredEdge]);
      const soft = tile.op('Tanh', [distance]);
      const whole = tile.op('Sub', [tile.scalar(1), tile.op('Mul', [soft, soft])]);
      const slope = open ? tile.op('Mul', [whole, open]) : whole;
      const pull = tile.op('Mul', [tile.op('Add', [tile.op('Mul', [incoming, scaled]), push]), slope]);
      const hard = step(tile, distance);
      const through = tile.op('Mul', [incoming, open ? tile.op('Mul', [hard, open]) : hard]);
      const total = tile.op('Add', [through, tile.op('Mul', [pull, scaled])]);
      return {
        tensors: [total],
        sums: [tile.op('ReduceSumSquare', [total], { keepdims: int(0) }), sumOf(tile, pull, gate)],
      };
    },
    { name: `${name}/gate_gradient` },
  );
  const [squares, pulls] = sums as [Value, Value];
  const factor = b.op('Mul', [b.op('Mul', [gate.threshold, gate.rms]), b.scalar(-0.5 / Math.sqrt(tau))]);
  const each = gate.threshold.dims.length === 0 ? factor : b.op('Reshape', [factor, b.ints([-1])]);
  return { weight: tensors[0] as Value, squares, threshold: b.op('Mul', [each, pulls]) };
}

export interface LayerSparsity {
  /** Scalar: 1 − kept / all, over all gated weights. */
  readonly sparsity: Value;
  /** Scalar: multiplier · gap + quadratic · gap², gap = target − sparsity. */
  readonly loss: Value;
  /** Scalar: the gradient of `loss` for one weight's mask. */
  readonly pressure: Value;
}

/**
 * The sparsity term of the loss (an augmented Lagrangian; the choice is ours, after DPHuBERT's).
 * @param kept counts of weights, scalars or vectors
 * @param total the number of gated weights
 */
export function sparsityLoss(
  b: Builder,
  kept: readonly Value[],
  total: number,
  settings: { readonly target: Value; readonly multiplier: Value; readonly quadratic: number },
): LayerSparsity {
  return b.scope('sparsity', () => {
    const counts = b.op(
      'Concat',
      kept.map((count) => b.op('Reshape', [count, b.ints([-1])])),
      { axis: int(0) },
    );
    const share = b.op('Mul', [b.op('ReduceSum', [counts], { keepdims: int(0) }), b.scalar(1 / total)]);
    const sparsity = b.op('Sub', [b.scalar(1), share]);
    const gap = b.op('Sub', [settings.target, sparsity]);
    const quadratic = b.op('Mul', [gap, b.scalar(settings.quadratic)]);
    const loss = b.op('Mul', [gap, b.op('Add', [settings.multiplier, quadratic])]);
    const slope = b.op('Add', [settings.multiplier, b.op('Mul', [quadratic, b.scalar(2)])]);
    // One more kept weight lowers the gap by 1/total, and the loss rises with the gap, so a mask's gradient is positive.
    return { sparsity, loss, pressure: b.op('Mul', [slope, b.scalar(1 / total)]) };
  });
}

/**
 * The gradient of a layer whose mask no longer changes: zero weights get none, and so stay zero.
 * @param weight the pruned weights
 * @param gradient the loss's gradient for them, in the same shape
 */
export function keepZeros(
  b: Builder,
  weight: Value,
  gradient: Value,
  name: string,
): { readonly weight: Value; readonly squares: Value } {
  const { tensors, sums } = elementwise(
    b,
    [weight, gradient],
    (tile, [value, incoming]) => {
      const alive = tile.op('HardSigmoid', [tile.op('Abs', [value])], { alpha: float(1e30), beta: float(0) });
      const kept = tile.op('Mul', [incoming, alive]);
      return { tensors: [kept], sums: [tile.op('ReduceSumSquare', [kept], { keepdims: int(0) })] };
    },
    { name: `${name}/keep_zeros` },
  );
  return { weight: tensors[0] as Value, squares: sums[0] as Value };
}
