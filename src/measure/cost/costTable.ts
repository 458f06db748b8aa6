/** What a model would cost at some sparsities, measured before anybody has trained it so: its compressed size, and its latency. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  try {
    const models: TimedModel[] = latency ? [await timed(file.path)] : [];
    const sized: Pick<CostRow, 'sparsity' | 'bytes'>[] = [];
    for (const [index, share] of shares.entries()) {
      onProgress?.(index, shares.length);
      const pruned =
        settings.granularity === 'weight' ? withZeros(file, layers, share) : withoutGroups(file, layers, share);
      const model = join(folder, String(index), 'model.onnx');
      await mkdir(join(folder, String(index)));
      await saveModel(int8 ? quantizeModel(simplify(pruned.file)).file : pruned.file, model);
      const { gzippedBytes } = await measureFileSize(await loadModel(model));
      sized.push({ sparsity: pruned.sparsity, bytes: gzippedBytes });
      if (latency) models.push(await timed(model));
      else await rm(join(folder, String(index)), { recursive: true });
    }
    const sampleRate = processor?.sampleRate ?? usualSampleRate;
    const options = { seconds: utteranceSeconds, sampleRate, device: 'cpu', threads: threadsOfEnvironment() } as const;
    const [dense, ...times] = latency ? await measureLatency(models, { ...options, onProgress }) : [];
    const rows = sized.map((row, index): CostRow => {
      const own = times[index];
      return { ...row, latency: own && dense ? own.median / dense.median : null };
    });
    return { rows, denseBytes: await bytesOnDisk(file), denseLatency: dense?.median ?? null };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
