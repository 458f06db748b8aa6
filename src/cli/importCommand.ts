/** `pinch import`: writes the ONNX model of a Hugging Face checkpoint. */

import { join } from 'node:path';
import { count } from '../base/format.ts';
import { refuseOriginal } from '../measure/export/refuseOriginal.ts';
import { checkpointFolder } from '../huggingface/keptModel.ts';
import { importModel } from '../huggingface/importModel.ts';
import { vocabularyOfFile } from '../huggingface/newHead.ts';
import { exitCodes, printResult } from './output.ts';
import { endProgress, showProgress } from './progress.ts';

export interface ImportFlags {
  readonly out: string;
  readonly language?: string;
  readonly vocab?: string;
  readonly json?: boolean;
}

export async function importCommand(
  path: string,
  { out, language, vocab, json = false }: ImportFlags,
): Promise<number> {
  const folder = (await checkpointFolder(path)) ?? path;
  await refuseOriginal(join(out, 'model.onnx'));
  const head = vocab === undefined ? undefined : { tokens: await vocabularyOfFile(vocab), seed: 0 };
  try {
    const imported = await importModel(folder, out, {
      language,
      head,
      onProgress: (done, total) => showProgress({ label: 'Weights imported', done, total }),
    });
    endProgress();
    const { model, architecture, parameters, newHead } = imported;
    const said = newHead ? ', with a new CTC head' : '';
    printResult(json, imported, `${model}: ${architecture}, ${count(parameters)} parameters${said}\n`);
  } finally {
    endProgress();
  }
  return exitCodes.done;
}
