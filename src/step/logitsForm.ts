/** Brings what a model gives into the form that CTC reads: logits as [batch, frames, symbols]. */

import type { Builder } from '../onnx/graph/builder.ts';
import { ints } from '../onnx/graph/graph.ts';
import type { Value } from '../onnx/graph/value.ts';

export interface LogitsForm {
  /** The order in which Transpose makes it [batch, frames, symbols]; undefined if it is that. */
  readonly order: readonly number[] | undefined;
  /** Whether it holds probabilities; their logarithms serve as logits, because log-softmax leaves them as they are. */
  readonly probabilities: boolean;
}

/** The smallest probability that is told from 0. */
const floor = 1e-30;

export function asLogits(b: Builder, given: Value, form: LogitsForm | undefined): Value {
  return b.scope('logits', () => {
    const turned = form?.order ? b.op('Transpose', [given], { perm: ints(form.order) }) : given;
    return form?.probabilities ? b.op('Log', [b.op('Max', [turned, b.scalar(floor)])]) : turned;
  });
}

/** A shape in that order. */
export function inOrder(dims: readonly number[], form: LogitsForm | undefined): readonly number[] {
  return form?.order ? form.order.map((axis) => dims[axis] ?? 0) : dims;
}
