/** config.json of a model whose checkpoint is written: read, and changed to what the model has become. */

import * as v from 'valibot';
import { identity } from '../config.ts';
import { families } from '../families/families.ts';
import type { ConfiguredModel, Family } from '../families/family.ts';
import { expectedTensors, type ExpectedTensor } from './expectedTensors.ts';
import { namesOf, StateDictError } from './completeStateDict.ts';
import type { StoredTensor } from './storedTensors.ts';

export interface StatedConfig {
  /** As it is to stand in the file. */
  readonly stated: Readonly<Record<string, unknown>>;
  readonly family: Family;
  readonly expected: ReadonlyMap<string, ExpectedTensor>;
}

/**
 * The configuration for what a model holds: with its number of symbols, and with the width of its feed-forward layers where units were taken
 * out of all of them. Heads cannot be fewer in it, because their number gives their size.
 * @param given config.json of the model before it was pruned.
 * @throws StateDictError if Pinch does not know its architecture, or if it is damaged.
 */
export function configFor(
  given: Readonly<Record<string, unknown>>,
  stored: ReadonlyMap<string, StoredTensor>,
): StatedConfig {
  const { model_type } = v.parse(identity, given);
  const family = families.find((one) => one.modelType === model_type);
  if (!family) {
    const known = families.map((one) => one.modelType).join(', ');
    throw new StateDictError(
      `Pinch writes checkpoints of the types ${known}; its config.json says "${model_type}"; export it for onnx or transformers.js instead`,
    );
  }
  let stated: Readonly<Record<string, unknown>> = {
    ...given,
    architectures: [family.forCTC],
    ...('torch_dtype' in given ? { torch_dtype: 'float32' } : { dtype: 'float32' }),
  };
  const whole = configured(family, stated);
  const expected = expectedTensors(family, whole, stated);
  const own = namesOf(expected, stored);
  // Axes whose size is a field's are those that change with it.
  for (const field of ['vocab_size', 'intermediate_size'] as const) {
    const size = whole.config[field];
    const more = expectedTensors(family, configured(family, { ...stated, [field]: size + 1 }), stated);
    const found = Array.from(expected).flatMap(([name, { dims }]) => {
      const tensor = stored.get(own(name));
      const axes = dims.flatMap((one, axis) => (one === more.get(name)?.dims[axis] ? [] : [axis]));
      return tensor?.dims.length === dims.length ? axes.map((axis) => tensor.dims[axis] ?? size) : [];
    });
    if (found.length > 0) stated = { ...stated, [field]: Math.max(...found) };
  }
  return { stated, family, expected: expectedTensors(family, configured(family, stated), stated) };
}

function configured(family: Family, stated: Readonly<Record<string, unknown>>): ConfiguredModel {
  const parsed = v.safeParse(family.schema, stated);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new StateDictError(`its config.json is damaged: "${v.getDotPath(issue) ?? ''}" ${issue.message}`);
}
