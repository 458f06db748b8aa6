/** Compares two models, layer by layer and as a whole. B is compared with A. */

import { stat } from 'node:fs/promises';
import type { Graph } from '../../onnx/graph/graph.ts';
import { loadModel, type ModelFile } from '../../onnx/file/load.ts';
import { isMatrix } from '../../prune/chooseGates.ts';
import { diffSpeech } from './diffSpeech.ts';
import { diffTensors } from './diffTensors.ts';
import type { LayerSide, ModelDiff, ModelTotals, OperatorCount } from '../../protocol/results/diff.ts';
import type { Evaluation } from '../../protocol/results/evaluation.ts';
import type { TensorReport } from '../../protocol/results/inspection.ts';
import type { TextStep } from '../../protocol/textSteps.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { readKept, type Measured } from '../evaluate/keptEvaluation.ts';
import { stepsFor } from '../evaluate/stepsFor.ts';
import { modelFiles } from '../../onnx/folder/modelFiles.ts';
import { reportOf } from '../model/parameterReport.ts';
import { storedParameters, type StoredParameter } from '../model/storedParameters.ts';

export interface DiffOptions {
  /** Transcribed speech to compare the models on. */
  readonly data?: string;
  readonly onProgress?: (label: string, done: number, total: number) => void;
  /** Called for every model that had to be evaluated. */
  readonly onEvaluation?: (evaluation: Evaluation) => Promise<void>;
}

/**
 * @param pathA a model's folder or ONNX file, as `pathB`.
 * @throws OnnxFileError if one is not an ONNX model; Error if they have no common layer; with data, as `evaluate`.
 */
export async function diffModels(pathA: string, pathB: string, options: DiffOptions): Promise<ModelDiff> {
  const { data, onProgress = () => undefined } = options;
  onProgress('Reading the models', 0, 0);
  const files = await Promise.all([loadModel(pathA), loadModel(pathB)]);
  const diff = await diffFiles(...files, onProgress);
  if (data === undefined) return { ...diff, recognition: null };
  const steps = await stepsFor(undefined, [files[1].path, files[0].path]);
  const recognised = async (file: ModelFile, name: string): Promise<Measured> =>
    (await readKept(file, data, { steps })) ?? (await measure(file.path, name, data, steps, options));
  const a = await recognised(files[0], 'A');
  const b = await recognised(files[1], 'B');
  return { ...diff, recognition: diffSpeech(data, a, b) };
}

async function measure(
  model: string,
  name: string,
  manifest: string,
  text: readonly TextStep[],
  { onProgress, onEvaluation }: DiffOptions,
): Promise<Measured> {
  const evaluation = await evaluate(model, manifest, {
    text,
    onProgress: ({ done, utterances }) => onProgress?.(`Utterances recognised by ${name}`, done, utterances),
  });
  await onEvaluation?.(evaluation);
  return evaluation;
}

async function diffFiles(
  fileA: ModelFile,
  fileB: ModelFile,
  onProgress: NonNullable<DiffOptions['onProgress']>,
): Promise<Omit<ModelDiff, 'recognition'>> {
  const [a, b] = [await sideOf(fileA), await sideOf(fileB)];
  const keys = [...new Set([...a.entries.keys(), ...b.entries.keys()])];
  if (!keys.some((key) => a.entries.has(key) && b.entries.has(key))) {
    throw new Error(`${fileA.path} and ${fileB.path} have no layer in common, so there is nothing to compare.`);
  }
  const pairs = keys.map((key, index) => {
    onProgress('Layers compared', index, keys.length);
    return pairOf(a.entries.get(key), b.entries.get(key));
  });
  onProgress('Layers compared', keys.length, keys.length);
  const shortNames = pairs.filter(({ matrix }) => matrix).map(({ layer }) => layer);
  const named = pairs.map(({ matrix, layer, name, diff }) => {
    const unique = matrix && shortNames.indexOf(layer) === shortNames.lastIndexOf(layer);
    return { matrix, diff: { name: unique ? layer : name, ...diff } };
  });
  return {
    a: a.totals,
    b: b.totals,
    layers: named.filter(({ matrix }) => matrix).map(({ diff }) => diff),
    vectors: named.filter(({ matrix }) => !matrix).map(({ diff }) => diff),
    operators: diffOperators(fileA.model.graph, fileB.model.graph),
  };
}

interface Entry {
  readonly stored: StoredParameter;
  readonly report: TensorReport;
}

interface Side {
  readonly totals: ModelTotals;
  /** Maps parameters by the part of their name that is the same in every export of the model. */
  readonly entries: ReadonlyMap<string, Entry>;
}

async function sideOf(file: ModelFile): Promise<Side> {
  const stored = await storedParameters(file);
  const { parameters } = stored;
  const { tensors, totals } = reportOf(stored);
  const entries = new Map<string, Entry>();
  for (const [index, each] of parameters.entries()) {
    const { layer, name } = each.parameter;
    const key = `${layer}.${name.slice(name.lastIndexOf('.') + 1)}`;
    const report = tensors[index];
    if (report) entries.set(entries.has(key) ? name : key, { stored: each, report });
  }
  let bytes = 0;
  for (const path of modelFiles(file)) bytes += (await stat(path)).size;
  return { totals: { model: file.path, bytes, nodes: file.model.graph.nodes.length, ...totals }, entries };
}

function pairOf(a: Entry | undefined, b: Entry | undefined) {
  const { stored, report } = (a ?? b) as Entry;
  const other = a && b ? diffTensors(a.stored.tensor, b.stored.tensor, isTurned(a, b)) : undefined;
  return {
    matrix: isMatrix(stored.parameter),
    layer: report.layer,
    name: report.name,
    diff: {
      gated: a?.report.gated === true || b?.report.gated === true,
      a: a ? layerSide(a.report) : null,
      b: b ? layerSide(b.report) : null,
      changed: other?.changed ?? null,
      overlap: other?.overlap ?? null,
    },
  };
}

/** Some exporters store a linear layer's matrix as PyTorch does, others transposed for the product. */
function isTurned(a: Entry, b: Entry): boolean {
  const [one, other] = [a.stored.parameter, b.stored.parameter];
  return one.dims.length === 2 && other.dims.length === 2 && one.transposed !== other.transposed;
}

function layerSide({ dims, type, parameters, zeros, sparsity, threshold }: TensorReport): LayerSide {
  return { shape: dims, type, parameters, zeros, sparsity, threshold };
}

function diffOperators(a: Graph, b: Graph): OperatorCount[] {
  const [inA, inB] = [countOperators(a), countOperators(b)];
  return [...new Set([...inA.keys(), ...inB.keys()])]
    .map((operator) => ({ operator, a: inA.get(operator) ?? 0, b: inB.get(operator) ?? 0 }))
    .filter(({ a, b }) => a !== b)
    .sort((x, y) => x.operator.localeCompare(y.operator));
}

/** Counts of nodes by operator, including those in the bodies of loops and branches. */
function countOperators({ nodes }: Graph, counts = new Map<string, number>()): Map<string, number> {
  for (const { opType, domain, attributes } of nodes) {
    const operator = domain === '' ? opType : `${domain}.${opType}`;
    counts.set(operator, (counts.get(operator) ?? 0) + 1);
    for (const attribute of Object.values(attributes)) {
      if (attribute.type === 'graph') countOperators(attribute.value, counts);
    }
  }
  return counts;
}
