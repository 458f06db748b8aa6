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
/** What the page shows. It is the page's saved state, too, from which the panel comes back after a window was reloaded. */
export type LayerSubject = v.InferOutput<typeof layerSubject>;

export type LayerHistogram =
  | { readonly kind: 'loading' }
  /** @param source the checkpoint or file that was read, as people call it. */
  | { readonly kind: 'ready'; readonly source: string; readonly weights: LayerInspection }
  /** There is no checkpoint yet, or it cannot be read. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface LayerState {
  readonly subject?: LayerSubject;
  /** The run or file, as people call it. */
  readonly subjectName?: string;
  /** The thinned history with this layer as its only one; null for an ONNX file. `points` messages continue it. */
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

/** What the page said, or undefined if it is nothing a page of ours says. */
export function parseFromLayer(message: unknown): FromLayer | undefined {
  const result = v.safeParse(fromLayer, message);
  return result.success ? result.output : undefined;
}

/** The saved state of a page, or undefined if it is of another kind. */
export function parseLayerSubject(saved: unknown): LayerSubject | undefined {
  const result = v.safeParse(v.object({ subject: layerSubject }), saved);
  return result.success ? result.output.subject : undefined;
}
