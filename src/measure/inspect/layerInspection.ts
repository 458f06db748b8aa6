/** One layer of a model: the distribution of its weights, and its gate's threshold. */

import { count, counted, percent } from '../../base/format.ts';
import { elementsOf, type Elements } from '../../onnx/graph/elements.ts';
import { loadModel } from '../../onnx/file/load.ts';
import { float32 } from '../../onnx/graph/tensor.ts';
import type { Histogram, LayerInspection } from '../../protocol/results/inspection.ts';
import { isMatrix } from '../../prune/chooseGates.ts';
import { storedParameters, type StoredParameter } from '../model/storedParameters.ts';
import { textTable } from '../../base/textTable.ts';

/**
 * @param layer as in metrics.jsonl (`encoder.layers.0.attention.q_proj`, or `encoder.layers.0.attention` where its heads are gated), or a
 *   parameter's full name.
 * @throws OnnxFileError if the file is not an ONNX model; Error if there is no such layer.
 */
export async function inspectLayer(modelPath: string, layer: string): Promise<LayerInspection> {
  const file = await loadModel(modelPath);
  const { parameters } = await storedParameters(file);
  const found = findLayer(parameters, layer) ?? findGroups(parameters, layer);
  if (!found) throw new Error(`${file.path}: there is no layer "${layer}"; pinch inspect lists their names.`);
  const { parameter, tensor, gated, threshold } = found;
  const weights = elementsOf(tensor);
  const { zeros, squares } = sumUp(weights);
  return {
    model: file.path,
    layer: parameter.layer,
    name: parameter.name,
    shape: parameter.dims,
    gated,
    parameters: weights.length,
    zeros,
    rootMeanSquare: Math.sqrt(squares / Math.max(1, weights.length)),
    threshold: threshold && threshold.value,
    thresholdInWeights: threshold && threshold.value * threshold.scale,
    histogram: histogramOf(weights),
  };
}

type FoundLayer = Pick<StoredParameter, 'tensor' | 'gated' | 'threshold'> & {
  readonly parameter: Pick<StoredParameter['parameter'], 'name' | 'layer' | 'dims'>;
};

/** A layer has a matrix and often a bias. The matrix is meant; of several, the one with a gate. */
function findLayer(parameters: readonly StoredParameter[], wanted: string): FoundLayer | undefined {
  const named = parameters.find(({ parameter }) => parameter.name === wanted);
  const own = parameters.filter(({ parameter }) => parameter.layer === wanted);
  return named ?? own.find(({ gated }) => gated) ?? own.find(({ parameter }) => isMatrix(parameter)) ?? own[0];
}

/** The gated weights of a layer that is gated in groups, as one vector. Its threshold applies to groups, not to single weights. */
function findGroups(parameters: readonly StoredParameter[], wanted: string): FoundLayer | undefined {
  const own = parameters.filter(({ groups }) => groups.includes(wanted));
  if (own.length === 0) return undefined;
  const weights = own.flatMap(({ tensor }) => Array.from(elementsOf(tensor)));
  const names = own.map(({ parameter }) => parameter.name);
  return {
    parameter: { name: names.join(', '), layer: wanted, dims: [weights.length] },
    tensor: float32(weights),
    gated: true,
    threshold: null,
  };
}

/** Odd, so that one bin has zero at its centre; 21 times 5, so that few rows can show it as text. */
const bins = 105;
/** In root-mean-squares of the non-zero weights: a few outliers must not squeeze all others into one bin. */
const reach = 5;

export function histogramOf(weights: Elements): Histogram {
  const { zeros, squares, largest, finite } = sumUp(weights);
  const high = Math.min(largest, reach * Math.sqrt(squares / Math.max(1, finite - zeros))) || 1;
  const counts = new Array<number>(bins).fill(0);
  let outside = 0;
  for (const weight of weights) {
    if (weight === 0) continue;
    if (Math.abs(weight) <= high) {
      const bin = Math.min(bins - 1, Math.floor(((weight + high) / (2 * high)) * bins));
      counts[bin] = (counts[bin] ?? 0) + 1;
    } else outside++;
  }
  return { low: -high, high, counts, zeros, outside };
}

/** Over the finite weights. */
function sumUp(weights: Elements): { zeros: number; finite: number; squares: number; largest: number } {
  let [zeros, finite, squares, largest] = [0, 0, 0, 0];
  for (const weight of weights) {
    if (!Number.isFinite(weight)) continue;
    finite++;
    if (weight === 0) zeros++;
    squares += weight * weight;
    largest = Math.max(largest, Math.abs(weight));
  }
  return { zeros, finite, squares, largest };
}

/** The layer's numbers, and its histogram with horizontal bars. */
export function describeLayer(inspection: LayerInspection): string {
  const { name, shape, parameters, zeros, rootMeanSquare, threshold, thresholdInWeights, histogram } = inspection;
  const exact = (value: number): string => value.toPrecision(4);
  const numbers = textTable(
    [
      ['layer', inspection.layer],
      ['parameter', name],
      ['shape', shape.join(' x ')],
      ['weights', count(parameters)],
      ['zeros', `${count(zeros)} (${percent(parameters === 0 ? 0 : zeros / parameters, 2)})`],
      ['root-mean-square', exact(rootMeanSquare)],
      ...(threshold === null || thresholdInWeights === null
        ? []
        : [
            [
              'threshold',
              `${exact(thresholdInWeights)}, which is ${exact(threshold)} times the root-mean-square before training`,
            ],
          ]),
    ],
    [1],
  );
  return `${numbers}\n${bars(histogram)}`;
}

function bars({ low, high, counts, outside }: Histogram): string {
  const together = 5;
  const rows = Array.from({ length: counts.length / together }, (_, row) =>
    counts.slice(row * together, (row + 1) * together).reduce((sum, bin) => sum + bin, 0),
  );
  const most = Math.max(1, ...rows);
  const width = (high - low) / rows.length;
  // Around zero, the sum has a rounding error such as 2.8e-17.
  const middle = (row: number): string => {
    const value = low + (row + 0.5) * width;
    return Math.abs(value) < width / 1000 ? '0' : value.toPrecision(2);
  };
  const lines = rows.map((inRow, row) => [middle(row), count(inRow), '#'.repeat(Math.round((40 * inRow) / most))]);
  const rest = outside > 0 ? `${counted(outside, 'weight lies', 'weights lie')} farther from zero.\n` : '';
  return textTable([['around', 'weights', ''], ...lines], [2]) + rest;
}
