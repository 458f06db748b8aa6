/** Features of several utterances as one batch. */

import { float32, sizeOf, type Tensor } from '../../onnx/tensor.ts';
import type { FeatureCut } from './cut.ts';

/**
 * Zeros stand behind each utterance's frames, and in rows that hold none. The frozen part of the model has not seen them: alone,
 * an utterance has no padding.
 * @param utterances each [frames, channels] or [channels, frames], as the cut says.
 * @param dims [rows, frames, channels] or [rows, channels, frames].
 */
export function paddedFeatures(
  utterances: readonly Float32Array[],
  { axis, channels }: Pick<FeatureCut, 'axis' | 'channels'>,
  dims: readonly number[],
): Tensor {
  const batch = new Float32Array(sizeOf(dims));
  const row = sizeOf(dims.slice(1));
  const frames = dims[axis] ?? 0;
  for (const [index, features] of utterances.entries()) {
    // With frames first an utterance is one piece, with channels first a piece for each channel.
    const pieces = axis === 1 ? 1 : channels;
    const [own, whole] = [features.length / pieces, row / pieces];
    const most = axis === 1 ? frames * channels : frames;
    for (let piece = 0; piece < pieces; piece++) {
      const part = features.subarray(piece * own, piece * own + Math.min(own, most));
      batch.set(part, index * row + piece * whole);
    }
  }
  return float32(batch, dims);
}
