/** Writes a model as a Hugging Face checkpoint, reads that again, and runs it beside the model that it came from. */

import { mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { counted as countedThings } from '../../base/format.ts';
import { makeFolder } from '../../base/makeFolder.ts';
import { importModel } from '../../huggingface/importModel.ts';
import { writeCheckpoint, type WrittenCheckpoint } from '../../huggingface/stateDict/writeCheckpoint.ts';
import { loadModel, type ModelFile } from '../../onnx/file/load.ts';
import { dequantizeModel } from '../../onnx/quantize/dequantize.ts';
import type { CountedModel } from '../../protocol/results/model.ts';
import type { GzipOptions } from '../cost/gzippedSize.ts';
import { countModel } from '../cost/modelCost.ts';
import { storedParameters } from '../model/storedParameters.ts';
import { sourceOutput } from './sourceOutput.ts';
import { compareModels, toleranceFor } from './verifiedWrite.ts';

/** See the tolerances of verifiedWrite.ts: the graph that is written for the checkpoint rounds otherwise. */
const leastTolerance = 1e-4;

export interface HuggingfaceFolder {
  /** What was counted in the checkpoint; its `model` is model.safetensors. */
  readonly counted: CountedModel;
  readonly notes: readonly string[];
}

/**
 * @param source the model as it was given, to compare with.
 * @param file what is made of it.
 * @throws OnnxFileError in one sentence if the model is of no architecture that Pinch writes, or if the checkpoint computes something else;
 *   then nothing is written to `folder`.
 */
export async function writeHuggingface(
  source: ModelFile,
  file: ModelFile,
  folder: string,
  gzip: GzipOptions,
): Promise<HuggingfaceFolder> {
  const { gone } = await storedParameters(file);
  const { file: float, types } = dequantizeModel(file);
  await makeFolder(dirname(folder));
  const staging = await mkdtemp(join(dirname(folder), '.export-'));
  try {
    const staged = join(staging, 'checkpoint');
    const written = await writeCheckpoint(float, staged, new Set(gone.map(({ name }) => name)));
    const { model } = await importModel(staged, join(staging, 'onnx'));
    const again = await loadModel(model);
    const tolerance = Math.max(leastTolerance, toleranceFor(source, { int8: types.size > 0 }));
    // The checkpoint has logits, whatever the source makes of them.
    const output = await sourceOutput(source);
    await compareModels(source, { file: again, path: model }, folder, { tolerance, ...output });
    const { size } = await stat(written.weights);
    const counted = { ...(await countModel(again, gzip)), model: join(folder, basename(written.weights)), bytes: size };
    await makeFolder(folder);
    // The weights come last: where they are, the checkpoint is whole.
    for (const name of (await readdir(staged)).sort()) await rename(join(staged, name), join(folder, name));
    return { counted, notes: notesOn(written) };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function notesOn({ changed, padded, absent }: WrittenCheckpoint): string[] {
  return [
    ...changed.map(
      ({ field, from, to }) =>
        `config.json says ${String(to)} for "${field}", where it was ${String(from)} before pruning.`,
    ),
    ...(padded.length + absent.length === 0
      ? []
      : [
          `${countedThings(padded.length + absent.length, 'tensor is', 'tensors are')} filled up with zeros where units and heads were taken out, because config.json has one size for all layers.`,
        ]),
  ];
}
