/** The header of a file whose samples stand in it one by one, whatever kind of file it is. */

import { readAiffHeader } from './aiff.ts';
import { readAuHeader } from './au.ts';
import { sniffContainer } from '../container.ts';
import type { PcmHeader } from './pcm.ts';
import { readSphereHeader } from './sphere.ts';
import { readWavHeader } from './wav.ts';

const readers = {
  sphere: readSphereHeader,
  aiff: readAiffHeader,
  au: readAuHeader,
  wav: readWavHeader,
} as const;

/**
 * From the file's start up to its samples.
 * @returns undefined if the file is of another kind, or its samples are compressed, or its header is broken: decoding it will say why.
 */
export function readPcmHeader(head: Uint8Array): PcmHeader | undefined {
  const container = sniffContainer(head);
  if (container === undefined || !(container in readers)) return undefined;
  try {
    const header = readers[container as keyof typeof readers](head);
    return 'stride' in header ? header : undefined;
  } catch {
    return undefined;
  }
}
