/** `pinch inspect`: the layers of a model and which of them would be gated, or one layer's weights. */

import { describeInspection, inspect as read } from '../train/inspect.ts';
import { describeLayer, inspectLayer } from '../train/layerInspection.ts';
import { exitCodes, printResult } from './output.ts';

export interface InspectFlags {
  readonly layer?: string;
  /** Compared with in cost. */
  readonly against?: string;
  readonly cost: boolean;
  readonly json?: boolean;
}

export async function inspect(model: string, { layer, against, cost, json = false }: InspectFlags): Promise<number> {
  if (layer === undefined) {
    const inspection = await read(model, { against, cost });
    printResult(json, inspection, describeInspection(inspection));
  } else {
    const inspection = await inspectLayer(model, layer);
    printResult(json, inspection, describeLayer(inspection));
  }
  return exitCodes.done;
}
