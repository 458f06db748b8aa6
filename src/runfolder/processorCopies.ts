/** Puts what a model needs beside it, its tokenizer and how it hears, beside another copy of it. */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../base/atomicFile.ts';
import { processorFiles } from '../speech/text/processor.ts';

/** Copies the files that are there. Both folders exist, and may be one. */
export async function copyProcessorFiles(from: string, to: string): Promise<void> {
  for (const name of processorFiles) {
    const isFile = (await stat(join(from, name)).catch(() => undefined))?.isFile() ?? false;
    // Read and written, not copied: a copy of a read-only file could not be synced.
    if (isFile) await writeAtomically(join(to, name), [await readFile(join(from, name))]);
  }
}
