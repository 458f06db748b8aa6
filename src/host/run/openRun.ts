/** The command Open Run. */

import { chooseRun } from '../runs/runCommands.ts';
import type { Services } from '../services.ts';
import type { RunPanels } from './runPanel.ts';

/** @param target a run or a checkpoint of the Runs view, or a run folder; undefined asks, or takes what the heatmap shows. */
export async function openRun(services: Services, panels: RunPanels, target?: unknown): Promise<void> {
  const run = await chooseRun(services, target, 'Open which run?');
  if (run) panels.show({ folder: run.folder });
}

/** What the heatmap shows, if it is a run; otherwise asks. */
export async function openShownRun(services: Services, panels: RunPanels): Promise<void> {
  const { shown } = services.runs;
  await openRun(services, panels, shown?.kind === 'run' ? shown.folder : undefined);
}
