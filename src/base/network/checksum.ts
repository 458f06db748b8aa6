/** Checksums of files, in the forms that servers give. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

export interface Checksum {
  /** `git` is the object id of a blob: SHA-1 of `blob <size>`, a zero byte and the content. */
  readonly algorithm: 'sha256' | 'sha512' | 'git';
  /** Lowercase. */
  readonly hex: string;
}

/** Whether the file has the checksum. @throws Error of the file system if it cannot be read. */
export async function hasChecksum(file: string, { algorithm, hex }: Checksum): Promise<boolean> {
  const hash = createHash(algorithm === 'git' ? 'sha1' : algorithm);
  if (algorithm === 'git') hash.update(`blob ${(await stat(file)).size}\0`);
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest('hex') === hex;
}
