/** `pinch export`: writes a model in the form in which it is to be used. */

import { describeExport, exportModel } from '../measure/export/exportModel.ts';
import { modelPath } from './modelPath.ts';
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
  if (!shrink && !int8) throw new UsageError('Say what to do to the model: --shrink, --int8 or both.');
  const exported = await exportModel(await modelPath(model), {
    shrink,
    int8,
    out,
    compressed,
    onProgress: (label, done, total) => showProgress({ label, done, total }),
  });
  printResult(json, exported, describeExport(exported));
  return exitCodes.done;
}
