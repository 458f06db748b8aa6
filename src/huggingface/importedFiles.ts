/** The tokenizer's and the processor's files of an imported model: those of the checkpoint, with what differs. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../base/atomicFile.ts';
import { processorFiles } from '../speech/text/processor.ts';
import { ImportError } from './importError.ts';

export class ImportedFiles {
  private readonly folder: string;
  private readonly contents: Map<string, Uint8Array>;

  private constructor(folder: string, contents: Map<string, Uint8Array>) {
    this.folder = folder;
    this.contents = contents;
  }

  static async read(folder: string): Promise<ImportedFiles> {
    const contents = new Map<string, Uint8Array>();
    for (const name of processorFiles) {
      const content = await readFile(join(folder, name)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      });
      if (content) contents.set(name, content);
    }
    return new ImportedFiles(folder, contents);
  }

  /** Sets some fields of a JSON file; it is made if it is not there. @throws ImportError if it is no JSON object. */
  change(name: string, fields: Readonly<Record<string, unknown>>): void {
    const content = this.contents.get(name);
    let old: unknown = {};
    try {
      if (content) old = JSON.parse(Buffer.from(content).toString('utf8'));
    } catch {
      throw new ImportError(join(this.folder, name), 'this is not JSON');
    }
    if (typeof old !== 'object' || old === null || Array.isArray(old)) {
      throw new ImportError(join(this.folder, name), 'expected a JSON object');
    }
    this.replace(name, { ...old, ...fields });
  }

  replace(name: string, value: object): void {
    this.contents.set(name, Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
  }

  leaveOut(name: string): void {
    this.contents.delete(name);
  }

  /** Copies of their own: those of a cache may be links, or read-only. */
  async write(out: string): Promise<void> {
    for (const [name, content] of this.contents) await writeAtomically(join(out, name), [content]);
  }
}
