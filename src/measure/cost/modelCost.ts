/** What a model costs, in numbers and in time, beside the dense model that it was made from. */

import { dequantizeModel } from '../../onnx/quantize/dequantize.ts';
import { loadModel, type ModelFile } from '../../onnx/file/load.ts';
import { readProcessor } from '../../speech/text/processor.ts';
import { measureLatency, type Latency, type LatencyOptions, type TimedModel } from './latency.ts';
import type { GzipOptions } from './gzippedSize.ts';
import { measureFileSize, type FileSize } from './modelSize.ts';
import { multiplyAccumulates } from './multiplyAccumulates.ts';
import { reportParameters, type ParameterTotals } from '../model/parameterReport.ts';
import { findModelIO } from '../../runtime/modelIO.ts';
import { threadsOfEnvironment, type Device } from '../../runtime/session.ts';
import { settingsOfRun } from '../model/storedParameters.ts';

/** What is counted by reading a model's files. */
export interface CountedModel extends FileSize, ParameterTotals {
  /** The ONNX file. */
  readonly model: string;
}

export interface CostFigures extends Omit<CountedModel, 'gated' | 'removed' | 'sparsity'> {
  /** Of the gated weights, those that are there and not zero. */
  readonly nonZeroGated: number;
  /** Of matrix products and convolutions, for a second of audio; null if that cannot be estimated. */
  readonly multiplyAccumulates: number | null;
  /** Milliseconds for one utterance, the median of all runs; null if that was not asked for or the model cannot be run. */
  readonly latency: number | null;
  /** Seconds of computing for a second of audio, by that latency. */
  readonly realTimeFactor: number | null;
}

export interface ModelCost {
  readonly own: CostFigures;
  /** The model it is compared with; null if there is none. */
  readonly dense: CostFigures | null;
  /** The model's numbers over the dense model's. */
  readonly ratios: CostRatios | null;
  /** Whether some weights are stored in 8 bits. */
  readonly quantized: boolean;
  /** Seconds of audio of the utterance that multiply-accumulates and latency are of. */
  readonly seconds: number;
  /** How often it was run for the latency; 0 if it was not. */
  readonly runs: number;
  readonly device: Device;
  /** Of one operator on the CPU; null is onnxruntime's choice, one for each core. */
  readonly threads: number | null;
  /** Why a number is missing; null if none is. */
  readonly problem: string | null;
}

export type CostRatios = { readonly [Figure in Exclude<keyof CostFigures, 'model' | 'gzippedError'>]: number | null };

export interface CostOptions {
  readonly device?: Device | undefined;
  readonly threads?: number | undefined;
  /** Whether to run the models for their latency, which takes from some seconds to minutes. */
  readonly latency?: boolean | undefined;
  readonly onProgress?: LatencyOptions['onProgress'];
}

/** Of audio: about the length of a sentence in the usual test sets. */
const utteranceSeconds = 10;

/** Hugging Face's default, for a model without the other files. */
const usualSampleRate = 16_000;

/** The models are run by turns, if at all. @throws OnnxFileError if one can no longer be read. */
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
    seconds: utteranceSeconds,
    runs: latencies[0]?.runs ?? 0,
    device,
    threads: threads ?? null,
    problem: problems[0] ?? null,
  };
}

/**
 * @param known the model's totals, if somebody has counted them.
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
 * The model that the run of a checkpoint started from; undefined if it is not known, or no longer there.
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
    const ports = findModelIO(file.model.graph, file.path, processor?.vocabulary.size);
    known = { timed: { path: file.path, ports }, multiplyAccumulates: null };
    const products = multiplyAccumulates(plain.model, ports, utteranceSeconds, sampleRate);
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
