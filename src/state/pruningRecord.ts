/** What a model's own file says of how it was pruned: which weights were gated, and how many were taken out with units and heads. */

import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema } from 'onnx-buf';
import * as v from 'valibot';
import type { ModelFile } from '../onnx/file/load.ts';
import type { Parameter as NamedParameter } from '../onnx/model/parameters.ts';
import { withFields } from '../onnx/file/protoCopy.ts';
import { sizeOf } from '../onnx/graph/tensor.ts';
import { isGated, type TrainedParameter } from './parameter.ts';

/** Parameters go by their full names, which exports keep. */
export interface PruningRecord {
  /** Whose choice of gated weights this is: of the run that pruned the model, or Pinch's default. */
  readonly by: 'run' | 'default';
  readonly gated: ReadonlySet<string>;
  /** Weights before any were taken out, of the parameters that have fewer now or are gone. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** In the metadata of the ONNX file, so that a copy of that file alone says the same. */
const key = 'pinch.pruning';

const size = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER));
const schema = v.object({
  version: v.literal(1),
  by: v.picklist(['run', 'default']),
  gated: v.array(v.string()),
  sizes: v.array(v.tuple([v.string(), size])),
});

/** @returns undefined if the file has no record, or none that can be understood. */
export function readRecord({ proto }: ModelFile): PruningRecord | undefined {
  const entry = proto.metadataProps.find((entry) => entry.key === key);
  if (!entry) return undefined;
  try {
    const { by, gated, sizes } = v.parse(schema, JSON.parse(entry.value));
    return { by, gated: new Set(gated), sizes: new Map(sizes) };
  } catch {
    // Of another version, or damaged: the model is counted as it stands, and the report says so.
    return undefined;
  }
}

/** The same model with a record, in place of the one it may have. */
export function withRecord(file: ModelFile, { by, gated, sizes }: PruningRecord): ModelFile {
  const value = JSON.stringify({ version: 1, by, gated: [...gated], sizes: [...sizes] });
  const others = file.proto.metadataProps.filter((entry) => entry.key !== key);
  const metadataProps = [...others, create(StringStringEntryProtoSchema, { key, value })];
  return { ...file, proto: withFields(file.proto, { metadataProps }) };
}

/**
 * The record of a model in training.
 * @param named the whole model's parameters by their names
 * @param whole the same as training sees them
 * @param left what of these is in the model now
 */
export function recordOf(
  named: readonly NamedParameter[],
  whole: readonly TrainedParameter[],
  left: readonly TrainedParameter[],
): PruningRecord {
  const names = new Map(named.map(({ initializer, name }) => [initializer, name]));
  const nameOf = ({ initializer }: TrainedParameter): string => names.get(initializer) ?? initializer;
  const now = new Map(left.map((parameter) => [nameOf(parameter), sizeOf(parameter.dims)]));
  const before = whole.map((parameter) => [nameOf(parameter), sizeOf(parameter.dims)] as const);
  return {
    by: 'run',
    gated: new Set(whole.filter(isGated).map(nameOf)),
    sizes: new Map(before.filter(([name, size]) => now.get(name) !== size)),
  };
}
