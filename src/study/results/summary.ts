/** The summary of a model's runs: means over seeds with their intervals, and the lossless points. */

import type { Comparison } from '../../protocol/results/comparison.ts';
import { pairedBootstrap } from '../../metrics/bootstrap.ts';
import type { Collected, SetErrors } from './collect.ts';
import type { RunTask } from '../plan.ts';
import type { Found, MethodResult, Point, PointRate } from '../../protocol/results/study.ts';

/** A finished run. */
export interface DoneRun {
  readonly task: RunTask;
  readonly collected: Collected;
  readonly found: Found;
}

/** Makes the points of the report, and makes none again whose runs are the same. */
export class Summary {
  private readonly intervals = new Map<string, Omit<PointRate, 'lossless'>>();

  /** The dense model's mean; null if none of its runs is finished. @param runs of one model */
  dense(runs: readonly DoneRun[]): Point | null {
    const dense = runs.filter(({ task }) => task.target === null);
    return dense.length === 0 ? null : this.pointOf(dense);
  }

  /** Method by method in the order of the runs, each point over its finished seeds. @param runs of one model */
  methods(runs: readonly DoneRun[]): MethodResult[] {
    const pruned = runs.filter(({ task }) => task.target !== null);
    const methods = Array.from(new Set(pruned.map(({ task }) => task.method)));
    return methods.map((method) => {
      const own = pruned.filter(({ task }) => task.method === method);
      const targets = Array.from(new Set(own.map(({ task }) => task.target)));
      const points = targets
        .map((target) => this.pointOf(own.filter(({ task }) => task.target === target)))
        .sort((a, b) => a.sparsity - b.sparsity);
      return {
        method,
        points,
        greatestLossless: greatestLossless(points),
        seconds: mean(own.map(({ found }) => found.seconds)),
      };
    });
  }

  private pointOf(runs: readonly DoneRun[]): Point {
    const of = (value: (found: Found) => number): number => mean(runs.map(({ found }) => value(found)));
    const sets = Array.from(runs[0]?.collected.sets.keys() ?? []);
    return {
      target: runs[0]?.task.target ?? null,
      seeds: runs.map(({ task }) => task.seed),
      sparsity: of(({ sparsity }) => sparsity),
      parameters: of(({ parameters }) => parameters),
      nonZeroParameters: of(({ nonZeroParameters }) => nonZeroParameters),
      seconds: of(({ seconds }) => seconds),
      rates: Object.fromEntries(
        sets.map((set) => [set, { ...this.rateOf(runs, set), lossless: losslessAll(runs, set) }]),
      ),
    };
  }

  private rateOf(runs: readonly DoneRun[], set: string): Omit<PointRate, 'lossless'> {
    const key = [set, ...runs.map(({ task }) => task.name)].join('\n');
    const found = this.intervals.get(key) ?? meanRate(runs.flatMap(({ collected }) => collected.sets.get(set) ?? []));
    this.intervals.set(key, found);
    return found;
  }
}

function greatestLossless(points: readonly Point[]): MethodResult['greatestLossless'] {
  const sets = Object.keys(points[0]?.rates ?? {});
  return Object.fromEntries(
    sets.map((set) => {
      const lossless = points.filter(({ rates }) => rates[set]?.lossless === true).map(({ sparsity }) => sparsity);
      return [set, lossless.length === 0 ? null : Math.max(...lossless)];
    }),
  );
}

/**
 * The seeds' mean error rate and its 95 % interval: a bootstrap over utterances, each with the mean of its errors over the seeds.
 * The interval covers the variation of the test speech, which a few seeds cannot show.
 */
function meanRate(seeds: readonly SetErrors[]): Omit<PointRate, 'lossless'> {
  const [first] = seeds;
  const errors = new Map<string, number>();
  for (const { utterances } of seeds) {
    for (const { id, errors: own } of utterances) errors.set(id, (errors.get(id) ?? 0) + own / seeds.length);
  }
  // Against a system without errors, the difference is the rate itself.
  const { difference, low, high } = pairedBootstrap(
    (first?.utterances ?? []).map(({ id, words }) => ({ words, first: errors.get(id) ?? 0, second: 0 })),
  );
  return { unit: first?.rates.unit, wer: difference, low, high };
}

/** Each seed on its own: pooled seeds are not independent and would make every difference look significant. */
function losslessAll(runs: readonly DoneRun[], set: string): boolean | null {
  const verdicts = runs.flatMap(({ found }) => found.againstDense[set]?.verdict ?? []);
  if (verdicts.includes('worse')) return false;
  const clear: readonly Comparison['verdict'][] = ['same', 'better'];
  return verdicts.length === runs.length && verdicts.every((verdict) => clear.includes(verdict)) ? true : null;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
