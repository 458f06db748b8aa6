/** The checksum of a manifest's utterances. */

import { createHash } from 'node:crypto';
import { readManifest } from './read.ts';
import type { Utterance } from './utterance.ts';

/**
 * SHA-256 of the utterances that a manifest lists, whatever its kind; the audio is not read.
 * @throws ManifestError if it cannot be read.
 */
export async function hashManifest(path: string): Promise<string> {
  return hashUtterances(await readManifest(path, { repeats: true }));
}

/** The same of a manifest that has been read. */
export function hashUtterances(utterances: readonly Utterance[]): string {
  const hash = createHash('sha256');
  for (const { id, text, offset, duration, channel } of utterances) {
    const said = [id, text, offset, duration];
    hash.update(`${JSON.stringify(channel === undefined ? said : [...said, channel])}\n`);
  }
  return hash.digest('hex');
}
