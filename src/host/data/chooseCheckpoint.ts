/** The ONNX files that a command works on: the clicked ones, or one picked from a list. */

import { byteSize } from '../../base/format.ts';
import { QuickPickItemKind, Uri, window, workspace, type QuickPickItem } from 'vscode';
import { findModel } from '../../onnx/folder/findModel.ts';
import { describeCheckpoint } from '../../runs/describe.ts';
import { findModels } from './findModels.ts';
import { titleOf } from './modelNames.ts';
import { checkpointModel } from '../runs/runStore.ts';
import type { Services } from '../services.ts';

interface Choice extends QuickPickItem {
  /** Absent for headings and for the line that opens the file dialog. */
  readonly model?: string;
}

export interface CheckpointQuestion {
  readonly title: string;
  readonly placeholder: string;
  /** Offers only the checkpoints of this run. */
  readonly run?: string | undefined;
  /** A model that is not offered. */
  readonly without?: string | undefined;
}

/**
 * The ONNX files that a command was given: files of the explorer, checkpoints of the Runs view.
 * @param target the clicked item. @param all the whole selection, if there is more than one item.
 * @throws OnnxFileError if a folder holds no model.
 */
export async function modelsOf(target: unknown, all: unknown): Promise<string[]> {
  const given: readonly unknown[] = Array.isArray(all) && all.length > 1 ? all : [target];
  const models = await Promise.all(given.map(modelOf));
  return models.filter((model) => model !== undefined);
}

/** The run that a command was given; undefined without one. */
export function runOf(target: unknown): string | undefined {
  const { kind, folder } = fieldsOf(target);
  return kind === 'run' && typeof folder === 'string' ? folder : undefined;
}

/** Asks for a checkpoint of any run, newest first, or another model of the workspace. Undefined if the user cancelled. */
export async function chooseCheckpoint(
  services: Services,
  { title, placeholder, run, without }: CheckpointQuestion,
): Promise<string | undefined> {
  const browse: Choice = { label: '$(file) Browse for an ONNX File…', alwaysShow: true };
  const listed = async (): Promise<Choice[]> => {
    const checkpoints = await checkpointChoices(services, run);
    const models = run === undefined ? await modelChoices() : [];
    return [...checkpoints, ...models, heading('elsewhere'), browse].filter(
      ({ model }) => model === undefined || model !== without,
    );
  };
  const choice = await window.showQuickPick(listed(), {
    title,
    placeHolder: placeholder,
    matchOnDescription: true,
    matchOnDetail: true,
    // A page takes the focus back when the palette closes. That would close the list at once.
    ignoreFocusOut: true,
  });
  if (choice?.model !== undefined) return choice.model;
  if (choice?.label !== browse.label) return undefined;
  const [file] =
    (await window.showOpenDialog({ title, filters: { 'ONNX models': ['onnx'] }, openLabel: 'Choose' })) ?? [];
  return file?.scheme === 'file' ? file.fsPath : undefined;
}

async function modelOf(target: unknown): Promise<string | undefined> {
  if (target instanceof Uri) return target.scheme === 'file' ? findModel(target.fsPath) : undefined;
  const { kind, model } = fieldsOf(target);
  return kind === 'checkpoint' && typeof model === 'string' ? model : undefined;
}

function fieldsOf(target: unknown): Readonly<Record<string, unknown>> {
  return typeof target === 'object' && target !== null ? (target as Record<string, unknown>) : {};
}

async function checkpointChoices({ runs }: Services, only: string | undefined): Promise<Choice[]> {
  await runs.refresh();
  const choices: Choice[] = [];
  for (const { folder, name } of runs.runs) {
    if (only !== undefined && folder !== only) continue;
    // One after the other: each reads a metrics file, which can be large.
    const run = await runs.follow(folder).catch(() => undefined);
    if (run === undefined) continue;
    await run.follower.refresh();
    const { checkpoints, evaluations, end } = run.follower.snapshot;
    run.close();
    if (checkpoints.length > 0) choices.push(heading(name));
    for (const record of checkpoints.toReversed()) {
      const evaluation = evaluations.findLast(({ step }) => step === record.step);
      choices.push({
        label: `$(package) ${name}, step ${record.step}`,
        description: describeCheckpoint(record, evaluation, end?.best?.step === record.step),
        model: checkpointModel(folder, record.path),
      });
    }
  }
  return choices;
}

async function modelChoices(): Promise<Choice[]> {
  const models = await findModels();
  const choices = models.map(({ file, bytes }) => ({
    label: `$(file) ${titleOf(file)}`,
    description: byteSize(bytes),
    detail: workspace.asRelativePath(file),
    model: file,
  }));
  return choices.length > 0 ? [heading('models of this workspace'), ...choices] : [];
}

function heading(label: string): Choice {
  return { label, kind: QuickPickItemKind.Separator };
}
