/** The weights of a Hugging Face checkpoint, by name, read one by one. */

import type { DataType } from '../../onnx/graph/tensor.ts';

/** One tensor of a checkpoint, not yet read. */
export interface CheckpointTensor {
  /** As the file names it. */
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: DataType;
  /** Its elements as 32-bit floats, in memory of the caller's own. @throws if the file is damaged or has ended early. */
  readFloat32(): Promise<Float32Array>;
}

export interface Checkpoint {
  /** The files of the weights: their checksum is the checkpoint's. */
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  close(): Promise<void>;
}
