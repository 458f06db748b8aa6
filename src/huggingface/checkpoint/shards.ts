/** A checkpoint in several files, with an index that says which tensor is in which. */

import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { quoted, reasonOf, WeightFileError } from '../../base/errors.ts';
import { isInside } from '../../base/insideFolder.ts';
import { readSmallFile } from '../../base/smallFile.ts';
import type { Checkpoint, CheckpointTensor } from './checkpoint.ts';

/** `{ "metadata": …, "weight_map": { "<tensor>": "<file>" } }`. A custom check: a schema of records would leave out a tensor called `constructor`. */
const indexSchema = v.object({
  weight_map: v.custom<Readonly<Record<string, string>>>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((file) => typeof file === 'string'),
  ),
});

/** Bytes: room for some 30,000 tensors, as the header of a safetensors file has. */
const longestIndex = 4_000_000;

/** More parts than any checkpoint has, fewer than a process may have files open. */
const mostFiles = 500;

/**
 * @param open for one of the files.
 * @throws WeightFileError if the index names a file outside its folder, or tensors that are not in their file.
 */
export async function openShards(index: string, open: (file: string) => Promise<Checkpoint>): Promise<Checkpoint> {
  const map = await readIndex(index);
  const names = Array.from(new Set(map.values()));
  if (names.length > mostFiles) throw new WeightFileError(index, `it names ${names.length} files, too many to open`);
  const shards = new Map<string, Checkpoint>();
  const close = async (): Promise<void> => {
    await Promise.all(Array.from(shards.values(), (shard) => shard.close()));
  };
  try {
    for (const name of names) shards.set(name, await open(await locate(index, name)));
    const tensors = new Map<string, CheckpointTensor>();
    for (const [name, file] of map) {
      const tensor = shards.get(file)?.tensors.get(name);
      if (!tensor) throw new WeightFileError(index, `tensor ${quoted(name)} is not in ${quoted(file)}, as it says`);
      tensors.set(name, tensor);
    }
    return { files: [index, ...Array.from(shards.values()).flatMap(({ files }) => files)], tensors, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Tensor → name of its file. */
async function readIndex(index: string): Promise<ReadonlyMap<string, string>> {
  const text = await readSmallFile(index, longestIndex).catch((error: unknown) => {
    throw new WeightFileError(index, reasonOf(error), error);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new WeightFileError(index, 'it is damaged: this is not JSON');
  }
  const result = v.safeParse(indexSchema, json);
  if (!result.success) {
    throw new WeightFileError(index, 'it is damaged: there is no "weight_map" that says which tensor is in which file');
  }
  return new Map(Object.entries(result.output.weight_map));
}

/** @throws WeightFileError unless the name means a file in the index's own folder. */
async function locate(index: string, name: string): Promise<string> {
  const outside = new WeightFileError(
    index,
    `it names ${quoted(name)} as a file, which is not one in its own folder; nothing was read from there`,
  );
  if (!/^[^/\\:\0]+$/u.test(name) || name === '.' || name === '..') throw outside;
  const path = join(dirname(index), name);
  const real = await realpath(path).catch((error: unknown) => {
    const problem = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is missing' : `: ${reasonOf(error)}`;
    throw new WeightFileError(index, `its file ${quoted(name)} ${problem}; download the model again`, error);
  });
  // Download caches link to each file from elsewhere: beside the real index is inside, too.
  const folders = [await realpath(dirname(index)), dirname(await realpath(index))];
  if (!folders.some((folder) => isInside(folder, real))) throw outside;
  return path;
}
