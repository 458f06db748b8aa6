/** Paths of a run's files. */

import { basename, dirname, extname, join, resolve } from 'node:path';

export interface RunPaths {
  readonly folder: string;
  readonly run: string;
  readonly state: string;
  readonly metrics: string;
  readonly layers: string;
  readonly log: string;
  readonly checkpoints: string;
  /** What people have written on the run. */
  readonly label: string;
}

export function runPaths(folder: string): RunPaths {
  const at = (name: string): string => join(folder, name);
  return {
    folder,
    run: at('run.json'),
    state: at('state.json'),
    metrics: at('metrics.jsonl'),
    layers: at('layers.f32'),
    log: at('trainer.log'),
    checkpoints: at('checkpoints'),
    label: at('label.json'),
  };
}

/** Folder of the features of frozen encoders: beside the folder of the runs, or beside a run outside one. */
export function featuresFolder(runFolder: string): string {
  const parent = dirname(resolve(runFolder));
  return basename(parent) === 'runs' ? join(dirname(parent), 'features') : join(parent, '.pinch', 'features');
}

/** Folder of a workspace folder's runs. */
export function runsFolder(workspaceFolder: string): string {
  return join(workspaceFolder, '.pinch', 'runs');
}

/** Where the sparsity curve of a checkpoint is kept (protocol/results/sparsityCurve.ts). @param model its ONNX file. */
export function sparsityCurveFile(model: string): string {
  return join(dirname(model), `${basename(model, extname(model))}.sparsity-curve.json`);
}
