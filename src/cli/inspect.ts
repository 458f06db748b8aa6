/** `pinch inspect`: lists the layers of a model and its gates, or shows one layer's weights, or how far thresholds would prune. */

import { describeInspection, inspect as read } from '../measure/inspect/inspect.ts';
import { describeLayer, inspectLayer } from '../measure/inspect/layerInspection.ts';
import { describeCurve, sparsityCurveOf } from '../measure/inspect/sparsityCurve.ts';
import { refuseWithoutCost } from './costFlags.ts';
import { modelPath, modelPathIfGiven } from './modelPath.ts';
import { exitCodes, printResult, UsageError } from './output.ts';
import { endProgress, showProgress } from './progress.ts';

export interface InspectFlags {
  readonly layer?: string;
  /** The sparsity for each common factor of all thresholds, and nothing else. */
  readonly thresholds?: boolean;
  /** The model that the cost is compared with. */
  readonly against?: string;
  readonly cost: boolean;
  readonly latency?: boolean;
  readonly compressed?: boolean;
  readonly json?: boolean;
}

export async function inspect(given: string, flags: InspectFlags): Promise<number> {
  const { layer, cost, latency = false, compressed = false, json = false } = flags;
  refuseWithoutCost(flags);
  const model = await modelPath(given);
  const against = await modelPathIfGiven(flags.against);
  if (flags.thresholds === true) {
    if (layer !== undefined) throw new UsageError('--thresholds is about all layers together; leave --layer out.');
    const curve = await sparsityCurveOf(model);
    printResult(json, curve, describeCurve(curve));
  } else if (layer === undefined) {
    const onProgress = (label: string, done: number, total: number): void => showProgress({ label, done, total });
    onProgress('Reading the model', 0, 0);
    const inspection = await read(model, { against, cost, latency, compressed, onProgress });
    endProgress();
    printResult(json, inspection, describeInspection(inspection));
  } else {
    const inspection = await inspectLayer(model, layer);
    printResult(json, inspection, describeLayer(inspection));
  }
  return exitCodes.done;
}
