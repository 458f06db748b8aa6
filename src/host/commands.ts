/** The table of commands. A command that fails shows its error. */

import { commands, window, type Disposable } from 'vscode';
import { diffCheckpoints, diffWithSelected, selectForDiff, type DiffPanels } from './diff/diffCheckpoints.ts';
import { evaluateCheckpoint, type EvaluationPanels } from './evaluation/evaluateCheckpoint.ts';
import { exportModel } from './export/command.ts';
import type { LayerSubject } from '../protocol/views/layer.ts';
import type { LayerPanels } from './layer/layerPanel.ts';
import { forgetToken, getModel } from './hub/getModel.ts';
import { openSample } from './data/openSample.ts';
import { CommandCancelled } from './engine/pinch.ts';
import { pruneModel } from './prune/command.ts';
import { archiveRuns, filterRuns, groupRuns, noteRun, renameRun, sortRuns } from './runs/labelCommands.ts';
import type { RunsTree } from './runs/runsTree.ts';
import { checkpointNow, deleteRun, openLog, resumeRun, revealRun, stopRun } from './runs/runCommands.ts';
import type { Services } from './services.ts';
import { setUpCuda } from './engine/setUpCuda.ts';
import { showHeatmap } from './heatmap/showHeatmap.ts';
import { compareRuns } from './run/compareRuns.ts';
import type { ComparisonPanels } from './run/comparisonPanel.ts';
import { openRun, openShownRun } from './run/openRun.ts';
import { pruneFurther } from './run/pruneFurther.ts';
import type { RunPanels } from './run/runPanel.ts';
import { runStudy } from './study/runStudy.ts';
import { showStudyReport } from './study/showReport.ts';

type Handler = (target?: unknown, more?: unknown) => unknown;

export interface Panels {
  readonly layer: LayerPanels;
  readonly evaluation: EvaluationPanels;
  readonly diff: DiffPanels;
  readonly run: RunPanels;
  readonly comparison: ComparisonPanels;
}

function handlers(
  services: Services,
  { layer, evaluation, diff, run, comparison }: Panels,
  tree: RunsTree,
): Readonly<Record<string, Handler>> {
  return {
    'pinch.pruneModel': (target) => pruneModel(services, target),
    'pinch.openSample': () => openSample(services),
    'pinch.getModel': (target) => getModel(services, target),
    'pinch.forgetToken': () => forgetToken(services),
    'pinch.evaluateCheckpoint': (target, all) => evaluateCheckpoint(services, evaluation, target, all),
    'pinch.exportModel': (target) => exportModel(services, target),
    'pinch.diffCheckpoints': (target, all) => diffCheckpoints(services, diff, target, all),
    'pinch.selectForDiff': (target) => selectForDiff(services, diff, target),
    'pinch.diffWithSelected': (target) => diffWithSelected(services, diff, target),
    'pinch.compareRuns': (target, all) => compareRuns(services, comparison, target, all),
    'pinch.openRun': (target) => openRun(services, run, target),
    // In a view's title it is called without a target.
    'pinch.openShownRun': () => openShownRun(services, run),
    'pinch.pruneFurther': (target) => pruneFurther(services, target),
    'pinch.showHeatmap': (target) => showHeatmap(services, target),
    'pinch.stopRun': (target) => stopRun(services, target),
    'pinch.resumeRun': (target) => resumeRun(services, target),
    'pinch.checkpointNow': (target) => checkpointNow(services, target),
    'pinch.openLog': (target) => openLog(services, target),
    'pinch.revealRun': (target) => revealRun(services, target),
    'pinch.renameRun': (target) => renameRun(services, target),
    'pinch.noteRun': (target) => noteRun(services, target),
    'pinch.archiveRun': (target, all) => archiveRuns(services, true, target, all),
    'pinch.unarchiveRun': (target, all) => archiveRuns(services, false, target, all),
    'pinch.sortRuns': () => sortRuns(tree),
    'pinch.groupRuns': () => groupRuns(tree),
    'pinch.filterRuns': () => filterRuns(tree),
    'pinch.clearRunFilter': () => tree.show({ ...tree.filter, text: '' }),
    'pinch.showArchivedRuns': () => tree.show({ ...tree.filter, archived: true }),
    'pinch.hideArchivedRuns': () => tree.show({ ...tree.filter, archived: false }),
    'pinch.deleteRun': (target) => deleteRun(services, target),
    'pinch.runStudy': (target) => runStudy(services, target),
    'pinch.showStudyReport': (target) => showStudyReport(target),
    'pinch.setUpCuda': () => setUpCuda(services),
    'pinch.refreshRuns': () => services.runs.refreshAll(),
    'pinch.showOutput': () => services.log.show(),
    // Only the heatmap's page calls this command, so the palette does not list it.
    'pinch.openLayer': (subject) => layer.show(subject as LayerSubject),
  };
}

export function registerCommands(services: Services, panels: Panels, tree: RunsTree): Disposable[] {
  return Object.entries(handlers(services, panels, tree)).map(([id, handler]) =>
    commands.registerCommand(id, async (target?: unknown, more?: unknown) => {
      try {
        return await handler(target, more);
      } catch (error) {
        if (!(error instanceof CommandCancelled)) void tell(services, error);
        return undefined;
      }
    }),
  );
}

async function tell({ log }: Services, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  log.error(error instanceof Error ? error : message);
  const output = 'Show Output';
  if ((await window.showErrorMessage(message, output)) === output) log.show();
}
