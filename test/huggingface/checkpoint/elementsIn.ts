/** A checkpoint's tensor as a whole. */

import type { CheckpointTensor } from '../../../src/huggingface/checkpoint/checkpoint.ts';

/** All pieces, joined. */
export async function elementsIn(
  tensor: Pick<CheckpointTensor, 'float32Pieces'>,
  transposed?: boolean,
): Promise<Float32Array<ArrayBuffer>> {
  const pieces: Float32Array[] = [];
  for await (const piece of tensor.float32Pieces(transposed)) pieces.push(piece);
  const joined = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const piece of pieces) {
    joined.set(piece, end);
    end += piece.length;
  }
  return joined;
}
