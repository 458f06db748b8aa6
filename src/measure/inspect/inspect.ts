/** Lists a model's layers with their real names, sparsity and gates, and estimates the model's cost. */

import { count, percent } from '../../base/format.ts';
import type { ValueInfo } from '../../onnx/graph/graph.ts';
import { loadModel, type ModelFile } from '../../onnx/file/load.ts';
import { isMatrix } from '../../prune/chooseGates.ts';
import { describeCost } from '../cost/costReport.ts';
import { countModel, measureCost, originalOf } from '../cost/modelCost.ts';
import type { ModelCost } from '../../protocol/results/cost.ts';
import type { Inspection, TensorReport } from '../../protocol/results/inspection.ts';
import type { ParameterTotals } from '../../protocol/results/model.ts';
import { reportParameters, withoutRecord } from '../model/parameterReport.ts';
import { textTable } from '../../base/textTable.ts';

export interface InspectOptions {
  /** The dense model to compare the cost with. Default: the one that the checkpoint's run started from. */
  readonly against?: string | undefined;
  /** Whether to estimate the model's cost. */
  readonly cost?: boolean;
  /** Whether the cost includes the latency, for which the model is run. */
  readonly latency?: boolean;
  /** Whether to compress the whole files for their gzipped size, not only a sample. */
  readonly compressed?: boolean;
  /** Progress of slow work, which is done only on request. */
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

/** @throws OnnxFileError in one sentence if the file is not an ONNX model, or its data is missing. */
export async function inspect(modelPath: string, options: InspectOptions = {}): Promise<Inspection> {
  const file = await loadModel(modelPath);
  const { graph, opsets } = file.model;
  const { producerName, producerVersion } = file.proto;
  const report = await reportParameters(file);
  return {
    model: file.path,
    opsets: Object.fromEntries(Array.from(opsets, ([domain, version]) => [domain || 'ai.onnx', version])),
    producer: `${producerName} ${producerVersion}`.trim() || 'unknown',
    nodes: graph.nodes.length,
    inputs: graph.inputs.filter(({ name }) => !graph.initializers.has(name)).map(asPrinted),
    outputs: graph.outputs.map(asPrinted),
    ...report,
    cost: options.cost === true ? await costOf(file, report.totals, options) : null,
  };
}

/** In JSON, an unknown dimension is null. */
function asPrinted({ dims, ...value }: ValueInfo): Inspection['inputs'][number] {
  return { ...value, dims: dims?.map((size) => size ?? null) };
}

async function costOf(file: ModelFile, known: ParameterTotals, options: InspectOptions): Promise<ModelCost> {
  const { against, latency, compressed: exact, onProgress = () => undefined } = options;
  const dense = against === undefined ? await originalOf(file.folder) : await loadModel(against);
  const gzip = (whose: string) => ({
    exact,
    onProgress: (done: number, total: number) => onProgress(`Bytes of the ${whose} compressed`, done, total),
  });
  const counted = await countModel(file, { known, ...gzip('model') });
  return measureCost(counted, dense && (await countModel(dense, gzip('dense model'))), {
    latency,
    onProgress: (done, total) => onProgress(total === 0 ? 'Loading the model to time it' : 'Runs timed', done, total),
  });
}

/** A table of the matrices and kernels, one line for the vectors, the totals, and the cost. */
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
    `All parameters: ${describeTotals(totals)}.`,
    `Gated weights ${gated.by === 'run' ? 'of its run' : 'by default'}: ${describeTotals(gated)}.`,
    ...(totals.removed === null ? [withoutRecord] : []),
    ...(cost ? ['', describeCost(cost), ''] : []),
    `${inspection.model}: operator sets ${sets.join(', ')}; ${count(inspection.nodes)} nodes; written by ${inspection.producer}.`,
    '',
  ].join('\n');
}

function describeTotals(totals: Omit<ParameterTotals, 'gated'>): string {
  const { parameters, nonZeroParameters, removed, sparsity } = totals;
  const gone = removed ? `, ${count(removed)} removed` : '';
  return `${count(parameters)}, ${count(nonZeroParameters)} not zero${gone}, sparsity ${percent(sparsity, 2)}`;
}

function rows(tensors: readonly TensorReport[]): string[][] {
  return tensors.map(({ layer, opType, type, dims, parameters, sparsity, threshold, gated, reason }) => [
    layer,
    opType,
    type,
    dims.join(' x '),
    count(parameters),
    percent(sparsity, 2),
    threshold === null ? '-' : threshold.toFixed(4),
    gated ? 'yes' : 'no',
    reason,
  ]);
}
