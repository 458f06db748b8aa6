/** Settling, all changes at once: each tensor is there only until the next is asked for. */

import type { Tensor } from '../../src/onnx/graph/tensor.ts';
import * as settling from '../../src/train/settle.ts';

export function settle(...given: Parameters<typeof settling.settle>): Map<string, Tensor> {
  return new Map(Array.from(settling.settle(...given), ([name, tensor]) => [name, structuredClone(tensor)]));
}
