/** What a model would cost at some sparsities, measured before anybody has trained it so: its compressed size, and its latency. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../base/median.ts';
import { loadModel, type ModelFile } from '../../onnx/file/load.ts';
import { rewriteFile } from '../../onnx/file/rewriteFile.ts';
import { saveModel } from '../../onnx/file/save.ts';
import type { Tensor } from '../../onnx/graph/tensor.ts';
import { exposeParameters } from '../../onnx/model/parameters.ts';
import { simplify } from '../../onnx/passes/simplify.ts';
import { quantizeModel } from '../../onnx/quantize/quantize.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { shrinkModel } from '../../prune/shrink.ts';
import { findModelIO } from '../../runtime/modelIO.ts';
import { threadsOfEnvironment } from '../../runtime/session.ts';
import { readProcessor } from '../../speech/text/processor.ts';
import { chooseLayers, type LayerChoices } from '../../state/layerChoice.ts';
import { measureLatency, type TimedModel } from './latency.ts';
import { multiplyAccumulates } from './multiplyAccumulates.ts';
import { usualSampleRate, utteranceSeconds } from './modelCost.ts';
import { bytesOnDisk, measureFileSize } from './modelSize.ts';

export interface CostRow {
  /** Fraction of the gated weights that are gone. */
  readonly sparsity: number;
  /** After gzip. */
  readonly bytes: number;
  /** Of an utterance, divided by the dense model's; null if not measured. */
  readonly latency: number | null;
}

export interface CostTable {
  /** By rising sparsity, from 0 on. */
  readonly rows: readonly CostRow[];
  /** Of the dense model's files, as they are. */
  readonly denseBytes: number;
  /** Milliseconds of the dense model for an utterance; null if not measured. */
  readonly denseLatency: number | null;
}

export interface CostTableOptions {
  /** Whether the weights have 8 bits, as after `pinch export --int8`. */
  readonly int8: boolean;
  readonly latency: boolean;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Parts of a row that progress is told in: a large model takes half a minute for one. */
const partsOfRow = 20;

/** Sparsities of the rows, nearly. Between them, costs are nearly linear. */
const shares = [0, 0.25, 0.5, 0.65, 0.8, 0.9, 0.95];

/**
 * The same share of every layer goes: the smallest weights, or any units and heads, since their number alone decides about the cost.
 * @param settings that choose what is gated; `granularity` is "weight" or "neuron".
 * @throws Error if the model has nothing to gate, or cannot be run.
 */
export async function measureCostTable(
  path: string,
  settings: Pick<RunSettings, 'gates' | 'freeze' | 'method' | 'granularity'>,
  { int8, latency, onProgress }: CostTableOptions,
): Promise<CostTable> {
  const { file, parameters } = exposeParameters(await loadModel(path));
  const layers = chooseLayers(file.model, parameters, settings);
  const processor = await readProcessor(file.folder).catch(() => undefined);
  const folder = await mkdtemp(join(tmpdir(), 'pinch-cost-'));
  const timed = async (model: string): Promise<TimedModel> => {
    const { graph } = (await loadModel(model)).model;
    return { path: model, io: findModelIO(graph, model, processor?.vocabulary.size) };
  };
  const sampleRate = processor?.sampleRate ?? usualSampleRate;
  const at = { seconds: utteranceSeconds, sampleRate, device: 'cpu', threads: threadsOfEnvironment() } as const;
  const productsOf = async ({ path: model, io }: TimedModel): Promise<number> =>
    multiplyAccumulates((await loadModel(model)).model, io, at.seconds, at.sampleRate);
  try {
    const denseModel = latency ? await timed(file.path) : undefined;
    const denseProducts = denseModel ? await productsOf(denseModel) : NaN;
    const denseTimes: number[] = [];
    const sized: Pick<CostRow, 'sparsity' | 'bytes'>[] = [];
    const times: TimedRow[] = [];
    for (const [index, share] of shares.entries()) {
      const tell = (done: number, total: number): void =>
        onProgress?.(Math.round((index + done / Math.max(1, total)) * partsOfRow), shares.length * partsOfRow);
      tell(0, 1);
      const pruned =
        settings.granularity === 'weight' ? withZeros(file, layers, share) : withoutGroups(file, layers, share);
      const model = join(folder, 'model.onnx');
      await saveModel(int8 ? quantizeModel(simplify(pruned.file)).file : pruned.file, model);
      const { gzippedBytes } = await measureFileSize(await loadModel(model));
      sized.push({ sparsity: pruned.sparsity, bytes: gzippedBytes });
      if (!denseModel) continue;
      // Two models by turns, as people compare them: with more of them in turns all are read from memory again, and seem alike.
      const own = await timed(model);
      const [dense, latency] = await measureLatency([denseModel, own], { ...at, onProgress: tell });
      if (!dense || !latency) continue;
      denseTimes.push(dense.median);
      times.push({ saved: 1 - (await productsOf(own)) / denseProducts, latency: latency.ofFirst });
    }
    const law = latencyLaw(times);
    const rows = sized.map((row, index): CostRow => {
      const own = times[index];
      return { ...row, latency: own ? law(own.saved) : null };
    });
    const denseLatency = denseTimes.length > 0 ? median(denseTimes) : null;
    return { rows, denseBytes: await bytesOnDisk(file), denseLatency };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface TimedRow {
  /** The share of the dense model's multiply-accumulates that is not needed. */
  readonly saved: number;
  /** Divided by the dense model's. */
  readonly latency: number;
}

/**
 * Latency, divided by the dense model's, as a function of the share of the multiply-accumulates that is saved: 1 - a x - b x^2 through the
 * dense model, by least squares (ours). A model of some milliseconds is timed to a few percent, and the law evens that out; smaller products
 * are less efficient, hence the square.
 */
export function latencyLaw(times: readonly TimedRow[]): (saved: number) => number {
  let [xx, xxx, xxxx, xy, xxy] = [0, 0, 0, 0, 0];
  for (const { saved: x, latency } of times) {
    const y = 1 - latency;
    xx += x ** 2;
    xxx += x ** 3;
    xxxx += x ** 4;
    xy += x * y;
    xxy += x ** 2 * y;
  }
  const determinant = xx * xxxx - xxx ** 2;
  if (!(determinant > 1e-9 * xx * xxxx)) return (x) => 1 - (xx > 0 ? xy / xx : 0) * x;
  const a = (xy * xxxx - xxy * xxx) / determinant;
  const b = (xx * xxy - xxx * xy) / determinant;
  return (x) => 1 - a * x - b * x ** 2;
}

interface Pruned {
  readonly file: ModelFile;
  readonly sparsity: number;
}

function withZeros(file: ModelFile, { choices }: LayerChoices, share: number): Pruned {
  const changed = new Map<string, Tensor>();
  let [zeros, all] = [0, 0];
  for (const { parameter, gated } of choices) {
    const tensor = file.model.graph.initializers.get(parameter.initializer);
    if (!gated || !tensor) continue;
    const weights = tensor.data as Float32Array;
    const edge = quantileOf(weights, share);
    const data = weights.map((weight) => (Math.abs(weight) < edge ? 0 : weight));
    zeros += data.reduce((sum, weight) => sum + (weight === 0 ? 1 : 0), 0);
    all += data.length;
    changed.set(parameter.initializer, { ...tensor, data });
  }
  if (all === 0) throw new Error(`${file.path}: no layer of this model is gated, so its size cannot be chosen.`);
  return { file: rewriteFile(file, file.model.graph.nodes, changed), sparsity: zeros / all };
}

/** Magnitudes that are looked at to estimate a quantile: sorting all of a large model takes a minute. */
const sampled = 20_000;

function quantileOf(weights: Float32Array, share: number): number {
  const stride = Math.max(1, Math.floor(weights.length / sampled));
  const some = Float32Array.from({ length: Math.ceil(weights.length / stride) }, (_, i) =>
    Math.abs(weights[i * stride] ?? 0),
  ).sort();
  return some[Math.floor(share * some.length)] ?? 0;
}

function withoutGroups(file: ModelFile, { grouped, layers, matrices }: LayerChoices, share: number): Pruned {
  if (grouped.length === 0) throw new Error(`${file.path}: this model has no units or heads that can be removed.`);
  let [gone, all] = [0, 0];
  const keep = grouped.map(({ name, groups }, gate) => {
    const dead = Math.round(share * groups);
    const weights = layers[gate]?.parameters ?? 0;
    gone += (weights * dead) / groups;
    all += weights;
    return [name, Uint8Array.from({ length: groups }, (_, group) => (group < dead ? 0 : 1))] as const;
  });
  return { file: shrinkModel(file, matrices, new Map(keep)).file, sparsity: gone / all };
}
