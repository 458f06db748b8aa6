/** Builds the extension's parts, connects and registers them. */

import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { commands, window, workspace, type ExtensionContext } from 'vscode';
import { registerCommands, type Panels } from './host/commands.ts';
import { createDiffPanels } from './host/diff/diffCheckpoints.ts';
import { createEvaluationPanels } from './host/evaluation/evaluateCheckpoint.ts';
import { findNode } from './host/engine/findNode.ts';
import { HeatmapView } from './host/heatmap/heatmapView.ts';
import { createLayerPanels } from './host/layer/layerPanel.ts';
import { firstFolder } from './host/data/workspaceFolder.ts';
import { watchModels } from './host/data/findModels.ts';
import { Notifications } from './host/runs/notifications.ts';
import { greetSample } from './host/data/openSample.ts';
import { createPinch } from './host/engine/pinch.ts';
import { createComparisonPanels } from './host/run/comparisonPanel.ts';
import { createRunPanels } from './host/run/runPanel.ts';
import { RunStore } from './host/runs/runStore.ts';
import { RunsTree } from './host/runs/runsTree.ts';
import type { Services } from './host/services.ts';
import { createStatusBar } from './host/runs/statusBar.ts';
import { watchStudies } from './host/study/findStudies.ts';
import { registerReportEditor } from './host/study/reportEditor.ts';

export function activate(context: ExtensionContext): void {
  const began = performance.now();
  const log = window.createOutputChannel('Pinch', { log: true });
  const node = () => findNode(workspace.getConfiguration('pinch').get('nodePath', ''), process.execPath);
  const cli = join(context.extensionPath, 'dist', 'cli.js');
  const pinch = createPinch(cli, node, (line) => log.info(line), firstFolder);
  const runs = new RunStore(context.workspaceState);
  const services: Services = { context, log, pinch, runs };
  const heatmap = new HeatmapView(services);
  const panels: Panels = {
    layer: createLayerPanels(services),
    evaluation: createEvaluationPanels(services),
    diff: createDiffPanels(services),
    run: createRunPanels(services),
    comparison: createComparisonPanels(services),
  };
  const tree = new RunsTree(runs, context.workspaceState);
  context.subscriptions.push(
    log,
    runs,
    heatmap,
    panels.layer,
    panels.evaluation,
    panels.diff,
    panels.run,
    panels.comparison,
    tree,
    window.registerWebviewViewProvider('pinch.heatmap', heatmap),
    window.createTreeView('pinch.runs', { treeDataProvider: tree, canSelectMany: true, showCollapseAll: true }),
    createStatusBar(runs),
    new Notifications(runs, context.workspaceState),
    runs.onDidChange(() => setContext(runs)),
    watchModels(services),
    watchStudies(services),
    registerReportEditor(),
    ...registerCommands(services, panels, tree),
  );
  void greetSample(services);
  log.info(`Activated in ${(performance.now() - began).toFixed(0)} ms.`);
}

/** The context keys that package.json's `when` conditions read. */
function setContext({ runs }: RunStore): void {
  void commands.executeCommand('setContext', 'pinch.hasRuns', runs.length > 0);
  void commands.executeCommand(
    'setContext',
    'pinch.hasLiveRun',
    runs.some(({ life }) => life === 'live'),
  );
}
