/** The command Show Study Report. */

import { commands, Uri, window, workspace, type QuickPickItem } from 'vscode';
import { studyName } from '../../runs/studyFolder.ts';
import { findReports, findStudyFiles } from './findStudies.ts';
import { reportEditor } from './reportEditor.ts';
import { reportOf } from './studyFiles.ts';

/** @param target a study file, its folder, or one of its results; undefined asks. */
export async function showStudyReport(target?: unknown): Promise<void> {
  const path = target instanceof Uri ? target.fsPath : await choose();
  if (path === undefined) return;
  const report = await reportOf(path);
  if (report === undefined) await offerToRun(path);
  else await commands.executeCommand('vscode.openWith', Uri.file(report), reportEditor);
}

interface Choice extends QuickPickItem {
  readonly path: string;
}

async function choose(): Promise<string | undefined> {
  const [files, reports] = await Promise.all([findStudyFiles(), findReports()]);
  const own = await Promise.all(files.map(reportOf));
  const choices: Choice[] = [
    ...reports.map((path) => choice(path, '')),
    ...files.filter((_, at) => own[at] === undefined).map((path) => choice(path, 'no report yet')),
  ];
  if (choices.length > 1) {
    return (await window.showQuickPick(choices, { placeHolder: 'Show the report of which study?' }))?.path;
  }
  if (choices.length === 0) {
    const how = 'Write a study file first: docs/studies.md of the repository shows one.';
    void window.showInformationMessage(`There is no study in this workspace. ${how}`);
  }
  return choices[0]?.path;
}

function choice(path: string, description: string): Choice {
  return { label: studyName(path), description, detail: workspace.asRelativePath(path), path };
}

async function offerToRun(path: string): Promise<void> {
  const run = 'Run Study';
  const message = `${workspace.asRelativePath(path)} has no report yet. A study writes one when it starts, and again after each of its runs.`;
  const isFile = path.endsWith('.json');
  const picked = await window.showInformationMessage(message, ...(isFile ? [run] : []));
  if (picked === run) await commands.executeCommand('pinch.runStudy', Uri.file(path));
}
