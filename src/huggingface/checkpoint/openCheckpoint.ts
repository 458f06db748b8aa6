/** Opens the weights of a checkpoint's folder. */

import { join } from 'node:path';
import type { Checkpoint } from './checkpoint.ts';
import { openSafetensorsFile } from './safetensorsFile.ts';

/** @throws SafetensorsError that names the file, if there is none or if it is damaged. */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  return openSafetensorsFile(join(folder, 'model.safetensors'));
}
