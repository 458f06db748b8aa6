/** `pinch study`: methods, sparsities and seeds as one job that can be stopped and resumed at any time. */

import { percent } from '../base/format.ts';
import { resolve } from 'node:path';
import { defaultStudyFolder } from '../runs/studyFolder.ts';
import { describeForecast, forecastStudy } from '../study/forecast.ts';
import { runOne, runStudy, type StudyEnd } from '../study/runStudy.ts';
import { readStudyFile, StudyFileError, type Study, type StudyModel } from '../study/file/studyFile.ts';
import { newHeadSettings } from '../protocol/settings.ts';
import type { StudyProgress } from '../study/progress.ts';
import { studyPaths } from '../study/paths.ts';
import type { StudyResults } from '../protocol/results/study.ts';
import { textTable } from '../base/textTable.ts';
import { trainableModel } from './modelPath.ts';
import { endProgress, showProgress } from './progress.ts';
import { exitCodes, printResult, UsageError } from './output.ts';

export interface StudyFlags {
  readonly on?: 'here' | 'slurm';
  readonly folder?: string;
  readonly only?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** The content of a study file, shown below the flags in the help. */
export const studyHelp = `
A study's file:
  { "models": ["base", { "name": "large", "path": "dir/large", "sparsities": [0.6], "settings": {} }],    or one: "model": "base"
    "train": "train.jsonl",
    "dev": { "dev-clean": "dev-clean.jsonl", "dev-other": "dev-other.jsonl" },    or one: "dev": "dev.jsonl"
    "test": { "test-clean": "test-clean.jsonl" },                                 or one: "test": "test.jsonl"
    "methods": ["self-pinching", "ump", { "method": "nas-cp", "sparsities": [0.5], "seeds": [0] }],
    "sparsities": [0.5, 0.75], "seeds": [0, 1],
    "settings": { "epochs": 10 },                          as in a run.json; a model or a method may have its own
    "together": null, "threads": null,                     runs at once, and threads of each; null: what the machine allows
    "slurm": { "partition": null, "gpus": null, "time": null, "memory": null, "options": ["--account=x"] } }
Paths are taken from the file's folder. Every model is evaluated on all sets; the first development set is evaluated during training, too.
Each dense model is trained alike with each seed, to compare with.
Begun again, a study goes on where it was: nothing is trained twice. It may get more models, methods, sparsities, seeds and sets.`;

export async function study(file: string, flags: StudyFlags): Promise<number> {
  const { json = false, only, on = 'here' } = flags;
  const folder = resolve(flags.folder ?? defaultStudyFolder(file));
  const interrupted = new AbortController();
  const release = stopOnSignals(interrupted, on);
  const options = {
    on,
    signal: interrupted.signal,
    say: (line: string) => {
      endProgress();
      process.stderr.write(`${line}\n`);
    },
    onPhase: (label: string) => showProgress({ label, done: 0, total: 0 }),
    onProgress: ({ names, step, steps }: StudyProgress) =>
      showProgress({ label: `Steps of ${names.join(', ')}`, done: step, total: steps }),
  };
  try {
    const read = await withModels(await readStudyFile(file));
    if (flags.dryRun) {
      const forecast = await forecastStudy(read, folder, options.onPhase);
      endProgress();
      printResult(json, forecast, describeForecast(forecast, read));
      return exitCodes.done;
    }
    if (only !== undefined) {
      const end = await runOne(read, folder, only, options);
      printResult(json, end, '');
      return exitCodeOf(end.status);
    }
    const { status, results } = await runStudy(read, folder, options);
    const paths = studyPaths(folder);
    printResult(json, { status, folder, ...results }, describeStudy(results, paths.html));
    return exitCodeOf(status);
  } catch (error) {
    if (error instanceof StudyFileError) throw new UsageError(error.message);
    throw error;
  } finally {
    endProgress();
    release();
  }
}

/** The study with the ONNX models of those that are checkpoints. */
async function withModels(study: Study): Promise<Study> {
  const models: StudyModel[] = [];
  for (const model of study.models) {
    const { path, newHead } = await trainableModel({ model: model.path, train: study.train, seed: 0 }, undefined);
    models.push({ ...model, path, ...(newHead ? { defaults: newHeadSettings } : {}) });
  }
  return { ...study, models };
}

function exitCodeOf(status: StudyEnd['status']): number {
  return { done: exitCodes.done, failed: exitCodes.failed, stopped: exitCodes.interrupted }[status];
}

/** On the first signal each run writes a checkpoint; on the second, all end at once. */
function stopOnSignals(controller: AbortController, on: 'here' | 'slurm'): () => void {
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    if (on === 'here') {
      process.stderr.write('\nStopping after a checkpoint of each run; press Ctrl-C again to end at once.\n');
    }
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}

function describeStudy({ models, sets, runs }: StudyResults, report: string): string {
  const shown = sets.filter(({ kind }) => kind === 'test');
  const mark = (lossless: boolean | null | undefined): string =>
    lossless === false ? '*' : lossless === true ? ' ' : '°';
  const rows = models.flatMap(({ name, dense, methods }) =>
    [
      ...(dense ? [{ method: 'none', points: [dense] }] : []),
      ...methods.map(({ method, points }) => ({ method, points })),
    ].flatMap(({ method, points }) =>
      points.map(({ target, sparsity, seeds, rates }) => [
        ...(models.length > 1 ? [name] : []),
        method,
        percent(sparsity, 2),
        String(seeds.length),
        ...shown.map((set) => {
          const rate = rates[set.name];
          return rate ? `${percent(rate.wer, 2)}${target === null ? ' ' : mark(rate.lossless)}` : '';
        }),
      ]),
    ),
  );
  const header = [
    ...(models.length > 1 ? ['model'] : []),
    'method',
    'sparsity',
    'seeds',
    ...shown.map(({ name }) => name),
  ];
  const failed = runs.flatMap(({ name, message }) => (message === null ? [] : [`${name} failed: ${message}\n`]));
  const marks = 'Error rates: * significantly above the dense model for a seed, ° no verdict.\n';
  return `${textTable([header, ...rows])}${rows.length > 0 ? marks : ''}${failed.join('')}The report: ${report}\n`;
}
