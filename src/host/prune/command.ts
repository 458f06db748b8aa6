/** The command Prune Model: asks for model, data, method and target, shows the engine's estimate, and starts the run. */

import { commands, ProgressLocation, Uri, window, workspace } from 'vscode';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';
import { walkSteps } from '../steps/walkSteps.ts';
import { parsePruneArguments, type PruneArguments } from './arguments.ts';
import { suggestedBy, type PruneChoices, type Suggested } from './config.ts';
import { complete, type Draft } from './draft.ts';
import { createEngine, type Engine } from './engine.ts';
import { dataSteps, modelStep } from './fileSteps.ts';
import { remembered } from './remembered.ts';
import { collectSettings } from './settingsLayers.ts';
import { startStep } from './startStep.ts';
import { deviceStep, granularityStep, targetStep } from './targetSteps.ts';

/**
 * @param target the ONNX file or model folder that was right-clicked, or the arguments of a call by a program or a keybinding.
 * @returns the run folder; undefined if no run was started.
 * @throws Error if the arguments are wrong, or the engine cannot start.
 */
export async function pruneModel(services: Services, target?: unknown): Promise<string | undefined> {
  const given = argumentsOf(target);
  if (!requireTrust('Prune Model')) return undefined;
  const [first] = workspace.workspaceFolders?.filter(({ uri }) => uri.scheme === 'file') ?? [];
  if (first === undefined) return offerFolder();
  const folderOf = (model: string): Uri => workspace.getWorkspaceFolder(Uri.file(model))?.uri ?? first.uri;
  const engine = createEngine(services, folderOf, given.settings);
  const suggest = (model: string | undefined): Promise<Suggested> =>
    suggestionFor(model, model === undefined ? first.uri : folderOf(model), given);

  const last = remembered(services.context.workspaceState);
  const model = given.model ?? last?.model;
  const isOther = model !== last?.model;
  const suggested = await suggest(model);
  const draft: Draft = { ...suggested, ...last, ...(isOther ? suggested : {}), ...chosenIn(given) };
  if (given.start === true) return start(services, engine, complete(draft));

  const steps = [
    ...(given.model === undefined ? [modelStep(suggest)] : []),
    ...dataSteps(),
    granularityStep,
    targetStep,
    deviceStep,
    startStep(services, engine),
  ];
  const isComplete = draft.model !== undefined && draft.train !== undefined;
  const from = given.confirm === true && isComplete ? 'start' : undefined;
  const chosen = await walkSteps('Prune Model', steps, draft, from);
  return chosen && start(services, engine, complete(chosen));
}

async function start(services: Services, engine: Engine, choices: PruneChoices): Promise<string> {
  const run = await window.withProgress({ location: ProgressLocation.Window, title: 'Starting the run…' }, () =>
    engine.start(choices),
  );
  await services.runs.refresh();
  await services.runs.show({ kind: 'run', folder: run });
  await commands.executeCommand('pinch.heatmap.focus');
  return run;
}

/** A view's button passes an object of its own, and the explorer a Uri. */
function argumentsOf(target: unknown): PruneArguments {
  if (target instanceof Uri) return { model: target.fsPath };
  const names = ['model', 'start', 'train', 'settings'];
  const isOurs = typeof target === 'object' && target !== null && !('kind' in target);
  return isOurs && names.some((name) => name in target) ? parsePruneArguments(target) : {};
}

async function suggestionFor(model: string | undefined, scope: Uri, given: PruneArguments): Promise<Suggested> {
  try {
    return suggestedBy((await collectSettings(model, scope, given.settings)).layers);
  } catch {
    // The engine reports errors in the settings when it is asked.
    return suggestedBy([]);
  }
}

/** The choices that the call has made. The others stay open. */
function chosenIn({ model, train, dev, method, granularity, target, device }: PruneArguments): Partial<PruneChoices> {
  return {
    ...(model === undefined ? {} : { model }),
    ...(train === undefined ? {} : { train }),
    ...(dev === undefined ? {} : { dev }),
    ...(method === undefined ? {} : { method }),
    ...(granularity === undefined ? {} : { granularity }),
    ...(target === undefined ? {} : { target }),
    ...(device === undefined ? {} : { device }),
  };
}

async function offerFolder(): Promise<undefined> {
  const open = 'Open Folder';
  const sample = 'Open Sample';
  const message = 'Open a folder with a speech model first: runs are kept in it.';
  const picked = await window.showInformationMessage(message, open, sample);
  if (picked === open) await commands.executeCommand('workbench.action.files.openFolder');
  if (picked === sample) await commands.executeCommand('pinch.openSample');
  return undefined;
}
