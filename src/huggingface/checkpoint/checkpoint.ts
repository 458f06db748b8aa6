/** What a Hugging Face checkpoint is to those who read it, whichever files it is in. */

import type { DataType } from '../../onnx/graph/tensor.ts';

/** One tensor of a checkpoint, not yet read. */
export interface CheckpointTensor {
  /** As the file has it. */
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: DataType;
  /**
   * The elements, row-major, as float32, piece by piece: 16-bit floats exactly, float64 rounded. Each call reads them anew.
   * @param transposed of a matrix: the elements of its transpose.
   * @throws WeightFileError if they are no floats, or if the file has become shorter.
   */
  float32Pieces(transposed?: boolean): AsyncIterable<Float32Array<ArrayBuffer>>;
}

/** Weight files that are open: one, or the several that an index names. */
export interface Checkpoint {
  /** The weight files, the index included: what a checksum of the checkpoint covers. */
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  close(): Promise<void>;
}
