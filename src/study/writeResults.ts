/** Assembles the results of a study and writes them: study.json, study.csv, study.html. */

import { dirname, relative, sep } from 'node:path';
import { writeAtomically } from '../base/atomicFile.ts';
import type { RunFile } from '../protocol/records.ts';
import { collectTask, compareWithDense, ratesOf, type Collected } from './collect.ts';
import { resultsCsv } from './csv.ts';
import type { TaskEnd } from './doTask.ts';
import type { StudyPaths } from './paths.ts';
import type { RunTask, Task } from './plan.ts';
import { reportPage } from './report/page.ts';
import type { RunResult, StudyResults } from '../protocol/results/study.ts';
import type { Study } from './studyFile.ts';
import { summariseDense, summariseMethods, type DoneRun } from './summary.ts';

export interface ResultsContext {
  readonly study: Study;
  readonly paths: StudyPaths;
  readonly tasks: readonly Task[];
  readonly inputs: Omit<RunFile, 'settings'>;
  readonly testChecksum: string;
}

/** Caches finished tasks, which no longer change. */
export class Results {
  private readonly context: ResultsContext;
  private readonly collected = new Map<string, Collected>();
  private readonly failures = new Map<string, string>();
  private writing: Promise<unknown> = Promise.resolve();

  constructor(context: ResultsContext) {
    this.context = context;
  }

  /** @returns whether the task is complete. */
  async add(task: Task, end?: TaskEnd): Promise<boolean> {
    if (end?.status === 'failed') this.failures.set(task.name, end.message);
    if (!this.collected.has(task.name)) {
      const found = await collectTask(task, this.context);
      if (found) this.collected.set(task.name, found);
    }
    return this.collected.has(task.name);
  }

  get done(): number {
    return this.collected.size;
  }

  /** Writes all three files, each whole. @returns the content of study.json. */
  async write(): Promise<StudyResults> {
    const previous = this.writing.catch(() => undefined);
    const written = previous.then(() => this.writeNow());
    this.writing = written;
    return written;
  }

  private async writeNow(): Promise<StudyResults> {
    const { paths } = this.context;
    const results = this.results();
    const files = [
      [paths.csv, resultsCsv(results)],
      [paths.html, reportPage(results)],
      [paths.json, `${JSON.stringify(results, null, 2)}\n`],
    ] as const;
    for (const [path, text] of files) await writeAtomically(path, [Buffer.from(text)]);
    return results;
  }

  private results(): StudyResults {
    const { study, tasks, inputs, testChecksum } = this.context;
    const done: DoneRun[] = tasks.flatMap((task) => {
      const collected = this.collected.get(task.name);
      if (task.kind === 'model' || !collected?.found) return [];
      const againstDense = compareWithDense(task, collected, tasks, this.collected);
      return [{ task, collected, found: { ...collected.found, againstDense } }];
    });
    const given = this.collected.get('model')?.measured;
    const { model, train, dev } = inputs.checksums;
    return {
      pinch: inputs.pinch,
      onnxruntime: inputs.onnxruntime,
      study: study.name,
      model: fromFile(study, study.model),
      train: fromFile(study, study.train),
      dev: fromFile(study, study.dev),
      test: fromFile(study, study.test),
      checksums: { model, train, dev: dev ?? '', test: testChecksum },
      given: given ? { dev: ratesOf(given.dev), test: ratesOf(given.test) } : null,
      dense: summariseDense(done),
      methods: summariseMethods(done),
      runs: tasks.flatMap((task) =>
        task.kind === 'run' ? [this.runResult(task, done.find((run) => run.task === task)?.found ?? null)] : [],
      ),
    };
  }

  private runResult({ name, method, target, seed }: RunTask, found: RunResult['found']): RunResult {
    const message = found === null ? (this.failures.get(name) ?? null) : null;
    const status = found !== null ? 'done' : message === null ? 'missing' : 'failed';
    return { name, method, target, seed, status, message, found };
  }
}

/** Results are also read on other machines, where only files near the study file have the same place. */
function fromFile({ file }: Study, path: string): string {
  return relative(dirname(file), path).split(sep).join('/');
}
