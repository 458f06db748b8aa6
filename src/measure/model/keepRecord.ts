/** Copies a model's pruning record into another form of the model. */

import type { ModelFile } from '../../onnx/file/load.ts';
import { exposeParameters } from '../../onnx/model/parameters.ts';
import { sizeOf } from '../../onnx/graph/tensor.ts';
import { withRecord } from '../../state/pruningRecord.ts';
import type { StoredParameters } from './storedParameters.ts';

/** A smaller model with the record of its original sizes. @param before the model it was made from. */
export function keepRecord(file: ModelFile, before: StoredParameters): ModelFile {
  const now = new Map(exposeParameters(file).parameters.map(({ name, dims }) => [name, sizeOf(dims)]));
  const sizes = new Map(before.gone.map(({ name, size }) => [name, size]));
  for (const { parameter, removed } of before.parameters) {
    const size = sizeOf(parameter.dims) + removed;
    if (now.get(parameter.name) !== size) sizes.set(parameter.name, size);
  }
  const named = [...before.parameters.map(({ parameter, gated }) => ({ name: parameter.name, gated })), ...before.gone];
  const gated = new Set(named.filter((parameter) => parameter.gated).map(({ name }) => name));
  return withRecord(file, { by: before.by, gated, sizes });
}
