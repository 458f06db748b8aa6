/** Opens the weights of a Hugging Face checkpoint, whichever files they are in. */

import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { reasonOf, WeightFileError } from '../../base/errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import { openSafetensorsFile } from './safetensorsFile.ts';
import { openShards } from './shards.ts';
import { openTorchFile } from './torchFile.ts';

/** In the order of preference, as transformers has it: a repository often holds the same weights in several forms. */
const forms: readonly (readonly [name: string, open: (file: string) => Promise<Checkpoint>])[] = [
  ['model.safetensors', openSafetensorsFile],
  ['model.safetensors.index.json', (file) => openShards(file, openSafetensorsFile)],
  ['pytorch_model.bin', openTorchFile],
  ['pytorch_model.bin.index.json', (file) => openShards(file, openTorchFile)],
];

/** The names under which a checkpoint's folder has its weights, the best first. */
export const weightNames = forms.map(([name]) => name);

/** What other frameworks store, which Pinch does not read. */
const foreign = /^(tf_model\.h5|flax_model\.msgpack|model\.ckpt.*)$/u;

/**
 * Opens the weights in a checkpoint's folder: `model.safetensors`, its parts with an index, or `pytorch_model.bin`. Only what describes the
 * tensors is read.
 * @throws WeightFileError in one sentence if there are none, or if they are damaged or anything but tensors.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new WeightFileError(folder, reasonOf(error), error);
  });
  const form = forms.find(([name]) => names.includes(name));
  if (form) return await form[1](join(folder, form[0]));
  const other = names.find((name) => foreign.test(name));
  throw new WeightFileError(
    folder,
    other === undefined
      ? 'there is no model.safetensors or pytorch_model.bin in this folder'
      : `there are weights for another framework only (${other}); load them with transformers and save them as model.safetensors`,
  );
}

/**
 * Opens one file of weights, whatever its name: safetensors, or what torch.save writes.
 * @throws WeightFileError as openCheckpoint.
 */
export async function openWeightFile(file: string): Promise<Checkpoint> {
  return await (extname(file) === '.safetensors' ? openSafetensorsFile(file) : openTorchFile(file));
}
