/**
 * Connectionist temporal classification inside the graph (Graves et al. 2006, equations 5 to 16, in the log domain): the loss of every
 * utterance and its gradient with respect to the logits, from the forward and the backward recursion, one Scan over frames each.
 */

import type { Builder } from '../onnx/graph/builder.ts';
import type { Value } from '../onnx/graph/value.ts';
import { int, ints } from '../onnx/graph/graph.ts';
import { float32, int64 } from '../onnx/graph/tensor.ts';

export interface CtcInputs {
  /** float32 [batch, frames, vocabulary] */
  readonly logits: Value;
  /** int64 [batch, width]; what stands behind an utterance's own labels does not matter, as long as it is in the vocabulary. */
  readonly labels: Value;
  /** int64 [batch]: labels of each utterance; 0 is allowed. */
  readonly labelLengths: Value;
  /** int64 [batch]: frames of each utterance; the others are padding. */
  readonly frameLengths: Value;
  /** float32 [batch]: 1 for an utterance that counts, 0 for one that only fills the batch. */
  readonly weights: Value;
  /** The index of the blank. */
  readonly blank: number;
}

export interface Ctc {
  /** float32 []: mean over the utterances of loss / number of labels, as torch.nn.functional.ctc_loss with `mean`, `zero_infinity`. */
  readonly loss: Value;
  /** float32 [batch, frames, vocabulary]: the gradient of `loss`. */
  readonly gradient: Value;
}

/** The logarithm of nothing. Finite, so that it can be added to without giving NaN. */
const impossible = -1e30;

export function ctc(b: Builder, inputs: CtcInputs): Ctc {
  const { logits, labels } = inputs;
  const [batch = 0, frames = 0, vocabulary = 0] = logits.dims;
  const width = labels.dims[1] ?? 0;
  const states = 2 * width + 1;

  return b.scope('ctc', () => {
    // The labels with blanks between and around them: [batch, states].
    const blanks = (n: number): Value => b.constant(int64(Array<number>(batch * n).fill(inputs.blank), [batch, n]));
    const paired = b.op(
      'Concat',
      [b.op('Unsqueeze', [blanks(width), b.ints([2])]), b.op('Unsqueeze', [labels, b.ints([2])])],
      { axis: int(2) },
    );
    const path = b.op('Concat', [b.op('Reshape', [paired, b.ints([batch, 2 * width])]), blanks(1)], { axis: int(1) });

    const oneHot = b.op('OneHot', [path, b.int(vocabulary), b.constant(float32([0, 1]))], { axis: int(-1) }); // [batch, states, vocabulary]
    const logProbabilities = b.op('LogSoftmax', [logits], { axis: int(-1) });
    // A product with the one-hot path picks each state's log probability on every device: [batch, frames, states].
    const emitted = b.op('MatMul', [logProbabilities, b.op('Transpose', [oneHot], { perm: ints([0, 2, 1]) })]);
    const byFrame = b.op('Transpose', [emitted], { perm: ints([1, 0, 2]) });

    // A state may be entered from two states before, unless that is a blank or the same label.
    const skip = skipPenalty(b, path, inputs.blank, batch, states);
    // Frames of padding leave the recursions as they are: [frames, batch, 1].
    const numbers = b.constant(int64([...Array(frames).keys()], [frames, 1]));
    const valid = b.op('Unsqueeze', [b.op('Less', [numbers, inputs.frameLengths]), b.ints([2])]);

    const last = lastStates(b, inputs.labelLengths, states);
    const nothing = b.constant(float32(Array<number>(batch * 2).fill(impossible), [batch, 2]));
    const start = b.constant(
      float32(
        Array.from({ length: batch * states }, (_, i) => (i % states === 0 ? 0 : impossible)),
        [batch, states],
      ),
    );

    // alpha[t, s]: log probability of all ways to be in state s after frame t. Before the first frame, "state 0" can go to 0 and 1.
    const forward = b.scan(
      [start],
      [byFrame, valid],
      (inner, [alpha], [emission, inside]) => {
        const reached = merge(inner, alpha as Value, skip, nothing, states, 'forward');
        const next = inner.op('Where', [inside, inner.op('Add', [reached, emission]), alpha]);
        return { carried: [next], outputs: [next] };
      },
      { name: 'forward' },
    );
    // beta[t, s]: log probability of all ways to finish from state s after frame t.
    const backward = b.scan(
      [last],
      [byFrame, valid],
      (inner, [beta], [emission, inside]) => {
        const left = merge(inner, inner.op('Add', [beta, emission]), skip, nothing, states, 'backward');
        const next = inner.op('Where', [inside, left, beta]);
        return { carried: [next], outputs: [beta as Value] };
      },
      { name: 'backward', reverse: true },
    );

    const ended = b.op('Add', [forward.carried[0], last]);
    const logLikelihood = logSumExp(b, ended, 1, true); // [batch, 1]
    const possible = b.op('Greater', [logLikelihood, b.scalar(impossible / 2)]);
    // What an utterance weighs in the mean: 0 where no alignment exists (zero_infinity).
    const lengths = b.op('Max', [b.op('Cast', [inputs.labelLengths], { to: int(1) }), b.scalar(1)]);
    const counted = b.op('Max', [b.op('ReduceSum', [inputs.weights], { keepdims: int(0) }), b.scalar(1)]);
    const share = b.op('Div', [b.op('Div', [inputs.weights, lengths]), counted]);
    const weight = b.op('Where', [possible, b.op('Unsqueeze', [share, b.ints([1])]), b.scalar(0)]); // [batch, 1]
    const loss = b.op(
      'Neg',
      [b.op('ReduceSum', [b.op('Mul', [weight, logLikelihood])], { keepdims: int(0) })],
      {},
      { outputNames: ['ctc_loss'] },
    );

    // gamma[t, s] = exp(alpha + beta - log likelihood): how likely frame t is in state s, given the labels.
    const both = b.op('Add', [forward.outputs[0], backward.outputs[0]]);
    const posterior = b.op('Exp', [b.op('Min', [b.op('Sub', [both, logLikelihood]), b.scalar(0)])]);
    const ofLabels = b.op('MatMul', [b.op('Transpose', [posterior], { perm: ints([1, 0, 2]) }), oneHot]);
    const difference = b.op('Sub', [b.op('Exp', [logProbabilities]), ofLabels]);
    const frameWeight = b.op('Mul', [b.op('Cast', [valid], { to: int(1) }), weight]); // [frames, batch, 1]
    const gradient = b.op('Mul', [difference, b.op('Transpose', [frameWeight], { perm: ints([1, 0, 2]) })]);
    return { loss, gradient };
  });
}

/** log(exp(same state) + exp(state one away) + exp(state two away, where it may be skipped)), for every state. */
function merge(
  b: Builder,
  value: Value,
  skip: Value,
  nothing: Value,
  states: number,
  direction: 'forward' | 'backward',
): Value {
  // Two impossible states beside the real ones, so that every neighbour exists.
  const padded = b.op('Concat', direction === 'forward' ? [nothing, value] : [value, nothing], { axis: int(1) });
  const from = (start: number): Value =>
    b.op('Slice', [padded, b.ints([start]), b.ints([start + states]), b.ints([1])]);
  const [near, far] = direction === 'forward' ? [from(1), from(0)] : [from(1), from(2)];
  // Skipping depends on the state that is entered: forward it is this one, backward the one two ahead.
  const penalty =
    direction === 'forward'
      ? skip
      : b.op('Slice', [
          b.op('Concat', [skip, nothing], { axis: int(1) }),
          b.ints([2]),
          b.ints([states + 2]),
          b.ints([1]),
        ]);
  const stacked = b.op(
    'Concat',
    [...[value, near, b.op('Add', [far, penalty])].map((part) => b.op('Unsqueeze', [part, b.ints([0])]))],
    { axis: int(0) },
  );
  return logSumExp(b, stacked, 0, false);
}

/** log Σ exp along an axis. Written out, because ReduceLogSumExp underflows on WebGPU (onnxruntime 1.30), which does not take out the maximum. */
function logSumExp(b: Builder, x: Value, axis: number, keepdims: boolean): Value {
  const axes = b.ints([axis]);
  const largest = b.op('ReduceMax', [x, axes], { keepdims: int(1) });
  const sum = b.op('ReduceSum', [b.op('Exp', [b.op('Sub', [x, largest])]), axes], { keepdims: int(1) });
  const result = b.op('Add', [b.op('Log', [sum]), largest]);
  return keepdims ? result : b.op('Squeeze', [result, axes]);
}

/** 0 for a state that may be entered from two states before, `impossible` for the others: float32 [batch, states]. */
function skipPenalty(b: Builder, path: Value, blank: number, batch: number, states: number): Value {
  const penalties = b.constant(float32(Array<number>(batch * 2).fill(impossible), [batch, 2]));
  if (states < 3) return b.op('Slice', [penalties, b.ints([0]), b.ints([states]), b.ints([1])]);
  const ahead = b.op('Slice', [path, b.ints([2]), b.ints([states]), b.ints([1])]);
  const behind = b.op('Slice', [path, b.ints([0]), b.ints([states - 2]), b.ints([1])]);
  const forbidden = b.op('Or', [b.op('Equal', [ahead, b.int(blank)]), b.op('Equal', [ahead, behind])]);
  const rest = b.op('Where', [forbidden, b.scalar(impossible), b.scalar(0)]);
  return b.op('Concat', [penalties, rest], { axis: int(1) });
}

/** 0 for the two states an utterance may end in (last label, blank behind it), `impossible` for the others: float32 [batch, states]. */
function lastStates(b: Builder, labelLengths: Value, states: number): Value {
  const index = b.constant(int64([...Array(states).keys()], [1, states]));
  const end = b.op('Unsqueeze', [b.op('Mul', [labelLengths, b.int(2)]), b.ints([1])]); // [batch, 1]
  const atBlank = b.op('Equal', [index, end]);
  const atLabel = b.op('Equal', [index, b.op('Sub', [end, b.int(1)])]);
  return b.op('Where', [b.op('Or', [atBlank, atLabel]), b.scalar(0), b.scalar(impossible)]);
}
