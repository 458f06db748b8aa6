/** What lives from step to step. */

import type { Tensor } from '../onnx/graph/tensor.ts';

/** Weights, moments and thresholds by the names of stateNames.ts. */
export type State = ReadonlyMap<string, Tensor>;
