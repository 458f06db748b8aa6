/** The path of the trainer's program. */

import { fileURLToPath } from 'node:url';

/** The bundled trainer: beside this file once bundled; run from source, in the bundles' folder. */
export function trainerFile(): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(fromSource ? '../../dist/trainer.js' : './trainer.js', import.meta.url));
}
