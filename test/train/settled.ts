/** Settling, all changes at once, beside the state that they are of. */

import { float32, type Tensor } from '../../src/onnx/graph/tensor.ts';
import * as settling from '../../src/train/freezeMasks.ts';

export function settle(...given: Parameters<typeof settling.freezeMasks>): Map<string, Tensor> {
  const [, state] = given;
  return new Map(
    Array.from(settling.freezeMasks(...given)).flatMap(({ names, write }) => {
      const tensors = names.map((name) => state.get(name)!);
      const written = tensors.map(({ data, dims }) => float32(new Float32Array(data.length), dims));
      write(written.map(({ data }) => data as Float32Array));
      return names.map((name, i) => [name, written[i]!] as const);
    }),
  );
}
