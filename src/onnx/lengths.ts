/** Finds out whether a model takes any number of utterances of any length, or was exported with one baked in. */

import { Builder } from './builder.ts';
import type { Value } from './value.ts';
import type { Model } from './graph.ts';
import { specialize } from './specialize.ts';

export interface AudioPorts {
  /** float32 [batch, samples]. */
  readonly audio: string;
  /** Integers or booleans [batch, samples]. */
  readonly mask?: { readonly name: string; readonly type: Value['type'] } | undefined;
  /** [batch, frames, symbols]. */
  readonly logits: string;
}

/**
 * Works out the logits' shape for two batch sizes and three lengths; nothing is run.
 * @param file how messages name the model.
 * @param sampleRate in Hz; the lengths tried are one, two and five seconds.
 * @throws Error with one sentence if the model can do only some of them, or if its frames do not follow its samples. A model that can do
 *   none of them has another fault, whose own error is thrown.
 */
export function checkLengths(model: Model, file: string, ports: AudioPorts, sampleRate: number): void {
  const trials = [1, 3].flatMap((batch) =>
    [1, 2, 5].map((seconds) => ({
      batch,
      samples: seconds * sampleRate,
      ...attempt(model, ports, batch, seconds * sampleRate),
    })),
  );
  const [failed] = trials.filter((trial) => trial.error !== undefined);
  if (failed && trials.every((trial) => trial.error !== undefined)) throw failed.error;
  if (failed) throw bakedIn(file, failed, failed.error instanceof Error ? failed.error.message : String(failed.error));
  for (const [i, trial] of trials.entries()) {
    const [batch = 0, frames = 0] = trial.dims;
    if (batch !== trial.batch) throw bakedIn(file, trial, `its logits are for ${batch}`);
    const before = trials[i - 1];
    if (before?.batch === trial.batch && frames <= (before.dims[1] ?? 0)) {
      throw bakedIn(file, trial, `it makes ${frames} frames of them and as many of ${before.samples}`);
    }
  }
}

interface Trial {
  readonly batch: number;
  readonly samples: number;
}

function bakedIn(file: string, { batch, samples }: Trial, reason: string): Error {
  return new Error(
    `${file}: the model was exported with one batch size or length baked in, export it again with both dynamic; ` +
      `for ${batch} utterances of ${samples} samples: ${reason}`,
  );
}

function attempt(
  model: Model,
  { audio, mask, logits }: AudioPorts,
  batch: number,
  samples: number,
): { readonly dims: readonly number[]; readonly error?: unknown } {
  const b = new Builder();
  const inputs = { [audio]: b.input(audio, 'float32', [batch, samples]) };
  if (mask) inputs[mask.name] = b.input(mask.name, mask.type, [batch, samples]);
  // No shape depends on a matrix of weights, so its elements need not be read.
  const matrices = [...model.graph.initializers].filter(([, { type, dims }]) => type === 'float32' && dims.length > 1);
  const parameters = new Map(matrices.map(([name, { type, dims }]) => [name, b.input(`weight/${name}`, type, dims)]));
  try {
    const outputs = specialize(model, b, { inputs, parameters, outputs: [logits] });
    return { dims: outputs.get(logits)?.dims ?? [] };
  } catch (error) {
    return { dims: [], error };
  }
}
