/** Finds the living groups of a model by the zeros in its weights. */

import type { Model } from '../../onnx/graph/graph.ts';
import { sizeOf, type Tensor } from '../../onnx/graph/tensor.ts';
import { findLayers } from '../channels/layers.ts';
import type { GroupSlice } from '../groups.ts';

/**
 * A keep mask for each grouped layer, by its name. A group is dead if all its outgoing weights are zero, so that nothing of it reaches the rest of
 * the model.
 * @param model whose parameters are initializers of their own (exposeParameters)
 * @param gated as for findLayers.
 * @param overlap as for shrinkModel.
 */
export function livingGroups(model: Model, gated: ReadonlySet<string>, overlap = false): Map<string, Uint8Array> {
  const { initializers } = model.graph;
  return new Map(
    findLayers(model, gated, overlap).layers.map(({ layer: { name, groups, slices }, summed }) => {
      const living = new Uint8Array(groups);
      for (const slice of slices) {
        const tensor = summed.has(slice.initializer) ? initializers.get(slice.initializer) : undefined;
        if (tensor) markLiving(living, tensor, slice);
      }
      return [name, living];
    }),
  );
}

function markLiving(living: Uint8Array, { type, dims, data }: Tensor, { axis, start, length }: GroupSlice): void {
  const inner = sizeOf(dims.slice(axis + 1));
  const indices = dims[axis] ?? 1;
  // Half-precision numbers are stored as bits; the first one is the sign.
  const magnitude = type === 'float16' || type === 'bfloat16' ? 0x7fff : undefined;
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if ((magnitude === undefined ? value : value & magnitude) === 0) continue;
    const group = Math.floor(((Math.floor(i / inner) % indices) - start) / length);
    if (group >= 0 && group < living.length) living[group] = 1;
  }
}
