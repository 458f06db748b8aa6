/** The table of commands: what each does. A command that fails says why; nothing fails silently. */

import { commands, window, type Disposable } from 'vscode';
import type { LayerPanels } from './layerPanel.ts';
import { CommandCancelled } from './pinch.ts';
import { checkpointNow, deleteRun, openLog, resumeRun, revealRun, stopRun } from './runCommands.ts';
import type { Subject } from './runStore.ts';
import type { Services } from './services.ts';
import { showHeatmap } from './showHeatmap.ts';

type Handler = (services: Services, target?: unknown, more?: unknown) => Promise<unknown>;

const handlers: Readonly<Record<string, Handler>> = {
  'pinch.showHeatmap': showHeatmap,
  'pinch.stopRun': stopRun,
  'pinch.resumeRun': resumeRun,
  'pinch.checkpointNow': checkpointNow,
  'pinch.openLog': openLog,
  'pinch.revealRun': revealRun,
  'pinch.deleteRun': deleteRun,
  'pinch.refreshRuns': ({ runs }) => runs.refresh(),
  'pinch.showOutput': ({ log }) => Promise.resolve(log.show()),
};

export function registerCommands(services: Services, layers: LayerPanels): Disposable[] {
  const ours = Object.entries(handlers).map(([id, handler]) =>
    commands.registerCommand(id, async (target?: unknown, more?: unknown) => {
      try {
        return await handler(services, target, more);
      } catch (error) {
        if (!(error instanceof CommandCancelled)) void tell(services, error);
        return undefined;
      }
    }),
  );
  // Only the heatmap's page calls this one, so the palette does not list it.
  const openLayer = commands.registerCommand('pinch.openLayer', (subject: Subject, layer: string) =>
    layers.show(subject, layer),
  );
  return [...ours, openLayer];
}

async function tell({ log }: Services, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  log.error(error instanceof Error ? error : message);
  const output = 'Show Output';
  if ((await window.showErrorMessage(message, output)) === output) log.show();
}
