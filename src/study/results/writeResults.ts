/** Assembles the results of a study and writes them: study.json, study.csv, study.html. */

import { dirname, relative, sep } from 'node:path';
import { writeAtomically } from '../../base/atomicFile.ts';
import { studyVersion, type ModelResult, type RunResult, type StudyResults } from '../../protocol/results/study.ts';
import type { StudyPlace } from '../doTask.ts';
import type { Study, StudyModel } from '../file/studyFile.ts';
import type { RunTask, Task } from '../plan.ts';
import { reportPage } from '../report/page.ts';
import { collectTask, ratesOf, type Collected } from './collect.ts';
import { Comparisons } from './comparisons.ts';
import { resultsCsv } from './csv.ts';
import { Summary, type DoneRun } from './summary.ts';

/** Caches finished tasks, which no longer change. */
export class Results {
  private readonly place: StudyPlace;
  private readonly tasks: readonly Task[];
  private readonly collected = new Map<string, Collected>();
  private readonly comparisons: Comparisons;
  private readonly summary = new Summary();
  private readonly failures = new Map<string, string>();
  private writing: Promise<unknown> = Promise.resolve();

  constructor(place: StudyPlace, tasks: readonly Task[]) {
    this.place = place;
    this.tasks = tasks;
    this.comparisons = new Comparisons(place, tasks);
  }

  /**
   * Reads a task's results, if it has any yet.
   * @throws Error if what is there cannot be read, or is not of the study as it is now. The others' results are not affected.
   * @returns whether the task is complete.
   */
  async add(task: Task): Promise<boolean> {
    if (!this.collected.has(task.name)) {
      const found = await collectTask(task, this.place);
      if (found) {
        this.collected.set(task.name, found);
        await this.comparisons.add(task, this.collected);
      }
    }
    return this.collected.has(task.name);
  }

  fail(task: Task, message: string): void {
    this.failures.set(task.name, message);
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
    const { paths } = this.place;
    const done = this.doneRuns();
    for (const { name } of this.place.study.models) {
      await this.summary.prepare(done.filter(({ task }) => task.model === name));
    }
    const results = this.results(done);
    // The first has everything, and the others may be open in a program that locks them.
    const files = [
      [paths.json, `${JSON.stringify(results, null, 2)}\n`],
      [paths.csv, resultsCsv(results)],
      [paths.html, reportPage(results)],
    ] as const;
    for (const [path, text] of files) await writeAtomically(path, [Buffer.from(text)]);
    return results;
  }

  private doneRuns(): DoneRun[] {
    return this.tasks.flatMap((task): DoneRun[] => {
      const collected = this.collected.get(task.name);
      if (task.kind === 'model' || !collected?.found) return [];
      return [{ task, collected, found: { ...collected.found, againstDense: this.comparisons.of(task) } }];
    });
  }

  private results(done: readonly DoneRun[]): StudyResults {
    const { study, inputs } = this.place;
    return {
      version: studyVersion,
      pinch: inputs.versions.pinch,
      onnxruntime: inputs.versions.onnxruntime,
      study: study.name,
      train: fromFile(study, study.train),
      trainChecksum: inputs.train,
      sets: study.sets.map(({ name, kind, manifest }) => ({
        name,
        kind,
        path: fromFile(study, manifest),
        checksum: inputs.checksumOf(name),
      })),
      models: study.models.map((model) => this.modelResult(model, done)),
      runs: this.tasks.flatMap((task) =>
        task.kind === 'run' ? [this.runResult(task, done.find((run) => run.task === task)?.found ?? null)] : [],
      ),
    };
  }

  private modelResult({ name, path, prefix }: StudyModel, done: readonly DoneRun[]): ModelResult {
    const { study, inputs } = this.place;
    const given = this.collected.get(`${prefix}model`);
    const own = done.filter(({ task }) => task.model === name);
    return {
      name,
      path: fromFile(study, path),
      checksum: inputs.modelChecksum(name),
      given: given ? ratesOf(given) : null,
      dense: this.summary.dense(own),
      methods: this.summary.methods(own),
      pairs: this.summary.pairs(own),
    };
  }

  private runResult({ name, model, method, target, seed }: RunTask, found: RunResult['found']): RunResult {
    const message = found === null ? (this.failures.get(name) ?? null) : null;
    const status = found !== null ? 'done' : message === null ? 'missing' : 'failed';
    return { name, model, method, target, seed, status, message, found };
  }
}

/** Results are also read on other machines, where only files near the study file have the same place. */
function fromFile({ file }: Study, path: string): string {
  return relative(dirname(file), path).split(sep).join('/');
}
