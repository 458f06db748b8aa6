/** Paths of a study's files. */

import { join } from 'node:path';
import { reportName, resultsName } from '../runs/studyFolder.ts';

export interface StudyPaths {
  readonly folder: string;
  readonly runs: string;
  /** The jobs submitted to Slurm, and their output. */
  readonly slurm: string;
  readonly json: string;
  readonly csv: string;
  readonly html: string;
  /** A run's folder. @param name of its task. */
  readonly run: (name: string) => string;
  /** The folder of a task's evaluations. @param name of the task. */
  readonly evaluations: (name: string) => string;
  /** The folder of one evaluation. @param name of the task. @param set its name. */
  readonly evaluation: (name: string, set: string) => string;
}

export function studyPaths(folder: string): StudyPaths {
  const at = (...names: string[]): string => join(folder, ...names);
  return {
    folder,
    runs: at('runs'),
    slurm: at('slurm'),
    json: at(resultsName),
    csv: at('study.csv'),
    html: at(reportName),
    run: (name) => at('runs', name),
    evaluations: (name) => at('evaluations', name),
    evaluation: (name, set) => at('evaluations', name, set),
  };
}
