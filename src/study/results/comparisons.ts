/** Compares each run with the dense model of the same model and seed, on every set, once. */

import { readHypotheses } from '../../measure/evaluate/keptEvaluation.ts';
import { compareSystems } from '../../metrics/compare.ts';
import type { Comparison } from '../../protocol/results/comparison.ts';
import type { StudyPlace } from '../doTask.ts';
import type { RunTask, Task } from '../plan.ts';
import type { Collected } from './collect.ts';

export class Comparisons {
  private readonly place: StudyPlace;
  private readonly tasks: readonly Task[];
  /** By the names of the runs and the sets. */
  private readonly made = new Map<string, Record<string, Comparison>>();

  constructor(place: StudyPlace, tasks: readonly Task[]) {
    this.place = place;
    this.tasks = tasks;
  }

  /** Makes those that a finished task makes possible. @param collected all finished tasks, this one too. */
  async add(task: Task, collected: ReadonlyMap<string, Collected>): Promise<void> {
    if (task.kind === 'model') return;
    const others = task.target === null ? this.tasks.filter((other) => isPrunedLike(other, task)) : [task];
    for (const other of others) {
      if (other.kind === 'model' || this.made.has(other.name)) continue;
      const dense = this.denseOf(other);
      const [own, reference] = [collected.get(other.name), dense && collected.get(dense.name)];
      if (dense && own && reference) this.made.set(other.name, await this.compare(other, dense, own));
    }
  }

  /** By the names of the sets; none for the dense model itself, and until the one with the same seed is finished. */
  of({ name }: RunTask): Readonly<Record<string, Comparison>> {
    return this.made.get(name) ?? {};
  }

  private denseOf({ model, seed }: RunTask): RunTask | undefined {
    return this.tasks.find(
      (other): other is RunTask =>
        other.kind === 'run' && other.target === null && other.model === model && other.seed === seed,
    );
  }

  private async compare(task: RunTask, dense: RunTask, { sets }: Collected): Promise<Record<string, Comparison>> {
    const { paths } = this.place;
    const found: Record<string, Comparison> = {};
    for (const [set, { rates }] of sets) {
      const own = await readHypotheses(paths.evaluation(task.name, set));
      const reference = await readHypotheses(paths.evaluation(dense.name, set));
      found[set] = compareSystems(own, reference, rates.unit);
    }
    return found;
  }
}

function isPrunedLike(other: Task, { model, seed }: RunTask): boolean {
  return other.kind === 'run' && other.target !== null && other.model === model && other.seed === seed;
}
