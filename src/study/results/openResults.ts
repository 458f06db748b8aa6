/** Opens study.json of any version. The first form had one model, one development set and one test set. */

import * as v from 'valibot';
import { modelName } from '../../onnx/folder/folderName.ts';
import { amount, count, fraction, text, type Shape } from '../../protocol/schema.ts';
import { comparison } from '../../protocol/results/comparison.ts';
import {
  methodName,
  rates,
  seedNumber,
  studyResults,
  studyVersion,
  targetSparsity,
  type MethodResult,
  type Point,
  type RunResult,
  type StudyResults,
} from '../../protocol/results/study.ts';

const found = v.object({
  dev: rates,
  test: rates,
  checkpoint: text,
  device: text,
  steps: count,
  seconds: amount,
  sparsity: fraction,
  sparsityOfAll: fraction,
  parameters: count,
  nonZeroParameters: count,
  bytes: count,
  layers: v.array(v.object({ name: text, sparsity: fraction })),
  againstDense: v.nullable(comparison),
});

const run = v.object({
  name: text,
  method: methodName,
  target: targetSparsity,
  seed: seedNumber,
  status: v.picklist(['done', 'missing', 'failed']),
  message: v.nullable(text),
  found: v.nullable(found),
});

const point = v.object({
  target: targetSparsity,
  seeds: v.array(seedNumber),
  sparsity: fraction,
  seconds: amount,
  wer: amount,
  low: amount,
  high: amount,
  devWer: amount,
  lossless: v.nullable(v.boolean()),
});

const method = v.object({
  method: methodName,
  points: v.array(point),
  greatestLossless: v.nullable(fraction),
  seconds: amount,
});

const firstForm = v.object({
  pinch: text,
  onnxruntime: text,
  study: text,
  model: text,
  train: text,
  dev: text,
  test: text,
  checksums: v.object({ model: text, train: text, dev: text, test: text }),
  given: v.nullable(v.object({ dev: rates, test: rates })),
  dense: v.nullable(point),
  methods: v.array(method),
  runs: v.array(run),
});
type FirstForm = Shape<typeof firstForm>;

/** @param json the parsed file. @throws v.ValiError if it is not one. */
export function openStudyResults(json: unknown): StudyResults {
  const first = typeof json === 'object' && json !== null && !('version' in json);
  return first ? fromFirstForm(v.parse(firstForm, json)) : v.parse(studyResults, json);
}

function fromFirstForm(results: FirstForm): StudyResults {
  const { pinch, onnxruntime, study, train, checksums, given, dense, methods } = results;
  const name = modelName(results.model);
  const runs = results.runs.map((each) => runFrom(each, name));
  return {
    version: studyVersion,
    ...{ pinch, onnxruntime, study, train, trainChecksum: checksums.train },
    sets: [
      { name: 'dev', kind: 'dev', path: results.dev, checksum: checksums.dev },
      { name: 'test', kind: 'test', path: results.test, checksum: checksums.test },
    ],
    models: [
      {
        name,
        path: results.model,
        checksum: checksums.model,
        given,
        dense: dense && pointFrom(dense, 'none', runs),
        methods: methods.map((each) => methodFrom(each, runs)),
        pairs: [],
      },
    ],
    runs,
  };
}

function runFrom({ found, ...run }: FirstForm['runs'][number], model: string): RunResult {
  if (found === null) return { ...run, model, found };
  const { dev, test, againstDense, ...rest } = found;
  return {
    ...run,
    model,
    found: { ...rest, scores: { dev, test }, againstDense: againstDense ? { test: againstDense } : {} },
  };
}

function methodFrom(
  { method, points, greatestLossless, seconds }: FirstForm['methods'][number],
  runs: readonly RunResult[],
): MethodResult {
  return {
    method,
    points: points.map((each) => pointFrom(each, method, runs)),
    greatestLossless: { test: greatestLossless },
    seconds,
  };
}

/** The development set's rate had no interval then. */
function pointFrom(
  { target, seeds, sparsity, seconds, wer, low, high, devWer, lossless }: Shape<typeof point>,
  method: MethodResult['method'],
  runs: readonly RunResult[],
): Point {
  const own = runs.flatMap((run) => (run.method === method && run.target === target && run.found ? [run.found] : []));
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return {
    ...{ target, seeds, sparsity, seconds },
    parameters: mean(own.map(({ parameters }) => parameters)),
    nonZeroParameters: mean(own.map(({ nonZeroParameters }) => nonZeroParameters)),
    rates: {
      dev: { wer: devWer, low: devWer, high: devWer, lossless: null },
      test: { wer, low, high, lossless },
    },
  };
}
