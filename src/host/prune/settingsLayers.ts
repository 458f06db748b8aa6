/** Collects the settings of a run that are stored beside the model and in the editor. */

import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { workspace, type Uri } from 'vscode';
import { reasonOf } from '../../base/errors.ts';
import { readSmallFile } from '../../base/smallFile.ts';
import { namedSettings, type SettingsLayer } from './config.ts';

export interface CollectedSettings {
  /** The weakest first: beside the model, in the editor, in the call. */
  readonly layers: readonly SettingsLayer[];
  /** The file beside the model, if there is one. */
  readonly besideModel: string | undefined;
}

/** Name of a file beside the model with settings in the form of `--config`. */
const fileName = 'prune.json';
const largestFile = 1 << 20;

/**
 * @param scope the workspace folder whose settings count.
 * @param given with the call of the command.
 * @throws Error naming the file beside the model if it cannot be used.
 */
export async function collectSettings(
  model: string | undefined,
  scope: Uri,
  given: object | undefined,
): Promise<CollectedSettings> {
  const beside = model === undefined ? undefined : await readBeside(model);
  return {
    layers: [
      ...(beside === undefined ? [] : [beside]),
      ...editorSettings(scope),
      ...(given === undefined ? [] : [{ from: 'pinch.pruneModel: "settings"', settings: given }]),
    ],
    besideModel: beside?.from,
  };
}

async function readBeside(model: string): Promise<SettingsLayer | undefined> {
  const isFolder = await stat(model).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const file = join(isFolder ? model : dirname(model), fileName);
  let text: string;
  try {
    text = await readSmallFile(file, largestFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${file}: the settings beside the model cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
  try {
    return { from: file, settings: JSON.parse(text) as unknown };
  } catch (error) {
    throw new Error(`${file}: this is not JSON: ${reasonOf(error)}. Correct it or remove it.`, { cause: error });
  }
}

/** Only the settings that the user has set: the editor's defaults equal the engine's, and must not override the model's. */
function editorSettings(scope: Uri): SettingsLayer[] {
  const configuration = workspace.getConfiguration('pinch.prune', scope);
  const named = Object.entries(namedSettings).flatMap(([name, settingsOf]): SettingsLayer[] => {
    const found = configuration.inspect<unknown>(name);
    const value = found?.workspaceFolderValue ?? found?.workspaceValue ?? found?.globalValue;
    return value === undefined ? [] : [{ from: `pinch.prune.${name}`, settings: settingsOf(value) }];
  });
  return [...named, { from: 'pinch.prune.settings', settings: configuration.get<unknown>('settings', {}) }];
}
