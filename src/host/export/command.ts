/** The command Export Model: writes a model in another form, or for another program, into a folder beside its own. */

import { commands, Uri, window, workspace, type QuickPickItem } from 'vscode';
import { exportedModel, exportTargets, type ExportedModel } from '../../protocol/results/export.ts';
import { chooseCheckpoint, modelsOf, runOf } from '../data/chooseCheckpoint.ts';
import { titleOf } from '../data/modelNames.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';
import { readPrinted } from '../engine/printed.ts';
import { runWithProgress } from '../engine/withProgress.ts';
import { describeExported, exportForms, writtenPath, type ExportForm } from './forms.ts';

const title = 'Export Model';

/**
 * @param target the Uri of an ONNX file or of a checkpoint's weights, or a checkpoint or run of the Runs view; undefined asks. Its fields `to`, `shrink` and `int8`
 *   choose the form without a question.
 * @returns the model file that was written; undefined if the user cancelled.
 * @throws Error if the command failed.
 */
export async function exportModel(services: Services, target?: unknown): Promise<string | undefined> {
  if (!requireTrust(title)) return undefined;
  const question = { title, placeholder: 'Export which model?', run: runOf(target) };
  const [model = await chooseCheckpoint(services, question)] = await modelsOf(target, undefined);
  if (model === undefined) return undefined;
  const flags = flagsOf(target) ?? (await chooseForm(model))?.flags;
  if (flags === undefined) return undefined;
  const printed = await runWithProgress(services.pinch, `Exporting ${titleOf(model)}`, ['export', model, ...flags]);
  if (printed === undefined) return undefined;
  const exported = readPrinted(exportedModel, printed, 'export');
  void tellWritten(exported);
  return exported.to.model;
}

function flagsOf(target: unknown): readonly string[] | undefined {
  const { to, shrink, int8 } = (target ?? {}) as { to?: unknown; shrink?: unknown; int8?: unknown };
  const isTarget = exportTargets.some((each) => each === to);
  const flags = [
    ...(isTarget ? ['--to', String(to)] : []),
    ...(shrink === true ? ['--shrink'] : []),
    ...(int8 === true ? ['--int8'] : []),
  ];
  return flags.length > 0 ? flags : undefined;
}

async function chooseForm(model: string): Promise<ExportForm | undefined> {
  const items = exportForms.map((form): QuickPickItem & { readonly form: ExportForm } => ({
    label: form.label,
    detail: form.buys,
    form,
  }));
  const choice = await window.showQuickPick(items, {
    title,
    placeHolder: `Export ${titleOf(model)} in which form?`,
    matchOnDetail: true,
    // A page takes the focus back when the palette closes. That would close the list at once.
    ignoreFocusOut: true,
  });
  return choice?.form;
}

async function tellWritten(exported: ExportedModel): Promise<void> {
  const { model } = exported.to;
  const show = 'Show in Explorer';
  const evaluate = 'Evaluate';
  const written = writtenPath(exported);
  const message = describeExported(exported, workspace.asRelativePath(written));
  const choice = await window.showInformationMessage(message, show, evaluate);
  if (choice === show) await commands.executeCommand('revealInExplorer', Uri.file(written));
  if (choice === evaluate) await commands.executeCommand('pinch.evaluateCheckpoint', Uri.file(model));
}
