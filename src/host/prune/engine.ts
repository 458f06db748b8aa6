/** Asks the engine for its estimate of a run, and starts runs. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Uri } from 'vscode';
import { writeAtomically } from '../../base/atomicFile.ts';
import { detachedRun, dryRun, type DryRun } from '../../protocol/results/prune.ts';
import { readPrinted } from '../engine/printed.ts';
import type { Busy } from '../steps/quickSteps.ts';
import type { Services } from '../services.ts';
import { pruneConfig, type PruneChoices } from './config.ts';
import { collectSettings } from './settingsLayers.ts';

export interface Prepared {
  readonly dryRun: DryRun;
  /** The settings file beside the model, if there is one. */
  readonly besideModel: string | undefined;
}

export interface Engine {
  /** @throws Error about the settings, the model, the data or the device; CommandCancelled */
  readonly prepare: (choices: PruneChoices, busy: Busy) => Promise<Prepared>;
  /** Starts a trainer that keeps running when the editor is closed. @returns the run folder. @throws Error */
  readonly start: (choices: PruneChoices) => Promise<string>;
}

/**
 * @param folderOf the workspace folder of a model's runs.
 * @param settings further settings, which override all others but the choices.
 */
export function createEngine(
  { pinch, context }: Pick<Services, 'pinch' | 'context'>,
  folderOf: (model: string) => Uri,
  settings: object | undefined,
): Engine {
  const configure = async (
    choices: PruneChoices,
  ): Promise<{ file: string; cwd: string; besideModel: string | undefined }> => {
    const folder = folderOf(choices.model);
    const { layers, besideModel } = await collectSettings(choices.model, folder, settings);
    const file = await writeConfig(context.storageUri ?? context.globalStorageUri, pruneConfig(layers, choices));
    return { file, cwd: folder.fsPath, besideModel };
  };
  return {
    async prepare(choices, { signal, say }) {
      const { file, cwd, besideModel } = await configure(choices);
      const { cost } = choices;
      const asked = cost ? [`--target-${cost.kind}`, cost.text] : [];
      const printed = await pinch.run(['prune', '--config', file, '--dry-run', ...asked], {
        cwd,
        signal,
        onProgress: ({ label, done, total }) => say(total > 0 ? `${label}: ${done} of ${total}` : label),
      });
      return { dryRun: readPrinted(dryRun, printed, 'prune --dry-run'), besideModel };
    },
    async start(choices) {
      const { file, cwd } = await configure(choices);
      // The engine chooses the folder, below .pinch/runs of its working folder.
      const printed = await pinch.run(['prune', '--config', file, '--detach', '--no-wait'], { cwd });
      return readPrinted(detachedRun, printed, 'prune --detach').run;
    },
  };
}

async function writeConfig(storage: Uri, config: object): Promise<string> {
  await mkdir(storage.fsPath, { recursive: true });
  const file = join(storage.fsPath, 'prune.json');
  await writeAtomically(file, [Buffer.from(`${JSON.stringify(config, null, 2)}\n`)]);
  return file;
}
