/** Lists a model's layers under their real names, how sparse they are, which of them would be gated, and what the model costs. */

import type { ValueInfo } from '../onnx/graph.ts';
import { loadModel, type ModelFile } from '../onnx/load.ts';
import { isMatrix } from '../prune/chooseGates.ts';
import { describeCost } from './costReport.ts';
import { countModel, measureCost, originalOf, type ModelCost } from './modelCost.ts';
import { reportParameters, type ParameterReport, type TensorReport } from './parameterReport.ts';
import { count, percent, textTable } from './textTable.ts';

export interface InspectOptions {
  /** The dense model to compare the cost with: by default the one that a checkpoint's run started from. */
  readonly against?: string | undefined;
  /** Whether to run the model, to find what it costs. */
  readonly cost?: boolean;
}

export interface Inspection extends ParameterReport {
  readonly model: string;
  /** Operator set by domain; `ai.onnx` is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
  /** The exporter and its version, as far as the file says. */
  readonly producer: string;
  readonly nodes: number;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Null if it was not asked for. */
  readonly cost: ModelCost | null;
}

/** @throws OnnxFileError in one sentence if the file is no ONNX model, or its data is missing. */
export async function inspect(modelPath: string, options: InspectOptions = {}): Promise<Inspection> {
  const file = await loadModel(modelPath);
  const { graph, opsets } = file.model;
  const { producerName, producerVersion } = file.proto;
  return {
    model: file.path,
    opsets: Object.fromEntries(Array.from(opsets, ([domain, version]) => [domain || 'ai.onnx', version])),
    producer: `${producerName} ${producerVersion}`.trim() || 'unknown',
    nodes: graph.nodes.length,
    inputs: graph.inputs.filter(({ name }) => !graph.initializers.has(name)),
    outputs: graph.outputs,
    ...(await reportParameters(file)),
    cost: options.cost === true ? await costOf(file, options.against) : null,
  };
}

async function costOf(file: ModelFile, against: string | undefined): Promise<ModelCost> {
  const dense = against === undefined ? await originalOf(file) : await loadModel(against);
  return measureCost(await countModel(file), dense && (await countModel(dense)));
}

/** A table of the matrices and kernels, the vectors in one line, the totals, and the cost. */
export function describeInspection(inspection: Inspection): string {
  const { tensors, totals, opsets, cost } = inspection;
  const large = tensors.filter(isMatrix);
  const vectors = tensors.filter((tensor) => !isMatrix(tensor));
  const table = textTable(
    [['layer', 'operator', 'type', 'shape', 'parameters', 'zeros', 'threshold', 'gated', 'why'], ...rows(large)],
    [1, 2, 3, 7, 8],
  );
  const sets = Object.entries(opsets).map(([domain, version]) => `${domain} ${version}`);
  const inVectors = vectors.reduce((sum, { parameters }) => sum + parameters, 0);
  const { gated } = totals;
  return [
    table,
    `${count(vectors.length)} vectors (biases, norms) hold another ${count(inVectors)} parameters and are never gated.`,
    `All parameters: ${count(totals.parameters)}, ${count(totals.nonZeroParameters)} not zero, sparsity ${percent(totals.sparsity)}.`,
    `Gated weights ${gated.by === 'run' ? 'of its run' : 'by default'}: ${count(gated.parameters)}, ${count(gated.nonZeroParameters)} not zero, sparsity ${percent(gated.sparsity)}.`,
    ...(cost ? ['', describeCost(cost), ''] : []),
    `${inspection.model}: operator sets ${sets.join(', ')}; ${count(inspection.nodes)} nodes; written by ${inspection.producer}.`,
    '',
  ].join('\n');
}

function rows(tensors: readonly TensorReport[]): string[][] {
  return tensors.map(({ layer, opType, type, dims, parameters, sparsity, threshold, gated, reason }) => [
    layer,
    opType,
    type,
    dims.join(' x '),
    count(parameters),
    percent(sparsity),
    threshold === null ? '-' : threshold.toFixed(4),
    gated ? 'yes' : 'no',
    reason,
  ]);
}
