/** Results of a study that nobody ran, with all that a report shows. */

import {
  studyVersion,
  type MethodResult,
  type ModelResult,
  type Point,
  type PointRate,
  type RunResult,
  type SetResult,
  type StudyResults,
} from '../../src/protocol/results/study.ts';

/** Half a point of width for every point of the rate. */
const rateAt = (wer: number, lossless: boolean | null): PointRate => ({
  wer,
  low: 0.9 * wer,
  high: 1.1 * wer,
  lossless,
});

const pointOf = (target: number | null, rates: Point['rates']): Point => ({
  ...{ target, seeds: [0], sparsity: target ?? 0, seconds: 90, rates },
  ...{ parameters: 1000, nonZeroParameters: 1000 - 700 * (target ?? 0) },
});
const point = (target: number | null, wer: number, lossless: boolean | null): Point =>
  pointOf(target, { dev: rateAt(wer, lossless), test: rateAt(wer, lossless) });
const method = (name: MethodResult['method'], points: Point[], greatestLossless: number | null): MethodResult => ({
  ...{ method: name, points, greatestLossless: { test: greatestLossless }, seconds: 90 },
});
const rates = { wer: 0.05, cer: 0.02, errors: 5, words: 100, utterances: 10 };

/** @param message why it failed; null if it did not. */
export const someRun = (name: string, message: string | null): RunResult => ({
  ...{ name, model: '<i>m', method: 'self-pinching', target: 0.5, seed: 0, message },
  status: message === null ? 'done' : 'failed',
  found:
    message !== null
      ? null
      : {
          ...{ scores: { dev: rates, test: rates }, checkpoint: 'runs/a/checkpoints/step-000001', device: 'cpu' },
          ...{ steps: 1, seconds: 90 },
          ...{ sparsity: 0.5, sparsityOfAll: 0.4, parameters: 10, nonZeroParameters: 6, bytes: 99 },
          layers: [0, 1].flatMap((block) =>
            ['q', 'k', 'v'].map((kind) => ({ name: `layers.${block}.${kind}`, sparsity: 0.1 * block + 0.4 })),
          ),
          againstDense: { test: { verdict: 'undecided', reason: 'There are no utterances to compare.' } },
        },
});

/** Two methods, a layer's worth of everything, and names that are markup. */
export const someResults: StudyResults = {
  ...{ version: studyVersion, pinch: '1', onnxruntime: '2', study: '<b>"x"', train: '/t', trainChecksum: 'b' },
  sets: [
    { name: 'dev', kind: 'dev', path: '/d', checksum: 'c' },
    { name: 'test', kind: 'test', path: '/e', checksum: 'd' },
  ],
  models: [
    {
      ...{
        name: '<i>m',
        path: '/m',
        checksum: 'a',
        given: { dev: rates, test: rates },
        dense: point(null, 0.04, null),
      },
      methods: [
        method('self-pinching', [point(0.5, 0.04, true), point(0.75, 0.05, true), point(0.9, 0.08, false)], 0.75),
        method('none', [point(0.5, 0.05, false)], null),
      ],
      pairs: [
        {
          ...{ target: 0.5, set: 'test', first: 'self-pinching', second: 'none', seeds: [5, 5] },
          ...{ difference: -0.01, low: -0.02, high: -0.002, verdict: 'better' },
        },
      ],
    },
  ],
  runs: [someRun('a', null), someRun('b', 'the disk, "/<full>", is full')],
};

/** Two models of the paper, four sets, three methods: eight panels. The first two methods have arrows at one place. */
export function eightPanels(): StudyResults {
  const sets: SetResult[] = ['dev-clean', 'dev-other', 'test-clean', 'test-other'].map((name, at) => ({
    ...{ name, kind: at < 2 ? 'dev' : 'test', path: name, checksum: `${at}`.repeat(64) },
  }));
  const models = ['wav2vec2-base-100h', 'hubert-large'].map((name, at) => modelOf(name, 0.061 - 0.02 * at, sets));
  const layers = [...Array(12).keys()].flatMap((block) =>
    ['q', 'k', 'v', 'out', 'in', 'out2'].map((kind) => ({
      name: `layers.${block}.${kind}`,
      sparsity: 0.5 + 0.03 * block,
    })),
  );
  const runs = models.flatMap((model) =>
    model.methods.flatMap(({ method, points }) =>
      points.map(({ target }): RunResult => {
        const { found } = someRun('', null);
        return {
          ...{ name: `${model.name}-${method}-${target ?? 0}`, model: model.name, method, target, seed: 0 },
          ...{ status: 'done', message: null, found: found && { ...found, layers } },
        };
      }),
    ),
  );
  return { ...someResults, study: 'librispeech-100h', sets, models, runs };
}

function modelOf(name: string, base: number, sets: readonly SetResult[]): ModelResult {
  const factors = [1, 2.3, 1.05, 2.4];
  const at = (target: number | null, loss: number): Point =>
    pointOf(
      target,
      Object.fromEntries(
        sets.map((set, index) => [set.name, rateAt(base * (factors[index] ?? 1) * (1 + loss), loss <= 0.05)]),
      ),
    );
  const targets = [0.4, 0.5, 0.6, 0.65, 0.75, 0.85];
  const methods: MethodResult[] = (
    [
      ['self-pinching', 0.5],
      ['ump', 1.1],
      ['nas-cp', 2],
    ] as const
  ).map(([method, steep]) => {
    const points = targets.map((target) => at(target, steep * Math.max(0, target - 0.5 + 0.1 * (steep - 1)) ** 1.5));
    const lossless = points.filter(({ rates }) => rates['test-clean']?.lossless === true).at(-1)?.sparsity ?? null;
    return {
      method,
      points,
      seconds: 3600 * (4 + steep),
      greatestLossless: Object.fromEntries(sets.map((set) => [set.name, lossless])),
    };
  });
  const given = Object.fromEntries(
    sets.map((set, index) => [set.name, { ...rates, wer: base * (factors[index] ?? 1) }]),
  );
  return { ...{ name, path: name, checksum: 'ab'.repeat(32), given }, dense: at(null, 0), methods, pairs: [] };
}
