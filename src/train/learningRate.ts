/** The learning rate of a run that names none, by the width of its model. */

import type { TrainedParameter } from '../state/parameter.ts';

/** For a transformer 144 wide: the best of those tried (bench/README.md). */
const measured = { width: 144, learningRate: 5e-4 } as const;

/**
 * Falls with the width (ours; the inverse proportion is that of Yang et al., Tensor Programs V, 2022, for AdamW and hidden matrices).
 * 9.4e-5 for a wav2vec 2.0 of 768 and 7.0e-5 for one of 1024, which is what they are usually fine-tuned with.
 * @param parameters of the model; its width is the median of the smaller dimension of the gated matrices, or of all if none is gated.
 */
export function learningRateFor(parameters: readonly Pick<TrainedParameter, 'dims' | 'gate'>[]): number {
  const gated = parameters.filter(({ gate }) => gate !== undefined);
  const matrices = (gated.length > 0 ? gated : parameters).filter(({ dims }) => dims.length === 2);
  const widths = matrices.map(({ dims }) => Math.min(...dims)).sort((a, b) => a - b);
  const width = widths[Math.floor(widths.length / 2)] ?? measured.width;
  return (measured.learningRate * measured.width) / width;
}
