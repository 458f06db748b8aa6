/** The summary of a model's runs: means over seeds with their intervals, the lossless points, and how methods compare. */

import { Pause } from '../../base/pause.ts';
import type { Comparison } from '../../protocol/results/comparison.ts';
import { pooledDifference, pooledRate, verdictOf, type SeededErrors } from '../../metrics/pooled.ts';
import type { Collected } from './collect.ts';
import type { RunTask } from '../plan.ts';
import type { Found, MethodPair, MethodResult, Point, PointRate } from '../../protocol/results/study.ts';

/** A finished run. */
export interface DoneRun {
  readonly task: RunTask;
  readonly collected: Collected;
  readonly found: Found;
}

/** Makes the points of the report, and makes none again whose runs are the same. */
export class Summary {
  private readonly intervals = new Map<string, Omit<PointRate, 'lossless'>>();
  private readonly made = new Map<string, MethodPair>();

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

  /** Every two methods at every target that both have, on every set. @param runs of one model */
  pairs(runs: readonly DoneRun[]): MethodPair[] {
    return couplesOf(runs).flatMap(({ first, second }) => setsOf(first).map((set) => this.pairOf(set, first, second)));
  }

  /** Does the long part of all of these in slices: a large study's takes a minute, in which others must see that this process lives. */
  async prepare(runs: readonly DoneRun[]): Promise<void> {
    const pause = new Pause();
    const groups = new Map<string, DoneRun[]>();
    for (const run of runs) {
      const key = `${run.task.method} ${run.task.target ?? ''}`;
      groups.set(key, [...(groups.get(key) ?? []), run]);
    }
    for (const group of groups.values()) {
      for (const set of setsOf(group)) {
        this.rateOf(group, set);
        if (pause.due) await pause.take();
      }
    }
    for (const { first, second } of couplesOf(runs)) {
      for (const set of setsOf(first)) {
        this.pairOf(set, first, second);
        if (pause.due) await pause.take();
      }
    }
  }

  private pairOf(set: string, first: readonly DoneRun[], second: readonly DoneRun[]): MethodPair {
    const key = [set, ...[...first, ...second].map(({ task }) => task.name)].join('\n');
    const known = this.made.get(key);
    if (known) return known;
    const { words, errors } = seededErrors([...first, ...second], set);
    const of = (runs: readonly DoneRun[], from: number): SeededErrors => ({
      seeds: runs.map(({ task }) => task.seed),
      errors: errors.slice(from, from + runs.length),
    });
    const interval = pooledDifference(words, of(first, 0), of(second, first.length));
    const pair: MethodPair = {
      ...{ target: first[0]?.task.target ?? 0, set, first: methodOf(first), second: methodOf(second) },
      ...{ seeds: [first.length, second.length], difference: interval.mean, low: interval.low, high: interval.high },
      verdict: verdictOf(interval),
    };
    this.made.set(key, pair);
    return pair;
  }

  private pointOf(runs: readonly DoneRun[]): Point {
    const of = (value: (found: Found) => number): number => mean(runs.map(({ found }) => value(found)));
    return {
      target: runs[0]?.task.target ?? null,
      seeds: runs.map(({ task }) => task.seed),
      sparsity: of(({ sparsity }) => sparsity),
      parameters: of(({ parameters }) => parameters),
      nonZeroParameters: of(({ nonZeroParameters }) => nonZeroParameters),
      seconds: of(({ seconds }) => seconds),
      rates: Object.fromEntries(
        setsOf(runs).map((set) => [set, { ...this.rateOf(runs, set), lossless: losslessAll(runs, set) }]),
      ),
    };
  }

  private rateOf(runs: readonly DoneRun[], set: string): Omit<PointRate, 'lossless'> {
    const key = [set, ...runs.map(({ task }) => task.name)].join('\n');
    const found = this.intervals.get(key) ?? meanRate(runs, set);
    this.intervals.set(key, found);
    return found;
  }
}

interface Couple {
  readonly first: readonly DoneRun[];
  readonly second: readonly DoneRun[];
}

/** The runs of every two methods at a target that both have. */
function couplesOf(runs: readonly DoneRun[]): Couple[] {
  const targets = new Set(runs.flatMap(({ task }) => task.target ?? []));
  return Array.from(targets).flatMap((target) => {
    const own = runs.filter(({ task }) => task.target === target);
    const methods = Array.from(new Set(own.map(({ task }) => task.method)));
    const of = methods.map((method) => own.filter(({ task }) => task.method === method));
    return of.flatMap((first, at) => of.slice(at + 1).map((second) => ({ first, second })));
  });
}

function setsOf([first]: readonly DoneRun[]): string[] {
  return Array.from(first?.collected.sets.keys() ?? []);
}

function methodOf([first]: readonly DoneRun[]): MethodResult['method'] {
  return first?.task.method ?? 'none';
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

/** The seeds' mean error rate and its 95 % interval. */
function meanRate(runs: readonly DoneRun[], set: string): Omit<PointRate, 'lossless'> {
  const { words, errors } = seededErrors(runs, set);
  const { mean: wer, low, high } = pooledRate(words, { seeds: runs.map(({ task }) => task.seed), errors });
  const rates = runs.flatMap(({ collected }) => collected.sets.get(set)?.rates ?? []);
  const losses = rates.flatMap(({ ctcLoss }) => ctcLoss ?? []);
  return {
    ...{ unit: rates[0]?.unit, wer, low, high },
    ...(losses.length === runs.length ? { ctcLoss: mean(losses) } : {}),
  };
}

/** The errors of each run, utterances in the first one's order. What another run could not read counts as without errors. */
function seededErrors(runs: readonly DoneRun[], set: string): { words: Float64Array; errors: Float64Array[] } {
  const utterances = runs[0]?.collected.sets.get(set)?.utterances ?? [];
  const errors = runs.map(({ collected }) => {
    const own = new Map(collected.sets.get(set)?.utterances.map((each) => [each.id, each.errors]));
    return Float64Array.from(utterances, ({ id }) => own.get(id) ?? 0);
  });
  return { words: Float64Array.from(utterances, ({ words }) => words), errors };
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
