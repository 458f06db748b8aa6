/** How sparse a checkpoint is when all thresholds of its run are multiplied by one factor. */

import { writeAtomically } from '../../base/atomicFile.ts';
import { count, percent } from '../../base/format.ts';
import { textTable } from '../../base/textTable.ts';
import { countNonZero } from '../../onnx/file/count.ts';
import { elementsOf } from '../../onnx/graph/elements.ts';
import { loadModel, type ModelFile } from '../../onnx/file/load.ts';
import { factorFor, type SparsityCurve } from '../../protocol/results/sparsityCurve.ts';
import { sparsityCurveFile } from '../../runs/paths.ts';
import { keptSparsityCurve, modelIdentity } from '../../runs/sparsityCurve.ts';
import { MagnitudeHistogram } from '../../state/magnitudeCounts.ts';
import { storedParameters } from '../model/storedParameters.ts';

/** Factors between 1 and 2, and how often they are doubled. */
const perDoubling = 16;
const doublings = 7;
/** Beyond this nothing of a model is left to ask about. */
const enough = 0.995;

/**
 * The curve of a checkpoint, which is kept beside it and counted again only when its model has changed.
 * @throws OnnxFileError if it is not an ONNX model; Error if it has no thresholds of single weights.
 */
export async function sparsityCurveOf(model: string): Promise<SparsityCurve> {
  const file = await loadModel(model);
  const kept = await keptSparsityCurve(file.path);
  if (kept) return kept;
  const curve = { model: file.path, modelFile: await modelIdentity(file.path), ...(await countCurve(file)) };
  // Whoever may read a run may still not be able to write to it.
  await writeAtomically(sparsityCurveFile(file.path), [Buffer.from(`${JSON.stringify(curve)}\n`)]).catch(
    () => undefined,
  );
  return curve;
}

/** Reads each weight once, one layer after the other. */
async function countCurve(file: ModelFile): Promise<Pick<SparsityCurve, 'gatedParameters' | 'factors' | 'sparsities'>> {
  const { parameters, gone } = await storedParameters(file);
  const gated = parameters.filter((parameter) => parameter.gated);
  if (gated.some(({ groups }) => groups.length > 0)) {
    throw new Error(`${file.path}: units and heads are gated in this model, and such thresholds have no common curve.`);
  }
  if (!gated.some(({ threshold }) => threshold !== null && threshold.value > 0)) {
    throw new Error(`${file.path}: no thresholds are kept beside this model; they are in the checkpoints of runs.`);
  }
  const all = Array.from({ length: perDoubling * doublings + 1 }, (_, at) => 2 ** (at / perDoubling));
  const below = new Float64Array(all.length);
  let [total, removed] = [0, gone.reduce((sum, one) => sum + (one.gated ? one.size : 0), 0)];
  for (const { tensor, threshold, removed: own } of gated) {
    const elements = elementsOf(tensor);
    const weights = elements instanceof Float32Array ? elements : Float32Array.from(elements, Number);
    const counts = new MagnitudeHistogram(() => weights);
    const edge = threshold ? threshold.value * threshold.scale : 0;
    // What is pruned is zero, and stays so. Survivors of frozen masks may have moved below their threshold: at a factor of 1 they count.
    const zeros = weights.length - countNonZero(tensor);
    for (const [at, factor] of all.entries()) {
      below[at] = (below[at] ?? 0) + (at === 0 ? zeros : Math.max(zeros, counts.about(edge * factor)));
    }
    total += weights.length;
    removed += own;
  }
  const sparsities = Array.from(below, (each) => (each + removed) / (total + removed));
  const last = sparsities.findIndex((each) => each >= enough);
  const length = last < 0 ? all.length : last + 1;
  return {
    gatedParameters: total + removed,
    factors: all.slice(0, length),
    sparsities: sparsities.slice(0, length),
  };
}

/** The factor for some sparsities above the checkpoint's own. */
export function describeCurve(curve: SparsityCurve): string {
  const { model, gatedParameters, sparsities } = curve;
  const now = sparsities[0] ?? 0;
  const rows = [0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.95, 0.98].flatMap((sparsity) => {
    const factor = factorFor(curve, sparsity);
    const left = count(Math.round((1 - sparsity) * gatedParameters));
    return factor === undefined ? [] : [[percent(sparsity, 0), factor.toFixed(2), left]];
  });
  return [
    `${model}: ${percent(now, 2)} of ${count(gatedParameters)} gated weights are zero.`,
    textTable([['sparsity', 'all thresholds times', 'weights left'], ...rows], [0, 1, 2]),
  ].join('\n');
}
