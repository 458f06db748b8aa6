/**
 * Messages between the page of one layer and its host.
 *
 * The page speaks first (`ready`) and is answered with the whole state. Later pushes carry only what changed: an absent key is unchanged, null is cleared.
 */

import * as v from 'valibot';
import type { LayerInspection } from '../results/inspection.ts';
import type { Series, StepPoint } from '../series.ts';

const text = v.pipe(v.string(), v.maxLength(10_000));

const layerSubject = v.strictObject({
  kind: v.picklist(['run', 'model']),
  /** The run's folder, or the path of the ONNX file. */
  id: text,
  layer: text,
});
/** The subject of the page. The page saves it, so that the panel survives a reload of the window. */
export type LayerSubject = v.InferOutput<typeof layerSubject>;

export type LayerHistogram =
  | { readonly kind: 'loading' }
  /** @param source the name of the checkpoint or file that was read. */
  | { readonly kind: 'ready'; readonly source: string; readonly weights: LayerInspection }
  /** There is no checkpoint yet, or it cannot be read. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface LayerState {
  readonly subject?: LayerSubject;
  /** The run's or file's name for people. */
  readonly subjectName?: string;
  /** The thinned history of this layer alone; null for an ONNX file. `points` messages continue it. */
  readonly series?: Series | null;
  readonly histogram?: LayerHistogram;
}

export type ToLayer =
  | { readonly kind: 'state'; readonly state: LayerState }
  /** New steps in order, each after the last one in the series, with this layer as their only one. */
  | { readonly kind: 'points'; readonly points: readonly StepPoint[] };

const fromLayer = v.variant('kind', [
  v.strictObject({ kind: v.literal('ready') }),
  /** Read the weights of the newest checkpoint. */
  v.strictObject({ kind: v.literal('readWeights') }),
]);
export type FromLayer = v.InferOutput<typeof fromLayer>;

/** A valid message of the page; otherwise undefined. */
export function parseFromLayer(message: unknown): FromLayer | undefined {
  const result = v.safeParse(fromLayer, message);
  return result.success ? result.output : undefined;
}

/** A valid saved state; otherwise undefined. */
export function parseLayerSubject(saved: unknown): LayerSubject | undefined {
  const result = v.safeParse(v.object({ subject: layerSubject }), saved);
  return result.success ? result.output.subject : undefined;
}
