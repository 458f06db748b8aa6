/** The commands Diff Checkpoints, Select for Pinch Diff and Diff with Selected, and the panels they open. */

import { commands, window } from 'vscode';
import { parseDiffSubject, type DiffSubject } from '../../protocol/views/diff.ts';
import { chooseCheckpoint, modelsOf, runOf } from '../data/chooseCheckpoint.ts';
import { isOlder, titleOf } from '../data/modelNames.ts';
import type { Services } from '../services.ts';
import { SubjectPanels } from '../panels/subjectPanels.ts';
import { requireTrust } from '../trust.ts';
import { DiffPanel } from './diffPanel.ts';

const title = 'Diff Checkpoints';

export class DiffPanels extends SubjectPanels<DiffSubject, DiffPanel> {
  /** The ONNX file that was selected for a diff. */
  selected: string | undefined;
}

export function createDiffPanels(services: Services): DiffPanels {
  return new DiffPanels(services, {
    name: 'diff',
    parse: parseDiffSubject,
    keyOf: ({ a, b }) => JSON.stringify([a, b]),
    titleOf: ({ a, b }) => `${titleOf(a)} ↔ ${titleOf(b)}`,
    fill: (panel, subject) => new DiffPanel(services, panel, subject),
  });
}

/** @param target the first model, or a run, whose checkpoints are offered; undefined asks. @param all both models. */
export async function diffCheckpoints(
  services: Services,
  panels: DiffPanels,
  target?: unknown,
  all?: unknown,
): Promise<void> {
  if (!requireTrust(title)) return;
  const given = await modelsOf(target, all);
  if (given.length > 2) throw new Error('Select two checkpoints to compare, not more.');
  const run = runOf(target);
  const [first = await chooseCheckpoint(services, { title, placeholder: 'Compare which model?', run })] = given;
  if (first === undefined) return;
  const placeholder = `Compare ${titleOf(first)} with which model?`;
  const question = { title, placeholder, without: first };
  const [, second = await chooseCheckpoint(services, question)] = given;
  if (second === undefined) return;
  const [a, b] = isOlder(second, first) ? [second, first] : [first, second];
  panels.show({ a, b, data: null });
}

export async function selectForDiff(services: Services, panels: DiffPanels, target?: unknown): Promise<void> {
  const question = { title: 'Select for Pinch Diff', placeholder: 'Which model?', run: runOf(target) };
  const [model = await chooseCheckpoint(services, question)] = await modelsOf(target, undefined);
  if (model === undefined) return;
  panels.selected = model;
  await commands.executeCommand('setContext', 'pinch.selectedForDiff', true);
  window.setStatusBarMessage(`$(diff) ${titleOf(model)} is selected for a diff`, messageShown);
}

const messageShown = 5000;

/** The selected model is A, as in VS Code's own comparison of files. */
export async function diffWithSelected(services: Services, panels: DiffPanels, target?: unknown): Promise<void> {
  if (!requireTrust('Diff with Selected')) return;
  const { selected } = panels;
  if (selected === undefined) return diffCheckpoints(services, panels, target);
  const question = { title: 'Diff with Selected', placeholder: `Compare ${titleOf(selected)} with which model?` };
  const [model = await chooseCheckpoint(services, { ...question, run: runOf(target), without: selected })] =
    await modelsOf(target, undefined);
  if (model !== undefined) panels.show({ a: selected, b: model, data: null });
}
