/** The command Run Study: runs `pinch study` as a task, in a terminal that shows its progress and can stop it. */

import { dirname } from 'node:path';
import {
  ProcessExecution,
  Task,
  TaskPanelKind,
  TaskRevealKind,
  tasks,
  TaskScope,
  Uri,
  window,
  workspace,
  type QuickPickItem,
  type TaskExecution,
} from 'vscode';
import { studyName } from '../../runs/studyFolder.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';
import { findStudyFiles } from './findStudies.ts';
import { showStudyReport } from './showReport.ts';

/** @param target a study file; undefined asks. @throws Error if there is no Node.js to run it. */
export async function runStudy({ pinch }: Services, target?: unknown): Promise<void> {
  if (!requireTrust('Run Study')) return;
  const file = target instanceof Uri ? target.fsPath : await choose();
  if (file === undefined) return;
  const { path, args, environment } = await pinch.invocation(['study', file]);
  const process = new ProcessExecution(path, [...args], { cwd: dirname(file), env: environment });
  const scope = workspace.getWorkspaceFolder(Uri.file(file)) ?? TaskScope.Workspace;
  const task = new Task({ type: 'pinch' }, scope, `study ${studyName(file)}`, 'Pinch', process, []);
  task.presentationOptions = { reveal: TaskRevealKind.Always, panel: TaskPanelKind.Dedicated, clear: true };
  let running: TaskExecution | undefined = undefined;
  const ended = tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
    if (execution !== running) return;
    ended.dispose();
    void tellEnd(file, exitCode);
  });
  running = await tasks.executeTask(task);
}

interface Choice extends QuickPickItem {
  readonly path: string;
}

async function choose(): Promise<string | undefined> {
  const choices = (await findStudyFiles()).map((path): Choice => ({
    label: studyName(path),
    description: workspace.asRelativePath(path),
    path,
  }));
  if (choices.length === 0) {
    const how = 'Write a study file first: docs/studies.md of the repository shows one.';
    void window.showInformationMessage(`There is no study in this workspace. ${how}`);
    return undefined;
  }
  return (await window.showQuickPick(choices, { placeHolder: 'Run which study?' }))?.path;
}

async function tellEnd(file: string, code: number | undefined): Promise<void> {
  const name = studyName(file);
  const show = 'Show Report';
  const tell = code === 0 ? window.showInformationMessage : window.showWarningMessage;
  const message =
    code === 0
      ? `The study ${name} is done.`
      : `The study ${name} is not complete; see its terminal. Run it again to resume it.`;
  if ((await tell(message, show)) === show) await showStudyReport(Uri.file(file));
}
