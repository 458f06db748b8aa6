/** Shrinks a model from its file alone, by the zeros that pruning left in it. */

import type { ModelFile } from '../../onnx/file/load.ts';
import { exposeParameters } from '../../onnx/model/parameters.ts';
import { isMatrix } from '../../prune/chooseGates.ts';
import { livingGroups } from '../../prune/shrink/livingGroups.ts';
import { shrinkModel, type ShrunkLayer } from '../../prune/shrink.ts';

export interface ShrunkFile {
  readonly file: ModelFile;
  /** The layers that lost groups; none if no group is dead. */
  readonly layers: readonly ShrunkLayer[];
}

/**
 * The model without its dead units and heads, whichever program pruned it: a group is dead if all its outgoing weights are zero. The result
 * computes the same.
 * @throws Error naming a node if the new shapes would not hold for inputs of any size.
 */
export function shrinkFile(file: ModelFile): ShrunkFile {
  const { file: exposed, parameters } = exposeParameters(file);
  const matrices = new Set(parameters.filter(isMatrix).map(({ initializer }) => initializer));
  const shrunk = shrinkModel(exposed, matrices, livingGroups(exposed.model, matrices, true), { overlap: true });
  const layers = shrunk.layers.filter(({ kept, groups, held }) => held || kept < groups);
  return layers.length === 0 ? { file, layers } : { file: shrunk.file, layers };
}
