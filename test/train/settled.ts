/** Settling, all changes at once, beside the state that they are of. */

import { float32, type Tensor } from '../../src/onnx/graph/tensor.ts';
import * as settling from '../../src/train/freezeMasks.ts';

export function settle(...given: Parameters<typeof settling.freezeMasks>): Map<string, Tensor> {
  const [, state] = given;
  return new Map(
    Array.from(settling.freezeMasks(...given), ([name, change]) => {
      if (typeof change !== 'function') return [name, structuredClone(change)];
      const { dims, data } = state.get(name)!;
      const into = new Float32Array(data.length);
      change(into);
      return [name, float32(into, dims)];
    }),
  );
}
