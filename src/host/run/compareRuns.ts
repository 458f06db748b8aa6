/** The command Compare Runs. */

import { window, type QuickPickItem } from 'vscode';
import { describeRun } from '../../runs/describe.ts';
import { mostCompared } from '../../protocol/views/comparison.ts';
import { runOf } from '../data/chooseCheckpoint.ts';
import type { Services } from '../services.ts';
import type { ComparisonPanels } from './comparisonPanel.ts';

/** @param all the selected runs; with fewer than two, asks for them. */
export async function compareRuns(
  services: Services,
  panels: ComparisonPanels,
  target?: unknown,
  all?: unknown,
): Promise<void> {
  const given: unknown[] = Array.isArray(all) ? all : [target];
  const selected = given.map(runOf).filter((folder) => folder !== undefined);
  const folders = selected.length >= 2 ? selected : await choose(services, selected);
  if (folders === undefined) return;
  if (folders.length < 2) throw new Error('Choose at least two runs to compare.');
  if (folders.length > mostCompared) throw new Error(`Choose at most ${mostCompared} runs to compare.`);
  panels.show({ folders });
}

async function choose({ runs }: Services, picked: readonly string[]): Promise<string[] | undefined> {
  await runs.refresh();
  const items = runs.runs.map((run): QuickPickItem & { readonly folder: string } => ({
    label: run.name,
    description: describeRun(run),
    picked: picked.includes(run.folder),
    folder: run.folder,
  }));
  if (items.length < 2) {
    void window.showInformationMessage('There are not two runs to compare yet.');
    return undefined;
  }
  const chosen = await window.showQuickPick(items, {
    title: 'Compare Runs',
    placeHolder: 'Compare which runs? The first is what the others are held against.',
    canPickMany: true,
    ignoreFocusOut: true,
  });
  return chosen?.map(({ folder }) => folder);
}
