/** Results of a study that nobody ran, with all that a report shows. */

import type { MethodResult, Point, RunResult, StudyResults } from '../../src/protocol/results/study.ts';

const point = (target: number, wer: number, lossless: boolean | null): Point => ({
  ...{
    target,
    seeds: [0],
    sparsity: target,
    seconds: 90,
    wer,
    low: wer - 0.01,
    high: wer + 0.01,
    devWer: wer,
    lossless,
  },
});
const method = (name: MethodResult['method'], points: Point[], greatestLossless: number | null): MethodResult => ({
  ...{ method: name, points, greatestLossless, seconds: 90 },
});
const rates = { wer: 0.05, cer: 0.02, errors: 5, words: 100, utterances: 10 };

/** @param message why it failed; null if it did not. */
export const someRun = (name: string, message: string | null): RunResult => ({
  ...{ name, method: 'self-pinching', target: 0.5, seed: 0, message },
  status: message === null ? 'done' : 'failed',
  found:
    message !== null
      ? null
      : {
          ...{
            dev: rates,
            test: rates,
            checkpoint: 'runs/a/checkpoints/step-000001',
            device: 'cpu',
            steps: 1,
            seconds: 90,
          },
          ...{ sparsity: 0.5, sparsityOfAll: 0.4, parameters: 10, nonZeroParameters: 6, bytes: 99 },
          layers: [0, 1].flatMap((block) =>
            ['q', 'k', 'v'].map((kind) => ({ name: `layers.${block}.${kind}`, sparsity: 0.1 * block + 0.4 })),
          ),
          againstDense: { verdict: 'undecided', reason: 'There are no utterances to compare.' },
        },
});

/** Two methods, a layer's worth of everything, and names that are markup. */
export const someResults: StudyResults = {
  ...{ pinch: '1', onnxruntime: '2', study: '<b>"x"', model: '/m', train: '/t', dev: '/d', test: '/e' },
  checksums: { model: 'a', train: 'b', dev: 'c', test: 'd' },
  given: { dev: rates, test: rates },
  dense: { ...point(0, 0.04, null), target: null },
  methods: [
    method('self-pinching', [point(0.5, 0.04, true), point(0.75, 0.05, true), point(0.9, 0.08, false)], 0.75),
    method('none', [point(0.5, 0.05, false)], null),
  ],
  runs: [someRun('a', null), someRun('b', 'the disk, "/<full>", is full')],
};
