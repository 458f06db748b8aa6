/**
 * Parameters of one shape and one treatment, handled as one tensor [parameters, ...dims]: on a device every operator is a launch, which takes
 * longer than the work on a small tensor, and most parameters of a transformer have many others of their shape.
 */

import { sizeOf } from '../onnx/graph/tensor.ts';
import type { TrainedParameter } from '../state/parameter.ts';

/** WebGPU devices bind 128 MiB at least, and a tensor is one binding. */
const largestStack = 128 * 2 ** 20;

/**
 * The parameters in stacks, in the order of each stack's first one. What is frozen, or belongs to groups, stands alone.
 * @param apart initializers that stand alone, too
 * @param gates whether gated parameters may be stacked
 */
export function stackParameters(
  parameters: readonly TrainedParameter[],
  apart: ReadonlySet<string>,
  gates: boolean,
): TrainedParameter[][] {
  const stacks: TrainedParameter[][] = [];
  const open = new Map<string, TrainedParameter[]>();
  for (const parameter of parameters) {
    const { initializer, dims, trained, gate, groups = [] } = parameter;
    const gated = gate !== undefined;
    const alone = !trained || groups.length > 0 || apart.has(initializer) || (gated && !gates);
    const key = `${dims.join('x')} ${gated ? 'gated' : ''}`;
    const stack = alone ? undefined : open.get(key);
    if (stack && (stack.length + 1) * sizeOf(dims) * 4 <= largestStack) {
      stack.push(parameter);
      continue;
    }
    const fresh = [parameter];
    stacks.push(fresh);
    if (!alone) open.set(key, fresh);
  }
  return stacks;
}

/** The name of a state tensor that holds those of several parameters; that of a single one is its own. */
export function stackName(members: readonly string[]): string {
  const [first = ''] = members;
  return members.length === 1 ? first : `${first} and ${members.length - 1} more`;
}
