/** A language of a model that has adapters for many, such as MMS: its tensors replace the checkpoint's. */

import { join } from 'node:path';
import { readdir } from 'node:fs/promises';
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import { openSafetensorsFile } from './checkpoint/safetensorsFile.ts';
import { ImportError } from './importError.ts';

/**
 * @param language as in the name of its file, `adapter.<language>.safetensors`
 * @throws ImportError listing the languages that are there.
 */
export async function openLanguage(folder: string, language: string): Promise<Checkpoint> {
  const languages = (await readdir(folder)).flatMap((name) => /^adapter\.(.+)\.safetensors$/u.exec(name)?.[1] ?? []);
  if (!languages.includes(language)) {
    const some = languages.sort().slice(0, 10).join(', ');
    const more = languages.length > 10 ? ` and ${languages.length - 10} more` : '';
    const there = languages.length === 0 ? 'there are no adapters here' : `there are adapters of ${some}${more}`;
    throw new ImportError(folder, `there is no adapter.${language}.safetensors; ${there}`);
  }
  return openSafetensorsFile(join(folder, `adapter.${language}.safetensors`));
}
