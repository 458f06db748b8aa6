/** The cost of a model, in numbers and time, beside the dense model it was made from. */

import { dirname } from 'node:path';
import { dequantizeModel } from '../../onnx/quantize/dequantize.ts';
import { loadModel, type ModelFile } from '../../onnx/file/load.ts';
import { readProcessor } from '../../speech/text/processor.ts';
import { measureLatency, type Latency, type LatencyOptions, type TimedModel } from './latency.ts';
import type { GzipOptions } from './gzippedSize.ts';
import { measureFileSize } from './modelSize.ts';
import { multiplyAccumulates } from './multiplyAccumulates.ts';
import type { CostFigures, CostRatios, ModelCost } from '../../protocol/results/cost.ts';
import type { CountedModel, ParameterTotals } from '../../protocol/results/model.ts';
import { reportParameters } from '../model/parameterReport.ts';
import { findModelIO } from '../../runtime/modelIO.ts';
import { threadsOfEnvironment, type Device } from '../../runtime/session.ts';
import { settingsOfRun } from '../model/storedParameters.ts';

export interface CostOptions {
  readonly device?: Device | undefined;
  readonly threads?: number | undefined;
  /** Whether to run the models for their latency, which takes from seconds to minutes. */
  readonly latency?: boolean | undefined;
  readonly onProgress?: LatencyOptions['onProgress'];
}

/** Seconds of audio: the typical length of a sentence in common test sets. */
export const utteranceSeconds = 10;

/** Hugging Face's default, for a model without a preprocessor's file. */
export const usualSampleRate = 16_000;

/** The models take turns, if they are run. @throws OnnxFileError if one can no longer be read. */
export async function measureCost(
  own: CountedModel,
  dense: CountedModel | undefined,
  { device = 'cpu', threads = threadsOfEnvironment(), latency: timing = false, onProgress }: CostOptions = {},
): Promise<ModelCost> {
  const counted = dense ? [own, dense] : [own];
  const estimated: EstimatedCost[] = [];
  for (const { model } of counted) estimated.push(await estimateCost(model));
  const [sampleRate, quantized] = [estimated[0]?.sampleRate ?? usualSampleRate, estimated[0]?.quantized ?? false];
  const problems = estimated.flatMap(({ problem }) => (problem === null ? [] : [problem]));
  const timed = estimated.flatMap(({ timed }) => (timed ? [timed] : []));
  let latencies: Latency[] = [];
  try {
    if (timing && timed.length === counted.length) {
      const options = { seconds: utteranceSeconds, sampleRate, device, threads, onProgress };
      latencies = await measureLatency(timed, options);
    }
  } catch (error) {
    problems.push(messageOf(error));
  }
  const figures = (model: CountedModel, index: number): CostFigures => {
    const latency = latencies[index]?.median ?? null;
    const { parameters, nonZeroParameters, gated, bytes, gzippedBytes, gzippedError } = model;
    return {
      model: model.model,
      parameters,
      nonZeroParameters,
      nonZeroGated: gated.nonZeroParameters,
      multiplyAccumulates: estimated[index]?.multiplyAccumulates ?? null,
      bytes,
      gzippedBytes,
      gzippedError,
      latency,
      realTimeFactor: latency === null ? null : latency / 1000 / utteranceSeconds,
    };
  };
  const [ownFigures, denseFigures] = [figures(own, 0), dense ? figures(dense, 1) : null];
  return {
    own: ownFigures,
    dense: denseFigures,
    ratios: denseFigures && ratiosOf(ownFigures, denseFigures),
    quantized,
    promised: (await settingsOfRun(dirname(own.model)))?.budget ?? null,
    seconds: utteranceSeconds,
    runs: latencies[0]?.runs ?? 0,
    device,
    threads: threads ?? null,
    problem: problems[0] ?? null,
  };
}

/**
 * @param known the model's totals, if they have been counted.
 * @throws OnnxFileError if the model cannot be read.
 */
export async function countModel(
  file: ModelFile,
  { known, ...gzip }: GzipOptions & { readonly known?: ParameterTotals } = {},
): Promise<CountedModel> {
  const totals = known ?? (await reportParameters(file)).totals;
  return { model: file.path, ...totals, ...(await measureFileSize(file, gzip)) };
}

/**
 * The model that a checkpoint's run started from; undefined if unknown or deleted.
 * @param folder of the checkpoint.
 */
export async function originalOf(folder: string): Promise<ModelFile | undefined> {
  const settings = await settingsOfRun(folder);
  return settings && loadModel(settings.model).catch(() => undefined);
}

interface EstimatedCost {
  readonly timed: TimedModel | undefined;
  readonly sampleRate: number;
  readonly quantized: boolean;
  readonly multiplyAccumulates: number | null;
  readonly problem: string | null;
}

async function estimateCost(path: string): Promise<EstimatedCost> {
  const file = await loadModel(path);
  const processor = await readProcessor(file.folder).catch(() => undefined);
  const sampleRate = processor?.sampleRate ?? usualSampleRate;
  const { file: plain, types } = dequantizeModel(file);
  let known: Pick<EstimatedCost, 'timed' | 'multiplyAccumulates'> = { timed: undefined, multiplyAccumulates: null };
  let problem: string | null = null;
  try {
    const io = findModelIO(file.model.graph, file.path, processor?.vocabulary.size);
    known = { timed: { path: file.path, io }, multiplyAccumulates: null };
    const products = multiplyAccumulates(plain.model, io, utteranceSeconds, sampleRate);
    known = { ...known, multiplyAccumulates: products };
  } catch (error) {
    problem = messageOf(error);
  }
  return { ...known, sampleRate, quantized: types.size > 0, problem };
}

function ratiosOf(own: CostFigures, dense: CostFigures): CostRatios {
  const ratio = (figure: keyof CostRatios): number | null => {
    const [part, whole] = [own[figure], dense[figure]];
    return part === null || whole === null || whole === 0 ? null : part / whole;
  };
  return {
    parameters: ratio('parameters'),
    nonZeroParameters: ratio('nonZeroParameters'),
    nonZeroGated: ratio('nonZeroGated'),
    multiplyAccumulates: ratio('multiplyAccumulates'),
    bytes: ratio('bytes'),
    gzippedBytes: ratio('gzippedBytes'),
    latency: ratio('latency'),
    realTimeFactor: ratio('realTimeFactor'),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
