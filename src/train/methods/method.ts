/** A way to prune: what a run of it begins from, what it wants at each step, and how its masks are frozen. */

import type { Tensor } from '../../onnx/graph/tensor.ts';
import type { GateMode, TrainedParameter } from '../../state/parameter.ts';
import type { Layout } from '../../state/layout.ts';
import type { State } from '../../state/state.ts';
import type { StateChange } from '../../state/pruned.ts';

export interface Method {
  /** How the gates are before the first step. */
  readonly begins: GateMode;
  /**
   * The state before the first step.
   * @param weights the model's own, by initializer; they may become the state's.
   */
  readonly begin: (
    parameters: readonly TrainedParameter[],
    weights: ReadonlyMap<string, Tensor>,
  ) => Map<string, Tensor>;
  /** The sparsity wanted at a step (from 0) of `steps`. */
  readonly target: (step: number, steps: number) => number;
  /** If set, gates that learn choose among numbers of channels; if not, they learn thresholds. */
  readonly search?: ChannelSearch;
  /** How masks that learn are frozen; without it they stay as they begin. */
  readonly freezing?: MaskFreezing;
}

export interface ChannelSearch {
  /** How many each layer has. */
  readonly candidates: number;
  /** The learning rate of what the search learns of its candidates. */
  readonly learningRate: number;
  /** The Gumbel-softmax's temperature at a step (from 0) of `steps`. */
  readonly temperature: (step: number, steps: number) => number;
}

export interface MaskFreezing {
  /** The first step (from 0) with frozen masks; `steps` if they are never frozen. */
  readonly from: (steps: number) => number;
  /** What changes of a state then: weights that stay zero from there on, and their moments. */
  readonly freeze: (layout: Pick<Layout, 'parameters' | 'removed'>, state: State) => Iterable<StateChange>;
  /** Said then. */
  readonly sentence: string;
}
