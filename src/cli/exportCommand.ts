/** `pinch export`: writes a model without its pruned parts, with 8-bit weights, or for another program. */

import type { ExportTarget } from '../protocol/results/export.ts';
import { describeExport, exportModel } from '../measure/export/exportModel.ts';
import { checkpointFolder } from '../huggingface/keptModel.ts';
import { modelPath } from './modelPath.ts';
import { exitCodes, printResult, UsageError } from './output.ts';
import { tooLarge, wantedSize, type SizeFlags } from './exportSize.ts';
import { showProgress } from './progress.ts';

export interface ExportFlags extends SizeFlags {
  readonly to?: ExportTarget;
  readonly shrink?: boolean;
  readonly int8?: boolean;
  readonly out?: string;
  readonly compressed?: boolean;
  readonly json?: boolean;
}

export async function exportCommand(model: string, flags: ExportFlags): Promise<number> {
  const { to, out, compressed = false, json = false } = flags;
  const path = await modelPath(model);
  const wanted = await wantedSize(path, flags);
  const int8 = flags.int8 ?? wanted?.int8 ?? false;
  const shrink = flags.shrink ?? wanted !== undefined;
  if (to === undefined && !shrink && !int8) {
    throw new UsageError('Say what to do to the model: --shrink, --int8, --size, or --to with where it is to be used.');
  }
  if (to === 'huggingface' && int8) {
    throw new UsageError('A Hugging Face checkpoint has float32 weights: leave out --int8, or write --to onnx.');
  }
  const exported = await exportModel(path, {
    // Not beside the ONNX model that was made of a checkpoint, in .pinch.
    place: await checkpointFolder(model),
    for: to,
    shrink,
    int8,
    out,
    compressed,
    onProgress: (label, done, total) => showProgress({ label, done, total }),
  });
  const problem = wanted && tooLarge(exported, wanted);
  printResult(json, exported, describeExport(exported));
  if (problem !== undefined) process.stderr.write(`${problem}\n`);
  return problem === undefined ? exitCodes.done : exitCodes.failed;
}
