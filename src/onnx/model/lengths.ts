/** Finds out whether a model takes any number of utterances of any length, or has fixed sizes from its export. */

import type { Model } from '../graph/graph.ts';
import { axesOf, batchFirst, type OutputAxes } from './outputAxes.ts';
import { ShapeProbe, type AudioIO } from '../infer/shapeProbe.ts';

export type { AudioIO } from '../infer/shapeProbe.ts';

/**
 * Computes the output's shape for two batch sizes and three lengths, without running the model.
 * @param file the model's name in messages.
 * @param sampleRate in Hz; the lengths tried are one, two and five seconds.
 * @param symbols of the vocabulary, if there is one.
 * @returns the order of the output's axes.
 * @throws Error with one sentence if the model takes only some of the sizes, if its frames do not follow its samples, or if its output does
 *   not have one axis each for utterances, frames and symbols. If the model takes none of the sizes, it has another fault, whose own error
 *   is thrown.
 */
export function checkLengths(
  model: Model,
  file: string,
  io: AudioIO,
  sampleRate: number,
  symbols?: number,
  probe = new ShapeProbe(model, io),
): OutputAxes {
  const trials = [1, 3].flatMap((batch) =>
    [1, 2, 5].map((seconds) => ({
      batch,
      samples: seconds * sampleRate,
      ...attempt(probe, batch, seconds * sampleRate),
    })),
  );
  const [failed] = trials.filter((trial) => trial.error !== undefined);
  if (failed && trials.every((trial) => trial.error !== undefined)) throw failed.error;
  if (failed) throw bakedIn(file, failed, failed.error instanceof Error ? failed.error.message : String(failed.error));
  const axes = axesOf(trials, symbols);
  if (axes) return axes;
  for (const [i, trial] of trials.entries()) {
    if (trial.dims.length !== 3) continue;
    const [batch = 0, frames = 0] = trial.dims;
    if (batch !== trial.batch) throw bakedIn(file, trial, `its logits are for ${batch}`);
    const before = trials[i - 1];
    if (before?.batch === trial.batch && frames <= (before.dims[batchFirst.frames] ?? 0)) {
      throw bakedIn(file, trial, `it makes ${frames} frames of them and as many of ${before.samples}`);
    }
  }
  throw new Error(`${file}: ${unknownAxes(io.logits, trials, symbols)}`);
}

/** The message about an output without the axes that CTC needs. */
export function unknownAxes(
  output: string,
  trials: readonly { readonly batch: number; readonly samples: number; readonly dims: readonly number[] }[],
  symbols?: number,
): string {
  const shapes = trials.map(
    ({ batch, samples, dims }) =>
      `[${dims.join(', ')}] for ${batch} utterance${batch === 1 ? '' : 's'} of ${samples} samples`,
  );
  const wanted = symbols === undefined ? 'symbols' : `${symbols} or more symbols`;
  return `its output "${output}" is ${[shapes[0], shapes.at(-1)].join(' and ')}; Pinch needs one axis for utterances, one for frames and one for ${wanted}.`;
}

function bakedIn(
  file: string,
  { batch, samples }: { readonly batch: number; readonly samples: number },
  reason: string,
): Error {
  return new Error(
    `${file}: the model was exported with one batch size or length baked in, export it again with both dynamic; ` +
      `for ${batch} utterances of ${samples} samples: ${reason}`,
  );
}

function attempt(
  probe: ShapeProbe,
  batch: number,
  samples: number,
): { readonly dims: readonly number[]; readonly error?: unknown } {
  try {
    return { dims: probe.dims(batch, samples) };
  } catch (error) {
    return { dims: [], error };
  }
}
