/** Puts what a model needs beside it, its tokenizer and how it hears, beside another copy of it. */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../base/atomicFile.ts';
import { processorFiles, processorFolder } from '../speech/text/processor.ts';

/** Copies the files that belong to the model in a folder (see processorFolder). Both folders exist, and may be one. */
export async function copyProcessorFiles(modelFolder: string, to: string): Promise<void> {
  const from = await processorFolder(modelFolder);
  for (const name of processorFiles) {
    const isFile = (await stat(join(from, name)).catch(() => undefined))?.isFile() ?? false;
    // Read and written, not copied: a copy of a read-only file could not be synced.
    if (isFile) await writeAtomically(join(to, name), [await readFile(join(from, name))]);
  }
}
