/** Checkpoints that the tests write: weights by the formula of fixtures/make.py, under the names and in the shapes that transformers has. */

import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '../../src/onnx/safetensors/safetensors.ts';
import { float32, sizeOf, type Tensor } from '../../src/onnx/graph/tensor.ts';

export interface FamilyCase {
  readonly config: Readonly<Record<string, unknown>> & { readonly architectures: readonly string[] };
  readonly masked: boolean;
  /** Of each utterance, padding left out. */
  readonly frames: readonly number[];
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  /** Of the first utterance alone, and of both together. */
  readonly shapes: readonly (readonly number[])[];
  readonly logits: readonly (readonly number[])[];
}

export const familyCases = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures/families.json'), 'utf8'),
) as FamilyCase[];

/** The first case of an architecture. */
export function caseOf(architecture: string): FamilyCase {
  const found = familyCases.find(({ config }) => config.architectures[0] === architecture);
  if (!found) throw new Error(`no case of ${architecture}`);
  return found;
}

export function tensorOf(name: string, dims: readonly number[]): Tensor {
  const codes = Array.from(name).reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0);
  const isScale = (dims.length === 1 && name.endsWith('weight')) || /running_var|original0/u.test(name);
  const values = Float32Array.from(
    { length: sizeOf(dims) },
    (_, j) => (isScale ? 1 : 0) + 0.2 * Math.sin(0.7 * j + codes),
  );
  return float32(values, dims);
}

export const tensorsOf = ({ tensors }: FamilyCase): Map<string, Tensor> =>
  new Map(Object.entries(tensors).map(([name, dims]) => [name, tensorOf(name, dims)]));

const vocabulary = { '<pad>': 0, '|': 1, a: 2, b: 3, c: 4, d: 5 };

/** Writes a checkpoint. @param folder that is there; a new one by default. @returns it. */
export async function writeCheckpoint(
  { config, masked }: Pick<FamilyCase, 'config' | 'masked'>,
  tensors: ReadonlyMap<string, Tensor>,
  {
    symbols = vocabulary,
    ...place
  }: { readonly symbols?: Readonly<Record<string, number>>; readonly folder?: string } = {},
): Promise<string> {
  const folder = place.folder ?? (await mkdtemp(join(tmpdir(), 'pinch-checkpoint-')));
  const json = (name: string, value: object): Promise<void> => writeFile(join(folder, name), JSON.stringify(value));
  await json('config.json', config);
  await json('preprocessor_config.json', { return_attention_mask: masked, do_normalize: true });
  await json('vocab.json', symbols);
  await json('tokenizer_config.json', { pad_token: '<pad>', word_delimiter_token: '|' });
  await writeSafetensors(join(folder, 'model.safetensors'), { tensors, metadata: { format: 'pt' } });
  return folder;
}
