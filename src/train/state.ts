/** What lives from step to step. */

import type { Tensor } from '../onnx/tensor.ts';

/** Weights, moments and thresholds by the names of stateNames.ts. */
export type State = ReadonlyMap<string, Tensor>;
