/** The commands that write on a run, and those that choose which runs the Runs view lists. */

import { window } from 'vscode';
import { changeLabel, longestName, longestNote } from '../../runs/label.ts';
import type { Services } from '../services.ts';
import { chooseRun } from './runCommands.ts';
import { runGroupings, runSorts, type RunGrouping, type RunSort } from './runOrder.ts';
import type { RunEntry } from './runStore.ts';
import type { RunsTree } from './runsTree.ts';

export async function renameRun(services: Services, target?: unknown): Promise<void> {
  const run = await chooseRun(services, target, 'Rename which run?');
  if (!run) return;
  const name = await ask(
    `Rename ${run.name}`,
    'Its folder keeps its name. Empty: the folder’s name.',
    run.name,
    longestName,
  );
  if (name !== undefined) await change(services, run, { name: name.trim() });
}

export async function noteRun(services: Services, target?: unknown): Promise<void> {
  const run = await chooseRun(services, target, 'Write a note on which run?');
  if (!run) return;
  const note = await ask(
    `Note on ${run.name}`,
    'One line, kept in the run folder. Empty removes it.',
    run.label.note,
    longestNote,
  );
  if (note !== undefined) await change(services, run, { note: note.trim() });
}

/** @param archived whether they are put away, or taken back. @param all the selected runs. */
export async function archiveRuns(
  services: Services,
  archived: boolean,
  target?: unknown,
  all?: unknown,
): Promise<void> {
  const given: readonly unknown[] = Array.isArray(all) && all.length > 1 ? all : [target];
  for (const each of given) {
    const question = archived ? 'Archive which run?' : 'Take back which run?';
    const run = await chooseRun(services, each, question, ({ label }) => label.archived !== archived);
    if (run) await change(services, run, { archived });
  }
}

export async function filterRuns(tree: RunsTree): Promise<void> {
  const text = await window.showInputBox({
    title: 'Filter Runs',
    prompt: 'Words in the name, the note, the model, the study or the state of a run. Empty shows all.',
    value: tree.filter.text,
  });
  if (text !== undefined) tree.show({ ...tree.filter, text: text.trim() });
}

const sortNames: Readonly<Record<RunSort, string>> = {
  newest: 'Newest first',
  oldest: 'Oldest first',
  name: 'By name',
  state: 'By state: what goes on first, then what can be resumed',
};

export async function sortRuns(tree: RunsTree): Promise<void> {
  const sort = await pickOne(runSorts, sortNames, tree.order.sort, 'Sort Runs', 'In which order?');
  if (sort) await tree.setOrder({ sort });
}

const groupingNames: Readonly<Record<RunGrouping, string>> = {
  study: 'By study: the runs of a study together, others by themselves',
  model: 'By model',
  none: 'No groups',
};

export async function groupRuns(tree: RunsTree): Promise<void> {
  const now = tree.order.grouping;
  const grouping = await pickOne(runGroupings, groupingNames, now, 'Group Runs', 'What stands together?');
  if (grouping) await tree.setOrder({ grouping });
}

/** @param now the one that holds. */
async function pickOne<T extends string>(
  choices: readonly T[],
  names: Readonly<Record<T, string>>,
  now: T,
  title: string,
  placeHolder: string,
): Promise<T | undefined> {
  const items = choices.map((choice) => ({
    label: names[choice],
    ...(choice === now && { description: 'now' }),
    choice,
  }));
  return (await window.showQuickPick(items, { title, placeHolder }))?.choice;
}

async function change(
  { runs }: Services,
  { folder }: RunEntry,
  label: Parameters<typeof changeLabel>[1],
): Promise<void> {
  await changeLabel(folder, label);
  await runs.refresh();
}

function ask(title: string, prompt: string, value: string, most: number): Thenable<string | undefined> {
  return window.showInputBox({
    ...{ title, prompt, value },
    validateInput: (text) => (text.length > most ? `At most ${most} characters.` : undefined),
  });
}
