/** Writes a model as a Hugging Face checkpoint that `from_pretrained` loads. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../base/atomicFile.ts';
import { OnnxFileError } from '../../base/errors.ts';
import { makeFolder } from '../../base/makeFolder.ts';
import type { ModelFile } from '../../onnx/file/load.ts';
import { maskedSpecEmbedOf } from '../../onnx/model/maskedSpecEmbed.ts';
import { writeMadeTensors } from '../../onnx/safetensors/safetensors.ts';
import { anyObject, readJson } from '../../speech/text/json.ts';
import { processorFiles } from '../../speech/text/processor.ts';
import { completeStateDict, StateDictError, type CompletedStateDict } from './completeStateDict.ts';
import { configFor } from './statedConfig.ts';
import { storedTensors } from './storedTensors.ts';

export interface WrittenCheckpoint extends Pick<CompletedStateDict, 'padded' | 'absent'> {
  /** model.safetensors */
  readonly weights: string;
  /** Fields of config.json that became others, with both values. */
  readonly changed: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[];
}

/**
 * Writes `model.safetensors`, `config.json` and the files of tokenizer and processor.
 * @param file of float weights, with config.json beside it; see dequantizeModel.
 * @param gone parameters that were taken out as a whole.
 * @throws OnnxFileError in one sentence if the model is not what its config.json says.
 */
export async function writeCheckpoint(
  file: ModelFile,
  folder: string,
  gone: ReadonlySet<string>,
): Promise<WrittenCheckpoint> {
  const given = await readJson(join(file.folder, 'config.json'), anyObject);
  if (!given) {
    throw new OnnxFileError(
      file.path,
      'there is no config.json beside it; copy that of the model that it was exported from there',
    );
  }
  const stored = storedTensors(file);
  try {
    const { stated, expected } = configFor(given, stored);
    const embed = maskedSpecEmbedOf(file);
    const embedName = [...expected.keys()].find((name) => name.endsWith('.masked_spec_embed'));
    if (embed && embedName !== undefined) stored.set(embedName, { dims: [embed.length], make: () => embed });
    const { tensors, padded, absent } = completeStateDict(expected, stored, gone, headsIn(stated));
    await makeFolder(folder);
    const weights = join(folder, 'model.safetensors');
    await writeMadeTensors(weights, tensors, { format: 'pt' });
    for (const name of processorFiles) {
      const content = await readFile(join(file.folder, name)).catch(() => undefined);
      if (content && name !== 'config.json') await writeAtomically(join(folder, name), [content]);
    }
    await writeAtomically(join(folder, 'config.json'), [Buffer.from(`${JSON.stringify(stated, undefined, 2)}\n`)]);
    const changed = ['vocab_size', 'intermediate_size'].flatMap((field) =>
      field in given && given[field] !== stated[field] ? [{ field, from: given[field], to: stated[field] }] : [],
    );
    return { weights, padded, absent, changed };
  } catch (error) {
    throw error instanceof StateDictError ? new OnnxFileError(file.path, error.message, error) : error;
  }
}

function headsIn(config: Readonly<Record<string, unknown>>): number | undefined {
  const heads = config['num_attention_heads'];
  return Number.isSafeInteger(heads) && Number(heads) > 0 ? Number(heads) : undefined;
}
