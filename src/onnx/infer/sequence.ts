/** Shapes of recurrent layers and spectra. */

import { intAttribute } from '../graph/graph.ts';
import { misfit, one, required, requiredKnown, type Infer, type InferTable } from './common.ts';

/** X [frames, batch, features], W [directions, gates·hidden, features]; with layout 1 the batch stands first. */
const recurrent =
  (gates: number): Infer =>
  (node, inputs) => {
    const { type, dims } = required(node, inputs, 0);
    const weights = required(node, inputs, 1).dims;
    const [directions = 1, rows = 0] = weights;
    const hidden = intAttribute(node, 'hidden_size', rows / gates);
    if (dims.length !== 3 || weights[2] !== dims[2] || rows !== gates * hidden) {
      throw misfit(node, inputs, 'the weights do not fit the input');
    }
    const batchFirst = intAttribute(node, 'layout', 0) !== 0;
    const [frames = 0, batch = 0] = batchFirst ? [dims[1], dims[0]] : dims;
    const all = batchFirst ? [batch, frames, directions, hidden] : [frames, directions, batch, hidden];
    const last = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
    return [all, last, last].map((out) => ({ type, dims: out }));
  };

/** A spectrum along an axis: the last axis holds real and imaginary part. */
const dft: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const wanted = intAttribute(node, 'axis') ?? (inputs[2] ? requiredKnown(node, inputs, 2)[0] : undefined) ?? -2;
  const axis = wanted < 0 ? wanted + dims.length : wanted;
  const length = inputs[1] ? (requiredKnown(node, inputs, 1)[0] ?? 0) : (dims[axis] ?? 0);
  const oneSided = intAttribute(node, 'onesided', 0) !== 0;
  const bins = oneSided ? Math.floor(length / 2) + 1 : length;
  return one(
    type,
    dims.map((dim, i) => (i === dims.length - 1 ? 2 : i === axis ? bins : dim)),
  );
};

/** signal [batch, samples(, 1)] to [batch, frames, bins, 2]. */
const stft: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const step = requiredKnown(node, inputs, 1)[0] ?? 1;
  const length = inputs[2]?.dims[0] ?? requiredKnown(node, inputs, 3)[0] ?? 0;
  const frames = Math.floor(((dims[1] ?? 0) - length) / step) + 1;
  const bins = intAttribute(node, 'onesided', 1) !== 0 ? Math.floor(length / 2) + 1 : length;
  return one(type, [dims[0] ?? 0, frames, bins, 2]);
};

export const sequence: InferTable = {
  LSTM: recurrent(4),
  GRU: recurrent(3),
  RNN: recurrent(1),
  DFT: dft,
  STFT: stft,
};
