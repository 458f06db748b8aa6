/** `pinch export`: writes a model without its pruned parts, or with 8-bit weights. */

import { describeExport, exportModel } from '../measure/export/exportModel.ts';
import { exitCodes, printResult, UsageError } from './output.ts';
import { showProgress } from './progress.ts';

export interface ExportFlags {
  readonly shrink?: boolean;
  readonly int8?: boolean;
  readonly out?: string;
  readonly compressed?: boolean;
  readonly json?: boolean;
}

export async function exportCommand(model: string, flags: ExportFlags): Promise<number> {
  const { shrink = false, int8 = false, out, compressed = false, json = false } = flags;
  if (!shrink && !int8) throw new UsageError('Choose the form of the model: --shrink, --int8 or both.');
  const exported = await exportModel(model, {
    shrink,
    int8,
    out,
    compressed,
    onProgress: (label, done, total) => showProgress({ label, done, total }),
  });
  printResult(json, exported, describeExport(exported));
  return exitCodes.done;
}
