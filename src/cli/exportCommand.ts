/** `pinch export`: writes a model in the form in which it is to be used. */

import { describeExport, exportModel } from '../train/exportModel.ts';
import { exitCodes, printResult, UsageError } from './output.ts';

export interface ExportFlags {
  readonly int8?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

export async function exportCommand(model: string, { int8 = false, out, json = false }: ExportFlags): Promise<number> {
  if (!int8) throw new UsageError('Say what to do to the model: --int8.');
  const exported = await exportModel(model, { int8, out });
  printResult(json, exported, describeExport(exported));
  return exitCodes.done;
}
