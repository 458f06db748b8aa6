/** The groups of a model alone, without the way in which they were found. */

import type { Model } from '../../src/onnx/graph/graph.ts';
import { findLayers } from '../../src/prune/channels/layers.ts';
import type { Grouping } from '../../src/prune/groups.ts';

/** @param gated initializers of the matrices that would be gated weight by weight. */
export function findGroups(model: Model, gated: ReadonlySet<string> | readonly string[]): Grouping {
  const { layers, notGated: left } = findLayers(model, new Set(gated));
  return { layers: layers.map(({ layer }) => layer), notGated: left };
}
