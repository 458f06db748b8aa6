/** Lists a model's layers under their real names, how sparse they are, and which of them would be gated. */

import type { ValueInfo } from '../onnx/graph.ts';
import { loadModel } from '../onnx/load.ts';
import { isMatrix } from '../prune/chooseGates.ts';
import { reportParameters, type ParameterReport, type TensorReport } from './parameterReport.ts';
import { count, percent, textTable } from './textTable.ts';

export interface Inspection extends ParameterReport {
  readonly model: string;
  /** Operator set by domain; `ai.onnx` is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
  /** The exporter and its version, as far as the file says. */
  readonly producer: string;
  readonly nodes: number;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** @throws OnnxFileError in one sentence if the file is no ONNX model, or its data is missing. */
export async function inspect(modelPath: string): Promise<Inspection> {
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
  };
}

/** A table of the matrices and kernels, the vectors in one line, and the totals. */
export function describeInspection(inspection: Inspection): string {
  const { tensors, totals, opsets } = inspection;
  const large = tensors.filter(isMatrix);
  const vectors = tensors.filter((tensor) => !isMatrix(tensor));
  const table = textTable(
    [['layer', 'operator', 'shape', 'parameters', 'zeros', 'threshold', 'gated', 'why'], ...rows(large)],
    [1, 2, 6, 7],
  );
  const sets = Object.entries(opsets).map(([domain, version]) => `${domain} ${version}`);
  const inVectors = vectors.reduce((sum, { parameters }) => sum + parameters, 0);
  const { gated } = totals;
  return [
    table,
    `${count(vectors.length)} vectors (biases, norms) hold another ${count(inVectors)} parameters and are never gated.`,
    `All parameters: ${count(totals.parameters)}, ${count(totals.nonZeroParameters)} not zero, sparsity ${percent(totals.sparsity)}.`,
    `Gated weights ${gated.by === 'run' ? 'of its run' : 'by default'}: ${count(gated.parameters)}, ${count(gated.nonZeroParameters)} not zero, sparsity ${percent(gated.sparsity)}.`,
    `${inspection.model}: operator sets ${sets.join(', ')}; ${count(inspection.nodes)} nodes; written by ${inspection.producer}.`,
    '',
  ].join('\n');
}

function rows(tensors: readonly TensorReport[]): string[][] {
  return tensors.map(({ layer, opType, dims, parameters, sparsity, threshold, gated, reason }) => [
    layer,
    opType,
    dims.join(' x '),
    count(parameters),
    percent(sparsity),
    threshold === null ? '-' : threshold.toFixed(4),
    gated ? 'yes' : 'no',
    reason,
  ]);
}
