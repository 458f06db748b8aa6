/** The status bar item: progress of the live runs. Hidden without one. */

import { basename } from 'node:path';
import { Disposable, StatusBarAlignment, window, type StatusBarItem } from 'vscode';
import { describeRun } from '../../runs/describe.ts';
import type { RunEntry, RunStore } from './runStore.ts';

export function createStatusBar(runs: RunStore): Disposable {
  const item = window.createStatusBarItem('pinch.progress', StatusBarAlignment.Left, 0);
  item.name = 'Pinch';
  const listening = runs.onDidChange(() => update(item, runs));
  update(item, runs);
  return Disposable.from(listening, item);
}

function update(item: StatusBarItem, { runs }: RunStore): void {
  const live = runs.filter(({ life }) => life === 'live');
  const [first] = live;
  if (first === undefined) {
    item.hide();
    return;
  }
  const text = live.length === 1 ? shortProgress(first) : `${live.length} runs`;
  // A spinning icon would make the window repaint during the whole run.
  item.text = `$(pulse) Pinch: ${text}`;
  item.command =
    live.length === 1
      ? { command: 'pinch.openRun', title: 'Open the run', arguments: [first.folder] }
      : { command: 'pinch.runs.focus', title: 'Show the runs' };
  item.tooltip = live.map((run) => `${basename(run.folder)}: ${describeRun(run)}`).join('\n');
  item.accessibilityInformation = { label: `Pinch is training: ${text}` };
  item.show();
}

function shortProgress({ state }: RunEntry): string {
  if (state === undefined || state.status === 'starting' || state.steps === 0) return 'starting';
  return `${Math.floor((100 * state.step) / state.steps)} % (${state.step} of ${state.steps})`;
}
