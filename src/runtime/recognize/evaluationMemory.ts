/** Estimates the memory for recognising a set of recordings. */

import { stat } from 'node:fs/promises';
import type { ModelFile } from '../../onnx/file/load.ts';
import { modelFiles } from '../../onnx/folder/modelFiles.ts';
import type { RecognitionPlan } from './recognitionPlan.ts';

/** onnxruntime holds a model's weights, and some again in the order of its matrix products. */
const heldTwice = 2;
/** Copies of a recording that exist at once: the file's samples, those at the model's rate, the normalised ones, and those in transfer. */
const copiesOfAudio = 4;
/** Number of recordings whose audio is read ahead; see recognizeAll. */
const readAhead = 10;
/** Bytes of session, decoder and texts. */
const own = 100e6;

/** @param longest of the recordings, in samples. @returns bytes in addition to those that the process holds already. */
export async function evaluationMemory(
  model: ModelFile,
  plan: RecognitionPlan,
  {
    longest,
    utterances,
    batch = 1,
  }: { readonly longest: number; readonly utterances: number; readonly batch?: number },
): Promise<number> {
  let weights = 0;
  for (const path of modelFiles(model)) weights += (await stat(path)).size;
  const audio = 4 * longest * (Math.min(utterances, readAhead) + copiesOfAudio);
  return own + heldTwice * weights + audio + (plan.bytes(batch, longest) ?? 0);
}
