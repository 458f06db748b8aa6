/** The commands on a run: stop, resume, write a checkpoint, open its log, reveal it, delete it. */

import { join } from 'node:path';
import { commands, Uri, window, type QuickPickItem } from 'vscode';
import type { ControlRequest } from '../../protocol/control.ts';
import { sendControl } from '../../runs/control.ts';
import { deleteRun as removeRunFolder } from '../../runs/deleteRun.ts';
import { runPaths } from '../../runs/paths.ts';
import { describeRun, statusOf } from '../../runs/describe.ts';
import type { RunEntry } from './runStore.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';

const controlTimeout = 5000;

export async function stopRun(services: Services, target?: unknown): Promise<void> {
  const run = await chooseRun(services, target, 'Stop which run?', ({ life }) => life === 'live');
  if (run && (await control(run, { kind: 'stop' }))) {
    window.setStatusBarMessage(`${run.name} stops after this step and writes a checkpoint.`, 5000);
    await services.runs.refresh();
  }
}

export async function checkpointNow(services: Services, target?: unknown): Promise<void> {
  const run = await chooseRun(services, target, 'Write a checkpoint of which run?', ({ life }) => life === 'live');
  if (run && (await control(run, { kind: 'checkpoint' }))) {
    window.setStatusBarMessage(`${run.name} writes a checkpoint after this step.`, 5000);
  }
}

export async function resumeRun(services: Services, target?: unknown): Promise<void> {
  if (!requireTrust('Resume Run')) return;
  const run = await chooseRun(services, target, 'Resume which run?', isResumable);
  if (!run) return;
  await services.pinch.run(['resume', run.folder, '--detach', '--no-wait']);
  await services.runs.refresh();
  await services.runs.show({ kind: 'run', folder: run.folder });
}

function isResumable(run: RunEntry): boolean {
  return run.life !== 'live' && statusOf(run) !== 'done';
}

export async function openLog(services: Services, target?: unknown): Promise<void> {
  const run = await chooseRun(services, target, 'Open the log of which run?');
  if (run) await window.showTextDocument(Uri.file(runPaths(run.folder).log), { preview: true });
}

export async function revealRun(services: Services, target?: unknown): Promise<void> {
  const checkpoint = (target as { readonly kind?: string; readonly model?: string } | undefined) ?? {};
  if (checkpoint.kind === 'checkpoint' && checkpoint.model !== undefined) return reveal(checkpoint.model);
  const run = await chooseRun(services, target, 'Reveal which run?');
  if (run) await reveal(join(run.folder, 'run.json'));
}

async function reveal(path: string): Promise<void> {
  await commands.executeCommand('revealInExplorer', Uri.file(path));
}

export async function deleteRun(services: Services, target?: unknown): Promise<void> {
  const run = await chooseRun(services, target, 'Delete which run?', ({ life }) => life !== 'live');
  if (!run) return;
  const really = 'Delete';
  const again = run.study === null ? '' : ' The study trains it again when it is run.';
  const detail = `Its checkpoints, metrics and log are deleted from the disk. This cannot be undone.${again}`;
  const choice = await window.showWarningMessage(`Delete the run ${run.name}?`, { modal: true, detail }, really);
  if (choice !== really) return;
  await removeRunFolder(run.folder);
  await services.runs.refresh();
}

interface RunItem extends QuickPickItem {
  readonly run: RunEntry;
}

/** The run that the command was called on, otherwise the only one that fits, otherwise the one the user picks. */
export async function chooseRun(
  { runs }: Services,
  target: unknown,
  question: string,
  fits: (run: RunEntry) => boolean = () => true,
): Promise<RunEntry | undefined> {
  await runs.refresh();
  const folder = folderOf(target);
  if (folder !== undefined) {
    const run = runs.runs.find((run) => run.folder === folder);
    if (run && fits(run)) return run;
    const why = run ? `The run ${run.name} is ${describeRun(run)}.` : `${folder} is not a run of this workspace.`;
    void window.showInformationMessage(`${why} This command does not apply to it.`);
    return undefined;
  }
  const fitting = runs.runs.filter(fits);
  if (fitting.length === 0) void window.showInformationMessage('There is no run that this command applies to.');
  if (fitting.length < 2) return fitting[0];
  const items = fitting.map((run): RunItem => ({ label: run.name, description: describeRun(run), run }));
  return (await window.showQuickPick(items, { placeHolder: question }))?.run;
}

function folderOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null || !('folder' in target)) return undefined;
  return typeof target.folder === 'string' ? target.folder : undefined;
}

/** False if the trainer refused; the user has been told the reason. */
async function control(run: RunEntry, request: ControlRequest): Promise<boolean> {
  if (run.state === undefined) return false;
  try {
    const reply = await sendControl(run.state, request, controlTimeout);
    if (reply.kind !== 'refused') return true;
    void window.showErrorMessage(`The trainer of ${run.name} refused: ${reply.message}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void window.showErrorMessage(`The trainer of ${run.name} cannot be reached: ${reason}`);
  }
  return false;
}
