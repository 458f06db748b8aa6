/** Which steps the texts go through that a model is evaluated on. */

import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { autoSteps, textStepsOf, type TextSetting, type TextStep } from '../../protocol/textSteps.ts';
import { settingsOfRun } from '../model/storedParameters.ts';

/**
 * The steps that were asked for; else those of the run that made the first of these models that is a checkpoint; else those of "auto".
 * @param models their folders or ONNX files. Models that are compared must have the same references.
 */
export async function stepsFor(
  setting: TextSetting | undefined,
  models: readonly (string | undefined)[],
): Promise<readonly TextStep[]> {
  if (setting !== undefined) return textStepsOf(setting);
  for (const model of models) {
    if (model === undefined) continue;
    const run = await settingsOfRun(await folderOf(resolve(model)));
    if (run) return textStepsOf(run.text);
  }
  return autoSteps;
}

async function folderOf(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
  return isFolder ? path : dirname(path);
}
