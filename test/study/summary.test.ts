/** What is said of a study's runs: means over the seeds, intervals, and which sparsity is lossless. */

import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/protocol/results/comparison.ts';
import { scoreUtterance } from '../../src/metrics/score.ts';
import type { RunTask } from '../../src/study/plan.ts';
import { errorsOf, ratesOf } from '../../src/study/results/collect.ts';
import { Summary, type DoneRun } from '../../src/study/results/summary.ts';
import type { Measured } from '../../src/measure/evaluate/keptEvaluation.ts';

const reference = 'one two three four five six seven eight nine ten';

/** A test set of 60 utterances of ten words, `wrong` of which have their fifth word wrong. */
function measured(wrong: number): Measured {
  const hypotheses = Array.from({ length: 60 }, (_, i) => {
    const hypothesis = i < wrong ? reference.replace('five', 'nine') : reference;
    const { errors } = scoreUtterance(reference, hypothesis);
    return { id: `u${i}`, audio: '', seconds: 1, reference, hypothesis, errors };
  });
  return { wer: wrong / 600, cer: 0, errors: wrong, words: 600, utterances: 60, hypotheses };
}

interface Given {
  readonly method?: RunTask['method'];
  readonly target: number | null;
  readonly seed?: number;
  readonly wrong?: number;
  readonly verdict?: Comparison['verdict'];
}

function run({ method = 'self-pinching', target, seed = 0, wrong = 6, verdict }: Given): DoneRun {
  const sets = new Map([
    ['dev', errorsOf(measured(2 * wrong))],
    ['test', errorsOf(measured(wrong))],
  ]);
  const sparsity = (target ?? 0) + 0.01 * seed;
  return {
    task: { kind: 'run', name: `${method}-${target ?? 0}-${seed}`, method, target, seed } as RunTask,
    collected: { sets, found: null },
    found: {
      scores: ratesOf({ sets }),
      ...{ checkpoint: '', device: 'cpu', steps: 1, seconds: 10 + seed, sparsity, sparsityOfAll: 0 },
      ...{ parameters: 1, nonZeroParameters: 1 + seed, bytes: 1, layers: [] },
      againstDense: verdict === undefined ? {} : { test: { verdict } },
    },
  };
}

const summariseMethods = (runs: readonly DoneRun[]) => new Summary().methods(runs);
const summariseDense = (runs: readonly DoneRun[]) => new Summary().dense(runs);

describe('a point', () => {
  test('is the mean of its seeds', () => {
    const [method] = summariseMethods([
      run({ target: 0.5, seed: 0, wrong: 4, verdict: 'same' }),
      run({ target: 0.5, seed: 2, wrong: 8, verdict: 'better' }),
    ]);
    const [point] = method?.points ?? [];
    expect(point).toMatchObject({ target: 0.5, seeds: [0, 2], seconds: 11, nonZeroParameters: 2 });
    expect(point?.rates['test']?.lossless).toBe(true);
    expect(point?.rates['test']?.wer).toBeCloseTo(6 / 600, 12);
    expect(point?.rates['dev']?.wer).toBeCloseTo(12 / 600, 12);
    expect(point?.sparsity).toBeCloseTo(0.51, 12);
    expect(method?.seconds).toBe(11);
  });

  test('has an interval around its rate as wide as that of 60 draws', () => {
    const point = summariseDense([run({ target: null, wrong: 30 })])?.rates['test'];
    // The errors of 60 utterances, half of which have one, vary by the square root of 15.
    const spread = (1.96 * Math.sqrt(15)) / 600;
    expect(point?.low).toBeGreaterThan(0.05 - 1.2 * spread);
    expect(point?.low).toBeLessThan(0.05 - 0.8 * spread);
    expect(point?.high).toBeGreaterThan(0.05 + 0.8 * spread);
    expect(point?.high).toBeLessThan(0.05 + 1.2 * spread);
  });

  test.each([
    ['one seed is worse', ['same', 'worse'], false],
    ['one seed is worse and another without verdict', ['undecided', 'worse'], false],
    ['one seed has no verdict', ['same', 'undecided'], null],
    ['one seed has nothing to be compared with', ['same', undefined], null],
    ['all are the same', ['same', 'same'], true],
  ] as const)('where %s', (_, verdicts, lossless) => {
    const runs = verdicts.map((verdict, seed) =>
      run({ target: 0.5, seed, ...(verdict === undefined ? {} : { verdict }) }),
    );
    expect(summariseMethods(runs)[0]?.points[0]?.rates['test']?.lossless).toBe(lossless);
  });
});

describe('a method', () => {
  test('has its points in order of sparsity, and the greatest that is lossless', () => {
    const runs = [
      run({ target: 0.9, verdict: 'worse' }),
      run({ target: 0.7, verdict: 'same' }),
      run({ target: 0.5, verdict: 'same' }),
      run({ target: null }),
      run({ method: 'ump', target: 0.5, verdict: 'worse' }),
    ];
    const methods = summariseMethods(runs);
    expect(methods.map(({ method }) => method)).toEqual(['self-pinching', 'ump']);
    expect(methods[0]?.points.map(({ target }) => target)).toEqual([0.5, 0.7, 0.9]);
    expect(methods.map(({ greatestLossless }) => greatestLossless['test'])).toEqual([0.7, null]);
    expect(methods.map(({ greatestLossless }) => greatestLossless['dev'])).toEqual([null, null]);
    expect(summariseDense(runs)?.target).toBeNull();
  });
});

test('two methods are compared at the targets that both have, their seeds pooled', () => {
  const seeds = [0, 1, 2, 3, 4];
  const runs = [
    ...seeds.map((seed) => run({ target: 0.5, seed, wrong: 4 })),
    ...seeds.map((seed) => run({ method: 'ump', target: 0.5, seed, wrong: 30 })),
    run({ method: 'ump', target: 0.9 }),
    run({ target: null }),
  ];
  const pairs = new Summary().pairs(runs);
  expect(pairs.map(({ target, set, first, second }) => [target, set, first, second])).toEqual([
    [0.5, 'dev', 'self-pinching', 'ump'],
    [0.5, 'test', 'self-pinching', 'ump'],
  ]);
  expect(pairs[1]).toMatchObject({ seeds: [5, 5], verdict: 'better' });
  expect(pairs[1]?.difference).toBeCloseTo((4 - 30) / 600, 12);
});
