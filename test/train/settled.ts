/** Settling, all changes at once: each tensor is there only until the next is asked for. */

import type { Tensor } from '../../src/onnx/graph/tensor.ts';
import * as settling from '../../src/train/freezeMasks.ts';

export function settle(...given: Parameters<typeof settling.freezeMasks>): Map<string, Tensor> {
  return new Map(Array.from(settling.freezeMasks(...given), ([name, tensor]) => [name, structuredClone(tensor)]));
}
