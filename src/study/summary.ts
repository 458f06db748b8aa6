/** The summary of a study's runs: means over seeds with their intervals, and the lossless points. */

import type { Comparison } from '../protocol/results/comparison.ts';
import { pairedBootstrap } from '../metrics/bootstrap.ts';
import { splitUnits } from '../metrics/score.ts';
import type { Measured } from '../measure/evaluate/keptEvaluation.ts';
import type { Collected } from './collect.ts';
import type { RunTask } from './plan.ts';
import type { Found, MethodResult, Point } from '../protocol/results/study.ts';

/** A finished run. */
export interface DoneRun {
  readonly task: RunTask;
  readonly collected: Collected;
  readonly found: Found;
}

/** The dense model's mean; null if none of its runs is finished. */
export function summariseDense(runs: readonly DoneRun[]): Point | null {
  const dense = runs.filter(({ task }) => task.target === null);
  return dense.length === 0 ? null : pointOf(dense);
}

/** Method by method in the order of the runs, each point over its finished seeds. */
export function summariseMethods(runs: readonly DoneRun[]): MethodResult[] {
  const pruned = runs.filter(({ task }) => task.target !== null);
  const methods = Array.from(new Set(pruned.map(({ task }) => task.method)));
  return methods.map((method) => {
    const own = pruned.filter(({ task }) => task.method === method);
    const targets = Array.from(new Set(own.map(({ task }) => task.target)));
    const points = targets
      .map((target) => pointOf(own.filter(({ task }) => task.target === target)))
      .sort((a, b) => a.sparsity - b.sparsity);
    const lossless = points.filter((point) => point.lossless === true).map(({ sparsity }) => sparsity);
    return {
      method,
      points,
      greatestLossless: lossless.length === 0 ? null : Math.max(...lossless),
      seconds: mean(own.map(({ found }) => found.seconds)),
    };
  });
}

function pointOf(runs: readonly DoneRun[]): Point {
  const of = (value: (found: Found) => number): number => mean(runs.map(({ found }) => value(found)));
  const { difference, low, high } = meanWer(runs.map(({ collected }) => collected.measured.test));
  return {
    target: runs[0]?.task.target ?? null,
    seeds: runs.map(({ task }) => task.seed),
    sparsity: of(({ sparsity }) => sparsity),
    seconds: of(({ seconds }) => seconds),
    wer: difference,
    low,
    high,
    devWer: of(({ dev }) => dev.wer),
    lossless: losslessAll(runs),
  };
}

/**
 * The seeds' mean word error rate and its 95 % interval: a bootstrap over utterances, each with the mean of its errors over the seeds.
 * The interval covers the variation of the test speech, which a few seeds cannot show.
 */
function meanWer(seeds: readonly Measured[]): { difference: number; low: number; high: number } {
  const [first] = seeds;
  const errors = new Map<string, number>();
  for (const { hypotheses } of seeds) {
    for (const { id, errors: own } of hypotheses) errors.set(id, (errors.get(id) ?? 0) + own / seeds.length);
  }
  // Against a system without errors, the difference is the rate itself.
  return pairedBootstrap(
    (first?.hypotheses ?? []).map(({ id, reference }) => ({
      words: splitUnits(reference, first?.unit).length,
      first: errors.get(id) ?? 0,
      second: 0,
    })),
  );
}

/** Each seed on its own: pooled seeds are not independent and would make every difference look significant. */
function losslessAll(runs: readonly DoneRun[]): boolean | null {
  const verdicts = runs.flatMap(({ found }) => (found.againstDense ? [found.againstDense.verdict] : []));
  if (verdicts.includes('worse')) return false;
  const clear: readonly Comparison['verdict'][] = ['same', 'better'];
  return verdicts.length === runs.length && verdicts.every((verdict) => clear.includes(verdict)) ? true : null;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
