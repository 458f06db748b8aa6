/** `pinch import`: writes the ONNX model of a Hugging Face checkpoint. */

import { count } from '../base/format.ts';
import { checkpointFolder } from '../huggingface/keptModel.ts';
import { importModel } from '../huggingface/importModel.ts';
import { exitCodes, printResult } from './output.ts';
import { endProgress, showProgress } from './progress.ts';

export interface ImportFlags {
  readonly out: string;
  readonly json?: boolean;
}

export async function importCommand(path: string, { out, json = false }: ImportFlags): Promise<number> {
  const folder = (await checkpointFolder(path)) ?? path;
  try {
    const imported = await importModel(folder, out, {
      onProgress: (done, total) => showProgress({ label: 'Weights imported', done, total }),
    });
    endProgress();
    const { model, architecture, parameters } = imported;
    printResult(json, imported, `${model}: ${architecture}, ${count(parameters)} parameters\n`);
  } finally {
    endProgress();
  }
  return exitCodes.done;
}
