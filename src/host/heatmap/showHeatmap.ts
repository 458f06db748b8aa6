/** Shows a run, a checkpoint or any ONNX file in the sidebar's heatmap. */

import { commands, Uri, window, type QuickPickItem } from 'vscode';
import { describeRun } from '../../runs/describe.ts';
import type { Subject } from '../runs/runStore.ts';
import type { Services } from '../services.ts';

/** @param target an ONNX file's Uri, a run or a checkpoint of the Runs view; undefined asks. */
export async function showHeatmap(services: Services, target?: unknown): Promise<void> {
  const subject = target === undefined ? await choose(services) : subjectOf(target);
  if (subject === undefined) return;
  await services.runs.show(subject);
  await commands.executeCommand('pinch.heatmap.focus');
}

function subjectOf(target: unknown): Subject | undefined {
  if (target instanceof Uri) return { kind: 'model', path: target.fsPath };
  if (typeof target !== 'object' || target === null) return undefined;
  const { kind, folder, model } = target as Record<string, unknown>;
  if (kind === 'checkpoint' && typeof model === 'string') return { kind: 'model', path: model };
  return kind === 'run' && typeof folder === 'string' ? { kind: 'run', folder } : undefined;
}

async function choose({ runs }: Services): Promise<Subject | undefined> {
  await runs.refresh();
  const browse = 'Open an ONNX file…';
  const items: (QuickPickItem & { readonly folder?: string })[] = [
    ...runs.runs.map((run) => ({ label: run.name, description: describeRun(run), folder: run.folder })),
    { label: browse },
  ];
  const choice = await window.showQuickPick(items, { placeHolder: 'Show the heatmap of which run or model?' });
  if (choice?.folder !== undefined) return { kind: 'run', folder: choice.folder };
  if (choice?.label !== browse) return undefined;
  const [file] = (await window.showOpenDialog({ filters: { 'ONNX models': ['onnx'] } })) ?? [];
  return file && { kind: 'model', path: file.fsPath };
}
