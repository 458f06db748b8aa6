/** Finds out whether a model takes any number of utterances of any length, or was exported with one baked in. */

import type { Model } from '../graph/graph.ts';
import { axesOf, batchFirst, type OutputAxes } from './outputAxes.ts';
import { ShapeProbe, type AudioPorts } from '../infer/shapeProbe.ts';

export type { AudioPorts } from '../infer/shapeProbe.ts';

/**
 * Works out the output's shape for two batch sizes and three lengths; nothing is run.
 * @param file how messages name the model.
 * @param sampleRate in Hz; the lengths tried are one, two and five seconds.
 * @param symbols of the vocabulary, if there is one.
 * @returns which axis of the output is which.
 * @throws Error with one sentence if the model can do only some of them, if its frames do not follow its samples, or if its output has not
 *   one axis for utterances, one for frames and one for symbols. A model that can do none of them has another fault, whose own error
 *   is thrown.
 */
export function checkLengths(
  model: Model,
  file: string,
  ports: AudioPorts,
  sampleRate: number,
  symbols?: number,
  probe = new ShapeProbe(model, ports),
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
  throw new Error(`${file}: ${unknownAxes(ports.logits, trials, symbols)}`);
}

/** What is said of an output that has not the axes that CTC needs. */
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
