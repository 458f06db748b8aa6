/** What a checkpoint's folder says of its model. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { object, readJson } from '../speech/text/json.ts';
import { identity } from './config.ts';
import { families } from './families/families.ts';
import type { ConfiguredModel, Family } from './families/family.ts';
import { ImportError } from './importError.ts';

export interface CheckpointConfig {
  readonly family: Family;
  readonly model: ConfiguredModel;
  /** As config.json names it; undefined if it does not. */
  readonly architecture: string | undefined;
  /** Whether the model is told which samples are audio. */
  readonly takesMask: boolean;
}

/** @throws ImportError if it is of no architecture that Pinch knows; ProcessorError naming a field that is wrong. */
export async function readConfig(folder: string): Promise<CheckpointConfig> {
  const file = join(folder, 'config.json');
  const stated = await readJson(file, identity);
  if (!stated) throw noCheckpoint(folder);
  const family = families.find(({ modelType }) => modelType === stated.model_type);
  const [architecture] = stated.architectures;
  const known = family && (architecture === undefined || [family.forCTC, ...family.pretrained].includes(architecture));
  if (!known) {
    const list = families.map(({ forCTC }) => forCTC).join(', ');
    const type = `a model of type "${stated.model_type}"`;
    const found = architecture === undefined ? type : `${architecture}, ${type}`;
    throw new ImportError(file, `this is ${found}, and Pinch imports ${list}; export other models to ONNX`);
  }
  const model = await readJson(file, family.schema);
  if (!model) throw noCheckpoint(folder);
  if (model.misfit !== undefined) throw new ImportError(file, model.misfit);
  const takesMask = (await statedMask(folder)) ?? model.config.feat_extract_norm === 'layer';
  return { family, model, architecture, takesMask };
}

const hearing = object({ return_attention_mask: v.nullish(v.boolean('must be true or false')) });

/** Newer versions of transformers keep it inside `processor_config.json`. */
async function statedMask(folder: string): Promise<boolean | undefined> {
  const own = await readJson(join(folder, 'preprocessor_config.json'), hearing);
  const processor = object({ feature_extractor: v.nullish(hearing) });
  const held = own ?? (await readJson(join(folder, 'processor_config.json'), processor))?.feature_extractor;
  return held?.return_attention_mask ?? undefined;
}

function noCheckpoint(folder: string): ImportError {
  const why = existsSync(folder) ? 'this is no checkpoint: there is no config.json' : 'there is no such folder';
  return new ImportError(folder, why);
}
