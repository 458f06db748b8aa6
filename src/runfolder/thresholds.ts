/** Reads the thresholds of a checkpoint, without the rest of what it takes to train on. */

import { join } from 'node:path';
import { tensorsFile } from './checkpoint.ts';
import { stateNames } from '../state/stateNames.ts';
import { readSafetensors, SafetensorsError } from '../onnx/file/safetensors.ts';

/** A weight w counts where w² ≥ (value · scale)²; the gates of the training graph compare exactly these (prune/gates.ts). */
export interface Threshold {
  /** In units of `scale`, not negative, as in metrics.jsonl. */
  readonly value: number;
  /** The root-mean-square of the layer's weights before training: σ in method.md. */
  readonly scale: number;
}

/**
 * The thresholds of a checkpoint's gated layers, in their order.
 * @param folder of the checkpoint itself.
 * @returns undefined if they are not there, or not of `gates` layers: the model stands by itself, or there are no gates.
 */
export async function readThresholds(folder: string, gates: number): Promise<Threshold[] | undefined> {
  const names: readonly string[] = [stateNames.thresholds, stateNames.rms];
  try {
    const { tensors } = await readSafetensors(join(folder, tensorsFile), (name) => names.includes(name));
    const [values, scales] = names.map((name) => tensors.get(name)?.data);
    if (!(values instanceof Float32Array && scales instanceof Float32Array)) return undefined;
    if (values.length !== gates || scales.length !== gates) return undefined;
    return Array.from(values, (value, gate) => ({ value: Math.abs(value), scale: scales[gate] ?? 0 }));
  } catch (error) {
    if (error instanceof SafetensorsError) return undefined;
    throw error;
  }
}
