/** Extracts single files from a zip file without holding it in memory. */

import { closeSync, createReadStream, fsyncSync, openSync, writeSync } from 'node:fs';
import { Unzip, UnzipInflate } from 'fflate';

/**
 * @param wanted name in the zip → path to write.
 * @throws Error naming a file that is missing in the zip, or if the zip is damaged; files written so far stay.
 */
export async function extractFiles(zip: string, wanted: ReadonlyMap<string, string>): Promise<void> {
  const done = new Set<string>();
  const open = new Map<string, number>();
  let failure: Error | undefined;
  const unzip = new Unzip((file) => {
    const target = wanted.get(file.name);
    if (target === undefined) return;
    const out = openSync(target, 'wx');
    open.set(file.name, out);
    file.ondata = (error, piece, final) => {
      if (failure) return;
      try {
        if (error) throw error;
        for (let at = 0; at < piece.byteLength;) at += writeSync(out, piece, at);
        if (!final) return;
        fsyncSync(out);
        done.add(file.name);
      } catch (caught) {
        failure = caught as Error;
      }
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  try {
    for await (const piece of createReadStream(zip, { highWaterMark: 1 << 20 })) {
      unzip.push(piece as Uint8Array);
      if (failure) throw failure;
    }
    unzip.push(new Uint8Array(0), true);
    if (failure) throw failure;
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code !== undefined &&
      typeof (error as NodeJS.ErrnoException).code === 'string'
    )
      throw error;
    throw new Error(`${zip}: this is not a package, or it is damaged.`, { cause: error });
  } finally {
    for (const out of open.values()) closeSync(out);
  }
  for (const name of wanted.keys()) {
    if (!done.has(name)) throw new Error(`${zip}: this package has no file "${name}".`);
  }
}
