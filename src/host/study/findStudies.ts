/** Finds the studies of the workspace and their reports, and sets context keys for them. */

import { dirname } from 'node:path';
import { commands, Disposable, workspace, type Uri } from 'vscode';
import { readSmallFile } from '../../base/smallFile.ts';
import { reportName, resultsName } from '../../runs/studyFolder.ts';
import { excluded, mostFiles } from '../data/findModels.ts';
import { lookAgain } from '../data/lookAgain.ts';
import type { Services } from '../services.ts';
import { isStudy, largestStudyFile, reportOf } from './studyFiles.ts';

/** Limit of files to look at: most files with this extension are no studies. */
const mostJsonFiles = 500;

/** Study files. */
export async function findStudyFiles(): Promise<string[]> {
  const files = pathsOf(await workspace.findFiles('**/*.json', excluded, mostJsonFiles));
  const studies: string[] = [];
  // One after the other: there may be many files, and nobody waits.
  for (const file of files) {
    const text = await readSmallFile(file, largestStudyFile).catch(() => '');
    if (isStudy(text)) studies.push(file);
  }
  return studies.sort();
}

/** Reports of studies, in any folder. */
export async function findReports(): Promise<string[]> {
  const pages = pathsOf(await workspace.findFiles(`**/${reportName}`, '**/node_modules/**', mostFiles));
  const results = new Set(pathsOf(await workspace.findFiles(`**/${resultsName}`, '**/node_modules/**', mostFiles)));
  return pages.filter((page) => results.has(page.slice(0, -reportName.length) + resultsName)).sort();
}

/** Keeps the context keys `pinch.studyFiles` and `pinch.reported` (files and folders with a report) up to date. */
export function watchStudies({ log }: Pick<Services, 'log'>): Disposable {
  const look = (): void => {
    setContext().catch((error: unknown) =>
      log.error(`The studies of the workspace cannot be listed: ${String(error)}`),
    );
  };
  const edited = workspace.onDidSaveTextDocument(({ uri }) => {
    if (uri.fsPath.endsWith('.json')) look();
  });
  return Disposable.from(edited, lookAgain(['**/*.json', `**/${reportName}`], look, matters));
}

/** Runs write a state.json every few seconds; it is ignored. */
function matters({ path }: Uri): boolean {
  return (
    path.endsWith(`/${reportName}`) || !/\/(?:\.pinch|\.git|node_modules|[^/]+\.study|[^/]+\.evaluations)\//u.test(path)
  );
}

async function setContext(): Promise<void> {
  const [files, reports] = await Promise.all([findStudyFiles(), findReports()]);
  const reported = [];
  for (const file of files) if ((await reportOf(file)) !== undefined) reported.push(file);
  await commands.executeCommand('setContext', 'pinch.studyFiles', asKeys(files));
  await commands.executeCommand('setContext', 'pinch.reported', asKeys([...reported, ...reports.map(dirname)]));
}

function asKeys(paths: readonly string[]): Readonly<Record<string, true>> {
  return Object.fromEntries(paths.map((path) => [path, true]));
}

function pathsOf(files: readonly Uri[]): string[] {
  return files.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => fsPath);
}
